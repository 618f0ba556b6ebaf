import type { LateFact } from '../journal/late-facts.js';

/**
 * The Log port: partitioned, ordered, durable. One record = one event. Implementations: embedded (lmdb), memory (simulation), kafka.
 *
 * Delivery guarantees: `append` resolves only when every record is durable (all or, on rejection, unknown: a caller that retries must use the same
 * event ids). Records of one partition are delivered in offset order, at least once, from the position given at assignment.
 */
export interface Position {
  readonly partition: number;
  /** Counts from 0 within its partition; later records have higher offsets; gaps are possible. */
  readonly offset: number;
}

export interface LogRecord extends Position {
  /** The ordering key; all records of one key are in one partition. */
  readonly key: string;
  /** UTF-8 JSON of one Event. */
  readonly value: Buffer;
  /** What was stored here is damaged or gone: `key` and `value` are empty. It is delivered all the same, so that its owner counts it. */
  readonly isDamaged?: true;
}

/** What the owner of partitions is told. Calls for one partition never overlap. */
export interface Assignment {
  /** The partition is ours now. Resolves with the offset from which to deliver, once state is restored. Nothing is delivered before. */
  assigned(partition: number): Promise<number>;
  /** Delivered in order. Must not throw; returns at once. Call `pause` to be given no more. */
  deliver(partition: number, records: readonly LogRecord[]): void;
  /** The partition is someone else's by now (or the log is closing): stop starting effects, flush, then resolve. */
  revoked(partition: number): Promise<void>;
  /** Resolves when no effect of the partition is under way; none begins while `mayStart` is false. */
  quiet(partition: number): Promise<void>;
  /** `mayStart` is true again: what was held back may begin. */
  wake(partition: number): void;
  /** Steps that an earlier owner did and told after it had been replaced. Must not throw. */
  late(partition: number, facts: readonly LateFact[]): void;
}

/** For people's questions and for explanations, never on the hot path. */
export interface LogReader {
  readonly partitions: number;
  /** One stored record, or undefined if it is gone. */
  read(position: Position): Promise<LogRecord | undefined>;
  /** Newest first from `before` (exclusive; undefined = the end), at most `count`. */
  readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]>;
  /** The offset that the next record will get, as far as this reader knows. */
  end(partition: number): Promise<number>;
}

export interface Log {
  readonly partitions: number;
  partitionOf(key: string): number;
  append(records: readonly Outgoing[]): Promise<Position[]>;
  /** Begins consuming; at most one consumer a Log. */
  consume(assignment: Assignment): Promise<void>;
  /** False while somebody else may own the partition by now: no effect may begin. Ask right before each. */
  mayStart(partition: number): boolean;
  pause(partition: number): void;
  resume(partition: number): void;
  /** All before `nextOffset` need not be delivered again. A hint: the owner's ledger in the journal decides. */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** The offset that the next record will get, as far as is known. */
  end(partition: number): Promise<number>;
  /** Everything that is kept of a partition, oldest first: for the case that the journal is damaged. */
  records(partition: number): AsyncIterable<LogRecord>;
  close(): Promise<void>;
}

export interface Outgoing {
  readonly key: string;
  readonly value: Buffer;
  /** For other readers of a Kafka topic; a log without headers leaves them out, since the event itself says all. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A log whose records this process removes itself; Kafka's brokers do that by age. */
export interface TrimmableLog extends Log, LogReader {
  /** Oldest first, at most `count`: for trimming what is older than its retention. */
  oldest(partition: number, count: number): Promise<LogRecord[]>;
  /** Removes the records before `offset`. Offsets are never used again. */
  trim(partition: number, offset: number): Promise<void>;
}
