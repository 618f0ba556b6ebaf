import type { Json } from '../../event/event.js';
import type { JournalEntry } from '../../journal/journal.js';
import type { FoldArea } from './journal-fold.js';

export interface AreaOptions {
  /** Entries with other keys are left out. */
  readonly keeps?: (key: string) => boolean;
  /** Since when an entry counts, ms since the epoch, for `forget`; undefined: it is not forgotten by age. */
  readonly sinceMs?: (entry: JournalEntry) => number | undefined;
}

/** Where the live state of one partition is kept. Every change is seen by the next read. */
export interface LiveArea extends FoldArea {
  get(key: string): Json | undefined;
  /** In key order (UTF-8 bytes). */
  range(prefix: string, options?: { after?: string; limit?: number }): Iterable<{ key: string; value: Json }>;
  /** Removes what counts since before this instant, at most `count`. Returns how many that were. */
  forget(beforeMs: number, count: number): number;
}

export interface LiveAreas {
  area(options?: AreaOptions): LiveArea;
  close(): Promise<void>;
}
