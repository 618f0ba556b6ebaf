import { afterEach, expect } from '@jest/globals';
import type { Journal } from '#runtime/journal/journal.js';
import type { Assignment, Log, LogReader, LogRecord, TrimmableLog } from '#runtime/log/log.js';

export interface LogUnderTest {
  readonly log: Log;
  readonly journal: Journal;
  /** Where records are looked up; it knows all that is durable when this resolves. */
  reader(): Promise<LogReader>;
  /** Where this process removes old records itself. */
  readonly trimmable?: TrimmableLog;
  /** Resolves when every partition may be written to, where that takes a consumer: then the test has none of its own. */
  own(): Promise<void>;
  /** Closes and opens the same store again. */
  reopen(): Promise<LogUnderTest>;
  /** Closes, alters the stored bytes of one journal entry and of one record (partition 0), and opens again. Where bytes can be altered. */
  reopenDamaged?(key: string, offset: number): Promise<LogUnderTest>;
  close(): Promise<void>;
}

/** Opens a fresh, empty log. */
export type OpenLog = (partitions: number) => Promise<LogUnderTest>;

export const record = (key: string, text: string): { key: string; value: Buffer } => ({ key, value: Buffer.from(text) });
export const texts = (records: readonly LogRecord[]): string[] => records.map(({ value }) => value.toString());
export const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

export async function all(
  journal: Journal,
  prefix: string,
  options: { after?: string; limit?: number } = {},
  partition = 0,
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of journal.range(partition, prefix, options)) keys.push(key);
  return keys;
}

export const NO_ASSIGNMENT: Omit<Assignment, 'assigned' | 'deliver'> = {
  revoked: async () => undefined,
  quiet: async () => undefined,
  wake: () => undefined,
  late: () => undefined,
};

/** All records of a partition, oldest first. */
export async function kept(log: Log, partition = 0): Promise<LogRecord[]> {
  const found: LogRecord[] = [];
  for await (const one of log.records(partition)) found.push(one);
  return found;
}

/** Delivered records of a fresh consumer from `from` in every partition, until `count` have come. */
export async function consume(log: Log, from: number, count: number): Promise<LogRecord[]> {
  const got: LogRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    log
      .consume({
        ...NO_ASSIGNMENT,
        assigned: async () => from,
        deliver(partition, records) {
          for (const one of records) expect(one.partition).toBe(partition);
          got.push(...records);
          if (got.length >= count) resolve();
        },
      })
      .catch(reject);
  });
  return got;
}

/** What a suite has open; all is closed after each test. */
export class Opened {
  readonly #open: OpenLog;
  readonly #logs = new Set<LogUnderTest>();

  constructor(open: OpenLog) {
    this.#open = open;
    afterEach(async () => {
      for (const one of this.#logs) await one.close();
      this.#logs.clear();
    });
  }

  async start(partitions = 1): Promise<LogUnderTest> {
    const one = await this.#open(partitions);
    this.#logs.add(one);
    return one;
  }

  async again(one: LogUnderTest, reopen: () => Promise<LogUnderTest> = () => one.reopen()): Promise<LogUnderTest> {
    this.#logs.delete(one);
    const next = await reopen();
    this.#logs.add(next);
    return next;
  }

  async close(one: LogUnderTest): Promise<void> {
    this.#logs.delete(one);
    await one.close();
  }
}
