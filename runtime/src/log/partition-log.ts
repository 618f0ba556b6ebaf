import type { Log, LogRecord } from './log.js';

const PAGE_COUNT = 256;

/** The log as the owner of one partition uses it. */
export interface PartitionLog {
  pause(): void;
  resume(): void;
  read(offset: number): Promise<LogRecord | undefined>;
  oldest(count: number): Promise<LogRecord[]>;
  /** Everything that is kept, oldest first. */
  records(): AsyncIterable<LogRecord>;
  trim(offset: number): Promise<void>;
}

export function partitionLog(log: Log, partition: number): PartitionLog {
  return {
    pause: () => log.pause(partition),
    resume: () => log.resume(partition),
    read: (offset) => log.read({ partition, offset }),
    oldest: (count) => log.oldest(partition, count),
    records: () => records(log, partition),
    trim: (offset) => log.trim(partition, offset),
  };
}

async function* records(log: Log, partition: number): AsyncIterable<LogRecord> {
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
