import { z } from 'zod';
import type { Action } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { findPosted, post, posted } from './slack-post.js';
import { slackText } from './slack-text.js';

const input = z.object({ channel: z.string().min(1), text: z.string().min(1), version: z.number(), to: posted.optional() });
const output = posted.extend({ version: z.number() });

/** The one message of a storm's digest; used by workflow/digest.ts, not by mappings. */
export const slackDigest: Action<z.infer<typeof input>, z.infer<typeof output>, SlackClient> = {
  name: 'slack.digest',
  kind: 'slack',
  summary: 'Posts or updates the message that stands for many.',
  delivery: 'Posting as slack.message, updating as slack.update.',
  input: input as z.ZodType<z.infer<typeof input>>,
  output,
  budgetKey: ({ channel }) => channel,
  settlement: ({ settleMs }, { to }) => (to === undefined ? { by: 'probe', settleMs } : { by: 'resend' }),
  async run({ channel, text, version, to }, context) {
    if (to === undefined) return { ...(await post(channel, text, undefined, context)), version };
    await context.client.call('chat.update', false, context.signal, (api) =>
      api.chat.update({ channel: to.channel, ts: to.ts, text: slackText(text) }),
    );
    return { ...to, version };
  },
  async probe({ channel, version }, context) {
    const found = await findPosted(channel, undefined, context);
    return found && { ...found, version };
  },
};
