import { z } from 'zod';
import type { Action } from '../action.js';
import type { SlackClient } from './slack-client.js';
import { edit, findPosted, post, posted } from './slack-post.js';
import { editedBytes, editedText, MOST_EDITED_BYTES } from './slack-text.js';

const input = z.object({
  channel: z.string().min(1),
  /** Messages that it stands for. */
  count: z.number(),
  /** One line each, the newest last; of `count` the last ones. */
  rows: z.array(z.string()),
  version: z.number(),
  to: posted.optional(),
});
const output = posted.extend({ version: z.number() });

/** Room for the two lines above the rows. */
const HEAD_BYTES = 200;

/** The newest rows that fit into an edit, under a line that counts them all. */
function digestText(count: number, rows: readonly string[]): string {
  const lines = rows.map((row) => `• ${row}`);
  let bytes = HEAD_BYTES;
  let from = lines.length;
  while (from > 0) {
    bytes += editedBytes(`${lines[from - 1]}\n`);
    if (bytes > MOST_EDITED_BYTES) break;
    from -= 1;
  }
  const shown = lines.slice(from);
  const hidden = count - shown.length;
  return [
    `${count} messages in a short time, collected here:`,
    ...(hidden > 0 ? [`(the first ${hidden} are not shown)`] : []),
    ...shown,
  ].join('\n');
}

/** The one message of a storm's digest; used by workflow/digest.ts, not by mappings. */
export const slackDigest: Action<z.infer<typeof input>, z.infer<typeof output>, SlackClient> = {
  name: 'slack.digest',
  kind: 'slack',
  summary: 'Posts or updates the message that stands for many.',
  delivery: 'Posting as slack.message, updating as slack.update.',
  input: input as z.ZodType<z.infer<typeof input>>,
  output,
  budgetKey: ({ channel, to }, client) => client.channelKey(to?.channel ?? channel),
  settlement: ({ settleMs }, { to }) => (to === undefined ? { by: 'probe', settleMs } : { by: 'resend' }),
  async run({ channel, count, rows, version, to }, context) {
    const text = digestText(count, rows);
    const at = to === undefined ? await post(channel, text, undefined, context) : await edit(to, editedText(text), context);
    return { ...at, version };
  },
  async probe({ channel, version }, context) {
    const found = await findPosted(channel, undefined, context);
    return found && { ...found, version };
  },
};
