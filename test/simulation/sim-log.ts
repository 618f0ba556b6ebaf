import type { Assignment, Log, LogRecord, Position } from '#runtime/log/log.js';
import type { Prng } from './prng.js';
import type { ProcessClock } from './virtual-clock.js';

/** Durable records by partition. */
export class LogDisk {
  readonly partitions: LogRecord[][];

  constructor(count: number) {
    this.partitions = Array.from({ length: count }, () => []);
  }

  partitionOf(key: string): number {
    let sum = 0;
    for (let i = 0; i < key.length; i += 1) sum = (sum * 31 + key.charCodeAt(i)) >>> 0;
    return sum % this.partitions.length;
  }

  append(records: readonly { key: string; value: Buffer }[]): Position[] {
    return records.map(({ key, value }) => {
      const partition = this.partitionOf(key);
      const list = this.partitions[partition] as LogRecord[];
      const position = { partition, offset: list.length };
      list.push({ ...position, key, value });
      return position;
    });
  }
}

/** The log as one process sees it: appends take a moment and may be cut by a crash on either side of durability; delivery begins early now and then (re-reads). */
export class SimLog implements Log {
  readonly #disk: LogDisk;
  readonly #clock: ProcessClock;
  readonly #random: Prng;
  readonly #next = new Map<number, number>();
  readonly #paused = new Set<number>();
  readonly #pumping = new Set<number>();
  readonly #appends = new Set<readonly { key: string; value: Buffer }[]>();
  #assignment: Assignment | undefined;

  constructor(disk: LogDisk, clock: ProcessClock, random: Prng) {
    this.#disk = disk;
    this.#clock = clock;
    this.#random = random;
  }

  get partitions(): number {
    return this.#disk.partitions.length;
  }

  partitionOf(key: string): number {
    return this.#disk.partitionOf(key);
  }

  append(records: readonly { key: string; value: Buffer }[]): Promise<Position[]> {
    if (this.#random.chance(0.02)) return Promise.reject(new Error('simulated: the disk is busy'));
    this.#appends.add(records);
    return new Promise((resolve) => {
      this.#clock.hear(this.#random.int(8), () => {
        this.#appends.delete(records);
        const positions = this.#disk.append(records);
        for (const { partition } of positions) this.#pump(partition);
        resolve(positions);
      });
    });
  }

  async consume(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const from = await assignment.assigned(partition);
      this.#next.set(partition, Math.max(0, from - (this.#random.chance(0.5) ? this.#random.int(4) : 0)));
      this.#pump(partition);
    }
  }

  pause(partition: number): void {
    this.#paused.add(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.#pump(partition);
  }

  async commit(): Promise<void> {}

  async read({ partition, offset }: Position): Promise<LogRecord | undefined> {
    return this.#disk.partitions[partition]?.[offset];
  }

  async readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    const list = this.#disk.partitions[partition] ?? [];
    return list
      .slice(0, before ?? list.length)
      .reverse()
      .slice(0, count);
  }

  async end(partition: number): Promise<number> {
    return this.#disk.partitions[partition]?.length ?? 0;
  }

  async oldest(partition: number, count: number): Promise<LogRecord[]> {
    return (this.#disk.partitions[partition] ?? []).slice(0, count);
  }

  /** The simulation keeps all: its laws count every record. */
  async trim(): Promise<void> {}

  async close(): Promise<void> {}

  crash(): void {
    for (const records of this.#appends) if (this.#random.chance(0.5)) this.#disk.append(records);
  }

  #pump(partition: number): void {
    const next = this.#next.get(partition);
    if (next === undefined || this.#paused.has(partition) || this.#pumping.has(partition)) return;
    const list = this.#disk.partitions[partition] ?? [];
    if (next >= list.length) return;
    this.#pumping.add(partition);
    this.#clock.hear(this.#random.int(4), () => {
      this.#pumping.delete(partition);
      if (this.#paused.has(partition)) return;
      const batch = list.slice(next, next + 1 + this.#random.int(12));
      this.#next.set(partition, next + batch.length);
      this.#assignment?.deliver(partition, batch);
      this.#pump(partition);
    });
  }
}
