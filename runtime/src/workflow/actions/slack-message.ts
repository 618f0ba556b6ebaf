import { z } from 'zod';
import type { Action } from '../action.js';
import { channelName, type SlackClient } from './slack-client.js';
import { findPosted, post, posted } from './slack-post.js';

const input = z.object({
  channel: z.string().min(1).describe('Name ("#sre") or id.'),
  text: z.string().min(1).describe('Escaped: it pings nobody, whatever a payload holds. Cut at 40,000 characters.'),
});

export const slackMessage: Action<z.infer<typeof input>, z.infer<typeof posted>, SlackClient> = {
  name: 'slack.message',
  kind: 'slack',
  summary: 'Posts a message to a channel.',
  delivery:
    'Once. The message carries the step key as metadata; after a lost answer the channel is searched for it before it is sent again. Without the history scopes, or where the bot is no member of the channel, the step becomes ambiguous instead.',
  input,
  output: posted,
  digestChannel: ({ channel }) => channelName(channel),
  budgetKey: ({ channel }, client) => client.channelKey(channel),
  settlement: ({ settleMs }) => ({ by: 'probe', settleMs }),
  run: ({ channel, text }, context) => post(channel, text, undefined, context),
  probe: ({ channel }, context) => findPosted(channel, undefined, context),
};
