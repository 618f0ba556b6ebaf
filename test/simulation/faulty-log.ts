import type { Clock } from '#runtime/clock.js';
import type { Json } from '#runtime/event/event.js';
import type { Journal, JournalEntry } from '#runtime/journal/journal.js';
import type { Assignment, LogRecord, Position, TrimmableLog } from '#runtime/log/log.js';
import { type MemoryLog, openMemory } from '#runtime/log/memory.js';
import type { MemoryCluster } from '#runtime/log/memory-cluster.js';
import type { Prng } from './prng.js';
import type { ProcessClock } from './virtual-clock.js';

/** Each of its turns takes a moment more, drawn from the seed. */
function slowed(clock: Clock, random: Prng): Clock {
  return { nowMs: () => clock.nowMs(), after: (delayMs, fire) => clock.after(delayMs + random.int(7), fire) };
}

/**
 * The memory log on bad days: writes take their time and may be cut by a crash on either side of durability; an append is refused, or its acknowledgement
 * is lost; a read is old by the time it is heard; delivery begins early now and then.
 */
export class FaultyLog implements TrimmableLog, Journal {
  readonly #cluster: MemoryCluster;
  readonly #log: MemoryLog;
  readonly #clock: ProcessClock;
  readonly #random: Prng;

  constructor(cluster: MemoryCluster, clock: ProcessClock, random: Prng) {
    this.#cluster = cluster;
    this.#log = openMemory(cluster, slowed(clock, random), random.between(1, 12));
    this.#clock = clock;
    this.#random = random;
  }

  get partitions(): number {
    return this.#log.partitions;
  }

  partitionOf(key: string): number {
    return this.#log.partitionOf(key);
  }

  async append(records: readonly { key: string; value: Buffer }[]): Promise<Position[]> {
    if (this.#random.chance(0.02)) throw new Error('simulated: the disk is busy');
    const positions = await this.#log.append(records);
    if (this.#random.chance(0.01)) throw new Error('simulated: the acknowledgement is lost');
    return positions;
  }

  consume(assignment: Assignment): Promise<void> {
    return this.#log.consume({
      ...assignment,
      assigned: async (partition) => {
        const from = await assignment.assigned(partition);
        return Math.max(0, from - (this.#random.chance(0.5) ? this.#random.int(4) : 0));
      },
    });
  }

  pause(partition: number): void {
    this.#log.pause(partition);
  }

  resume(partition: number): void {
    this.#log.resume(partition);
  }

  commit(): Promise<void> {
    return this.#log.commit();
  }

  mayStart(partition: number): boolean {
    return this.#log.mayStart(partition);
  }

  records(partition: number): AsyncIterable<LogRecord> {
    return this.#log.records(partition);
  }

  read(position: Position): Promise<LogRecord | undefined> {
    return this.#log.read(position);
  }

  readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    return this.#log.readBackwards(partition, before, count);
  }

  oldest(partition: number, count: number): Promise<LogRecord[]> {
    return this.#log.oldest(partition, count);
  }

  trim(partition: number, offset: number): Promise<void> {
    return this.#log.trim(partition, offset);
  }

  end(partition: number): Promise<number> {
    return this.#log.end(partition);
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    return this.#log.put(partition, entries);
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    const value = await this.#log.get(partition, key);
    if (this.#random.chance(0.2)) await this.#moment();
    return value;
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    const found: { key: string; value: Json }[] = [];
    for await (const entry of this.#log.range(partition, prefix, options)) found.push(entry);
    if (this.#random.chance(0.1)) await this.#moment();
    yield* found;
  }

  onDamaged(): void {}

  close(): Promise<void> {
    return this.#log.close();
  }

  /** Of what was under way any append may have become durable, and of the puts of a partition any number, in order. The group goes on without this process. */
  crash(): void {
    const survivors = new Map<string, boolean>();
    for (const { lane, apply } of this.#log.die()) {
      const survives = lane === 'append' ? this.#random.chance(0.5) : (survivors.get(lane) ?? true) && this.#random.chance(0.5);
      survivors.set(lane, survives);
      if (survives) apply();
    }
    this.#cluster.leave(this.#log, false).catch(() => undefined);
  }

  #moment(): Promise<void> {
    return new Promise((resolve) => this.#clock.hear(this.#random.int(3), resolve));
  }
}
