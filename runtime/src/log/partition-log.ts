import type { Log, LogRecord, TrimmableLog } from './log.js';

/** The log as the owner of one partition uses it. */
export interface PartitionLog {
  pause(): void;
  resume(): void;
  /** Everything that is kept, oldest first. */
  records(): AsyncIterable<LogRecord>;
}

export function partitionLog(log: Log, partition: number): PartitionLog {
  return {
    pause: () => log.pause(partition),
    resume: () => log.resume(partition),
    records: () => log.records(partition),
  };
}

/** One partition of a log whose old records this process removes. */
export interface PartitionTrim {
  oldest(count: number): Promise<LogRecord[]>;
  read(offset: number): Promise<LogRecord | undefined>;
  trim(offset: number): Promise<void>;
}

export function partitionTrim(log: TrimmableLog, partition: number): PartitionTrim {
  return {
    oldest: (count) => log.oldest(partition, count),
    read: (offset) => log.read({ partition, offset }),
    trim: (offset) => log.trim(partition, offset),
  };
}
