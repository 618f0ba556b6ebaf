import { z } from 'zod';
import type { Action } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { edit, posted } from './slack-post.js';
import { editedText } from './slack-text.js';

const input = z.object({
  to: posted.describe('Output of a slack.message.'),
  text: z.string().min(1).describe('Escaped as that of slack.message. Cut at 4,000 bytes: Slack takes less when it edits.'),
});

export const slackUpdate: Action<z.infer<typeof input>, z.infer<typeof posted>, SlackClient> = {
  name: 'slack.update',
  kind: 'slack',
  summary: 'Replaces the text of a message.',
  delivery: 'Idempotent: sent again after a lost answer, the message says the same.',
  input,
  output: posted,
  budgetKey: ({ to }, client) => client.channelKey(to.channel),
  settlement: () => ({ by: 'resend' }),
  run: ({ to, text }, context) => edit(to, editedText(text), context),
};
