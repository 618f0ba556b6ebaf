import type { Logger } from 'pino';
import type { Clock } from './clock.js';
import type { Event } from './event/event.js';
import type { Journal, JournalReader } from './journal/journal.js';
import type { FreeSpace } from './log/disk-space.js';
import type { DeadLetters } from './log/kafka/dead-letters.js';
import type { RawRecord, RawTotals } from './log/kafka/raw-consumer.js';
import type { Log, LogReader, Outgoing, TrimmableLog } from './log/log.js';
import type { Roles } from './roles.js';

/** Events and journal, as the composition uses them, wherever they live. */
export interface OpenLog {
  readonly log: Log;
  readonly journal: Journal;
  /** What questions are answered from; undefined: this process answers none. */
  readonly view: { readonly log: LogReader; readonly journal: JournalReader; behind?(): number | undefined } | undefined;
  /** Records of the raw topic that could not be read; undefined: this log has no such topic, or this process answers no questions. */
  readonly letters: DeadLetters | undefined;
  /** Where this process removes old records itself. */
  readonly trimmable: TrimmableLog | undefined;
  /** Begins to carry records of the raw topic over; of a log without one it does nothing. */
  startRaw(ports: RawIntake): void;
  rawTotals(): ReadonlyMap<number, RawTotals>;
  /** Why it does not do its work, for readiness; undefined: it does. */
  problem(): string | undefined;
  /** The owner cannot go on with the partition: log or journal refused a write. */
  lost(partition: number, error: Error): void;
  /** This process's part of what all processes may do together, above 0 up to 1: the budgets of destinations are cut by it. */
  share(ownedCount: number): number;
  /** Asked every minute: forgets what is older than the settings say. */
  trim(): Promise<void>;
  close(): Promise<void>;
}

/** How records of the raw topic become events. */
export interface RawIntake {
  append(records: readonly Outgoing[]): Promise<unknown>;
  /** Throws RouterError for what no source can read. */
  decode(record: RawRecord): readonly Event[];
  hasRoom(): boolean;
}

export interface OpenLogPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly roles: Roles;
  secret(file: string): string;
  /** Told what opening waits for, again and again. */
  waiting(what: string): void;
  /** Aborted when the router stops: opening need not go on. */
  readonly stopping: AbortSignal;
  /** The process cannot go on with this log. */
  broken(error: Error): void;
  /** A stored value failed its checksum. */
  damaged(): void;
  /** Events that were deleted before anybody decided about them. */
  gap(count: number): void;
  readonly freeSpace: (() => FreeSpace) | undefined;
}
