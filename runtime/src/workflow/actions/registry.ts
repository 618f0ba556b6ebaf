import type { Action, DestinationKind } from '../action.js';
import { http } from './http-destination.js';
import { httpRequest } from './http-request.js';
import { jiraComment } from './jira-comment.js';
import { jira } from './jira-destination.js';
import { jiraIssue } from './jira-issue.js';
import { jiraTransition } from './jira-transition.js';
import { slack } from './slack-destination.js';
import { slackDigest } from './slack-digest.js';
import { slackMessage } from './slack-message.js';
import { slackReply } from './slack-reply.js';
import { slackUpdate } from './slack-update.js';
import { sre } from './sre-destination.js';
import { sreTask } from './sre-task.js';

const all = [
  slackMessage,
  slackReply,
  slackUpdate,
  slackDigest,
  jiraIssue,
  jiraComment,
  jiraTransition,
  sreTask,
  httpRequest,
] as unknown as readonly Action[];

/** Every action there is, by name. Mappings see all but the internal slack.digest. */
export const ACTIONS: Readonly<Record<string, Action>> = Object.fromEntries(all.map((action) => [action.name, action]));

/** Every kind of destination there is. */
export const DESTINATION_KINDS = { slack, jira, sre, http } as unknown as Readonly<Record<string, DestinationKind>>;
