import type { LogRecord, TrimmableLog } from './log.js';

const PAGE_COUNT = 256;

/** Everything that is kept of a partition, oldest first. */
export async function* storedRecords(log: TrimmableLog, partition: number): AsyncIterable<LogRecord> {
  const page = await log.oldest(partition, PAGE_COUNT);
  yield* page;
  const last = page.at(-1)?.offset;
  if (last === undefined) return;
  const end = await log.end(partition);
  for (let offset = last + 1; offset < end; offset += 1) {
    const record = await log.read({ partition, offset });
    if (record !== undefined) yield record;
  }
}
