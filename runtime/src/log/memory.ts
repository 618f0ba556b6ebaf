import type { Clock } from '../clock.js';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import { Delivery } from './delivery.js';
import type { Assignment, LogRecord, Position, TrimmableLog } from './log.js';
import type { Member, MemoryCluster, TextEntry } from './memory-cluster.js';
import { storedRecords } from './stored-records.js';

/** A write that is not durable yet. Writes of one `lane` become durable in order; those of two may not. */
export interface PendingWrite {
  readonly lane: string;
  /** Makes it durable. */
  apply(): void;
}

interface Queued {
  /** The effect alone. */
  apply(): void;
  /** The effect, and whoever waits for it hears of it. */
  flush(): void;
}

const DELIVERY_COUNT = 512;

/** The log as one process sees it. `deliveryCount`: records handed over at once, at most. Default 512. */
export function openMemory(cluster: MemoryCluster, clock: Clock, deliveryCount?: number): MemoryLog {
  return new MemoryLog(cluster, clock, deliveryCount);
}

/**
 * Log and journal of one process on a MemoryCluster. Everything takes a turn of the injected clock, so that one seed gives one order of things: a write is
 * durable at the next tick of its lane (one for appends, one a partition for puts), together with all that were asked for before it.
 *
 * A put of a partition that is no longer this process's is acknowledged and has no effect: a paused owner's late write never wins, and it is not told.
 */
export class MemoryLog implements TrimmableLog, Journal, Member {
  readonly gone: Promise<void>;
  readonly #cluster: MemoryCluster;
  readonly #clock: Clock;
  readonly #deliveryCount: number;
  readonly #lanes = new Map<string, Queued[]>();
  readonly #paused = new Set<number>();
  #delivery: Delivery | undefined;
  #assignment: Assignment | undefined;
  #go: () => void = () => undefined;
  #closed = false;

  constructor(cluster: MemoryCluster, clock: Clock, deliveryCount = DELIVERY_COUNT) {
    this.#cluster = cluster;
    this.#clock = clock;
    this.#deliveryCount = deliveryCount;
    this.gone = new Promise((resolve) => {
      this.#go = resolve;
    });
  }

  get partitions(): number {
    return this.#cluster.partitions;
  }

  partitionOf(key: string): number {
    return this.#cluster.partitionOf(key);
  }

  append(records: readonly { key: string; value: Buffer }[]): Promise<Position[]> {
    return this.#write('append', () => this.#cluster.append(records));
  }

  async consume(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    this.#delivery = new Delivery(assignment, this.#paused, {
      end: (partition) => this.#cluster.end(partition),
      read: (partition, from) => {
        const start = Math.max(from, this.#cluster.first(partition));
        return this.#slice(partition, start, start + this.#deliveryCount);
      },
      soon: (fire) => void this.#clock.after(0, fire),
      failed: () => undefined,
    });
    await this.#cluster.join(this);
  }

  /** Whoever does not own it any more has been asked to stop, or is dead. */
  mayStart(partition: number): boolean {
    return this.#cluster.owns(this, partition);
  }

  pause(partition: number): void {
    this.#paused.add(partition);
    this.#delivery?.pause(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.#delivery?.resume(partition);
  }

  async commit(): Promise<void> {}

  async read({ partition, offset }: Position): Promise<LogRecord | undefined> {
    return this.#slice(partition, offset, offset + 1)[0];
  }

  async readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    const stop = Math.min(before ?? this.#cluster.end(partition), this.#cluster.end(partition));
    return this.#slice(partition, Math.max(0, stop - count), stop).reverse();
  }

  async oldest(partition: number, count: number): Promise<LogRecord[]> {
    const first = this.#cluster.first(partition);
    return this.#slice(partition, first, first + count);
  }

  trim(partition: number, offset: number): Promise<void> {
    return this.#write(`trim ${partition}`, () => this.#cluster.trim(partition, offset));
  }

  async end(partition: number): Promise<number> {
    return this.#cluster.end(partition);
  }

  records(partition: number): AsyncIterable<LogRecord> {
    return storedRecords(this, partition);
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    const texts: TextEntry[] = entries.map(({ key, value }) => ({ key, text: value === undefined ? undefined : JSON.stringify(value) }));
    return this.#write(putLane(partition), () => {
      if (this.#mayPut(partition)) this.#cluster.put(partition, texts);
    });
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    return fromText(this.#cluster.entries(partition).get(key));
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    const { after, limit = Number.POSITIVE_INFINITY } = options;
    const keys: string[] = [];
    for (const key of this.#cluster.entries(partition).keys())
      if (key.startsWith(prefix) && (after === undefined || inByteOrder(after, key) < 0)) keys.push(key);
    keys.sort(inByteOrder);
    let left = limit;
    for (const key of keys) {
      if (left <= 0) return;
      const value = fromText(this.#cluster.entries(partition).get(key));
      if (value === undefined) continue;
      left -= 1;
      yield { key, value };
    }
  }

  /** Memory is not damaged. */
  onDamaged(): void {}

  async given(partition: number): Promise<void> {
    const from = await this.#assignment?.assigned(partition);
    if (from !== undefined && this.#cluster.owns(this, partition)) this.#delivery?.begin(partition, from);
  }

  async taken(partition: number): Promise<void> {
    this.#delivery?.end(partition);
    await this.#assignment?.revoked(partition);
    this.#flush(putLane(partition));
  }

  appended(partition: number): void {
    this.#delivery?.wake(partition);
  }

  async close(): Promise<void> {
    if (this.#assignment !== undefined) await this.#cluster.leave(this, true);
    this.#closed = true;
    this.#go();
    for (const lane of [...this.#lanes.keys()]) this.#flush(lane);
  }

  /** The process ends here. Returns what it had asked for and was not durable yet, in order; nobody hears of its outcome. The group still counts it in. */
  die(): PendingWrite[] {
    this.#closed = true;
    this.#go();
    const left = [...this.#lanes].flatMap(([lane, writes]) => writes.map(({ apply }) => ({ lane, apply })));
    this.#lanes.clear();
    return left;
  }

  /** Whoever is not a member of the group may write all the same: tools and tests. */
  #mayPut(partition: number): boolean {
    return this.#assignment === undefined || this.#cluster.owns(this, partition);
  }

  #slice(partition: number, from: number, to: number): LogRecord[] {
    const first = this.#cluster.first(partition);
    return this.#cluster.records(partition).slice(Math.max(0, from - first), Math.max(0, to - first));
  }

  #write<T>(lane: string, effect: () => T): Promise<T> {
    if (this.#closed) return Promise.reject(new RouterError('STOPPING', 'The log is closed.'));
    return new Promise((resolve) => {
      const write: Queued = { apply: () => void effect(), flush: () => resolve(effect()) };
      const queue = this.#lanes.get(lane);
      if (queue !== undefined) return void queue.push(write);
      this.#lanes.set(lane, [write]);
      this.#clock.after(0, () => this.#flush(lane));
    });
  }

  #flush(lane: string): void {
    const queue = this.#lanes.get(lane) ?? [];
    this.#lanes.delete(lane);
    for (const write of queue) write.flush();
  }
}

const putLane = (partition: number): string => `put ${partition}`;

const fromText = (text: string | undefined): Json | undefined => (text === undefined ? undefined : (JSON.parse(text) as Json));

/** The order of the UTF-8 bytes: JavaScript compares UTF-16, where surrogates (beyond U+FFFF) come before U+E000 to U+FFFF. */
function inByteOrder(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const x = rank(a.charCodeAt(at));
    const y = rank(b.charCodeAt(at));
    if (x !== y) return x - y;
  }
  return a.length - b.length;
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit >= 0xe000 ? unit - 0x800 : unit + 0x2000);
