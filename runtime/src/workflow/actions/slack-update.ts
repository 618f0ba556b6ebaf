import { z } from 'zod';
import type { Action } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { posted } from './slack-post.js';
import { slackText } from './slack-text.js';

const input = z.object({ to: posted.describe('Output of a slack.message.'), text: z.string().min(1) });

export const slackUpdate: Action<z.infer<typeof input>, z.infer<typeof posted>, SlackClient> = {
  name: 'slack.update',
  kind: 'slack',
  summary: 'Replaces the text of a message.',
  delivery: 'Idempotent: sent again after a lost answer, the message says the same.',
  input,
  output: posted,
  budgetKey: ({ to }) => to.channel,
  settlement: () => ({ by: 'resend' }),
  async run({ to, text }, { client, signal }) {
    await client.call('chat.update', false, signal, (api) => api.chat.update({ channel: to.channel, ts: to.ts, text: slackText(text) }));
    return { channel: to.channel, ts: to.ts };
  },
};
