import { z } from 'zod';
import type { Action, ActionContext } from '../action.js';
import { ActionError } from '../action.js';
import type { JiraClient } from './jira-client.js';
import { issueRef, keyOfIssue } from './jira-ref.js';
import { adf, wiki } from './jira-text.js';

const input = z.object({ issue: issueRef, text: z.string().min(1) });
const output = z.object({ id: z.string() });
const MAX_COMMENTS = 100;

const markOf = (key: string): string => `[sre:${key.slice(0, 12)}]`;

export const jiraComment: Action<z.infer<typeof input>, z.infer<typeof output>, JiraClient> = {
  name: 'jira.comment',
  kind: 'jira',
  summary: 'Comments on an issue.',
  delivery: "Once. The comment ends in a mark made of the step key; after a lost answer the issue's newest comments are read for it.",
  input,
  output,
  settlement: () => ({ by: 'probe', settleMs: 1_000 }),
  async run({ issue, text }, { client, key, signal }: ActionContext<JiraClient>) {
    const marked = `${text}\n${markOf(key)}`;
    const body = client.version === 3 ? adf(marked) : `${wiki(text)}\n${markOf(key)}`;
    const made = output.safeParse(
      await client.send({ method: 'POST', path: `/issue/${keyOfIssue(issue)}/comment`, data: { body }, signal }),
    );
    if (!made.success) throw new ActionError('unknown', 'malformed-answer', 'Jira: the answer has no comment id.');
    return made.data;
  },
  async probe({ issue }, { client, key, signal }) {
    const answer = await client.send<{ comments?: { id: string; body: unknown }[] }>({
      method: 'GET',
      path: `/issue/${keyOfIssue(issue)}/comment`,
      params: { orderBy: '-created', maxResults: MAX_COMMENTS },
      signal,
    });
    if (!Array.isArray(answer?.comments)) throw new ActionError('unknown', 'malformed-answer', 'Jira: the answer has no list of comments.');
    const found = answer.comments.find(({ body }) => JSON.stringify(body).includes(markOf(key)));
    return found && { id: String(found.id) };
  },
};
