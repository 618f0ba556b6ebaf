import { z } from 'zod';

/** What the API says of dead letters: records of the raw topic that no source could read. Instants are RFC 3339 in UTC. */

const recordId = z.string().min(3).max(100).describe('<partition>/<offset>/<timestamp in ms> of its record in raw.');
const replayed = z
  .object({
    at: z.string().describe('RFC 3339, UTC'),
    by: z.string().describe("Name of the caller's token."),
    why: z.string(),
    count: z.int().describe('Events it gave.'),
    events: z.array(z.string()).describe('Ids of the first 100 of them.'),
  })
  .describe('That it was sent again. Absent: it stands.');

export const letterRow = z.object({
  record: recordId,
  receivedAt: z.string().describe('Timestamp of its record in raw; RFC 3339, UTC'),
  buriedAt: z.string().describe('When it was put into dlq; RFC 3339, UTC'),
  reason: z.string().describe('Error code; docs/errors.md.'),
  detail: z.string().describe('What each source that was tried expected.'),
  bytes: z.int(),
  isCut: z.boolean().describe('True: only the beginning of its value fitted.'),
  replayed: replayed.optional(),
});
export type LetterRowShape = z.infer<typeof letterRow>;

export const letterPage = z.object({
  letters: z.array(letterRow),
  standing: z.int().describe('Letters that were not sent again, on all pages.'),
  next: z.string().optional().describe('Give it back as `cursor` for the next page. Absent: there is no more.'),
});
export type LetterPage = z.infer<typeof letterPage>;

export const letterDetail = letterRow.extend({
  headers: z.record(z.string(), z.string()),
  text: z.string().optional().describe('Its value, where that is UTF-8. Not redacted: it is there to be mended.'),
  base64: z.string().optional().describe('Its value otherwise.'),
});
export type LetterDetail = z.infer<typeof letterDetail>;

export const letterQuery = z.strictObject({
  state: z.enum(['standing', 'replayed', 'all']).default('standing'),
  limit: z.coerce.number().int().min(1).max(500).default(50).describe('Letters of a page at most.'),
  cursor: z.string().optional().describe('`next` of the page before.'),
});
export type LetterQuery = z.infer<typeof letterQuery>;

export const replayRequest = z.strictObject({
  dryRun: z.boolean().default(true).describe('True: only tells what would happen.'),
  reason: z.string().min(1).max(500).optional().describe('Why; kept with the mark. Needed to act.'),
  records: z
    .array(recordId)
    .min(1)
    .max(500)
    .optional()
    .describe('Which; the timestamp may be left out where that is clear. Default: every letter that stands, oldest first.'),
  after: recordId.optional().describe('Go on behind this record: `next` of the answer before.'),
  body: z.string().max(16_777_216).optional().describe('A mended value, for one record. Default: its own bytes are tried again.'),
  contentType: z.string().min(1).max(200).optional().describe('Of `body`, instead of all headers that the record had.'),
});
export type ReplayRequest = z.infer<typeof replayRequest>;

export const replayAnswer = z.object({
  results: z.array(
    z.object({
      record: recordId,
      state: z
        .enum(['readable', 'replayed', 'unreadable', 'replayed-before'])
        .describe('readable: it would be sent again. unreadable: still; it stands.'),
      events: z.array(z.string()).optional().describe('Ids of its events.'),
      reason: z.string().optional().describe('Error code.'),
      detail: z.string().optional(),
      at: z.string().optional().describe('replayed-before: when; RFC 3339, UTC'),
    }),
  ),
  next: z.string().optional().describe('There was no time for more: ask again with it as `after`.'),
});
export type ReplayAnswer = z.infer<typeof replayAnswer>;
export type ReplayResult = ReplayAnswer['results'][number];
