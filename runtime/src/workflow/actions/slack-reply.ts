import { z } from 'zod';
import type { Action } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { findPosted, post, posted } from './slack-post.js';

const input = z.object({
  to: posted.extend({ thread_ts: z.string().optional() }).describe('Output of a slack.message or slack.reply.'),
  text: z.string().min(1).describe('As the text of slack.message.'),
});
const output = posted.extend({ thread_ts: z.string() });

export const slackReply: Action<z.infer<typeof input>, z.infer<typeof output>, SlackClient> = {
  name: 'slack.reply',
  kind: 'slack',
  summary: 'Replies in the thread of a message.',
  delivery: 'Once, as slack.message; the thread is searched.',
  input: input as z.ZodType<z.infer<typeof input>>,
  output,
  budgetKey: ({ to }, client) => client.channelKey(to.channel),
  settlement: ({ settleMs }) => ({ by: 'probe', settleMs }),
  async run({ to, text }, context) {
    const thread = to.thread_ts ?? to.ts;
    return { ...(await post(to.channel, text, thread, context)), thread_ts: thread };
  },
  async probe({ to }, context) {
    const thread = to.thread_ts ?? to.ts;
    const found = await findPosted(to.channel, thread, context);
    return found && { ...found, thread_ts: thread };
  },
};
