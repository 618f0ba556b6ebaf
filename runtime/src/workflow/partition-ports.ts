import type { Event } from '../event/event.js';
import type { Journal } from '../journal/journal.js';
import type { Meaning, Outcome } from '../journal/records.js';
import type { RouteTable } from '../plan.js';
import type { RunnerPorts } from './runner.js';

/** One record of `events`, decoded. undefined event: the stored value was unreadable. */
export interface Delivery {
  readonly offset: number;
  readonly event: Event;
}

export interface PartitionRules {
  readonly running: number;
  readonly reopenWithinMs: number;
  readonly expireAfterMs: number;
  readonly dedupeWindowMs: number;
}

export interface PartitionPorts extends Omit<RunnerPorts, 'put' | 'get' | 'range' | 'isDamaged' | 'route' | 'incident'> {
  readonly journal: Journal;
  /** What the log keeps, oldest first: for the case that the journal is damaged. */
  records(): AsyncIterable<{ readonly offset: number; readonly value: Buffer }>;
  routes(): RouteTable;
  commit(nextOffset: number): void;
  /** The journal refused a write: this process must give the partition up. */
  lost(error: Error): void;
  /** `key`: the event's ordering key. */
  ended(end: { eventId: string; key: string; outcome: Outcome; reason: string; meaning: Meaning }): void;
  received(event: Event): void;
}
