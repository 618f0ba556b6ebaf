import type { Json } from '#runtime/event/event.js';
import type { Journal, JournalEntry } from '#runtime/journal/journal.js';
import type { Prng } from './prng.js';
import type { ProcessClock } from './virtual-clock.js';

type Put = { readonly partition: number; readonly entries: readonly { key: string; text: string | undefined }[] };

/** The durable part: what a crash cannot take away. Values are kept as text, so that nobody can change them by reference. */
export class JournalDisk {
  readonly #partitions = new Map<number, Map<string, string>>();
  /** Sees every put that became durable, in order. */
  onDurable: (partition: number, entries: readonly JournalEntry[]) => void = () => undefined;

  of(partition: number): Map<string, string> {
    let map = this.#partitions.get(partition);
    if (map === undefined) {
      map = new Map();
      this.#partitions.set(partition, map);
    }
    return map;
  }

  apply(put: Put): void {
    const map = this.of(put.partition);
    for (const { key, text } of put.entries) {
      if (text === undefined) map.delete(key);
      else map.set(key, text);
    }
    this.onDurable(
      put.partition,
      put.entries.map(({ key, text }) => ({ key, value: text === undefined ? undefined : (JSON.parse(text) as Json) })),
    );
  }
}

/** The journal as one process sees it: group commit with a seeded delay; at a crash a random prefix of what was under way survives. */
export class SimJournal implements Journal {
  readonly #disk: JournalDisk;
  readonly #clock: ProcessClock;
  readonly #random: Prng;
  readonly #queues = new Map<number, { put: Put; resolve: () => void }[]>();
  readonly #writing = new Set<number>();

  constructor(disk: JournalDisk, clock: ProcessClock, random: Prng) {
    this.#disk = disk;
    this.#clock = clock;
    this.#random = random;
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    const put: Put = {
      partition,
      entries: entries.map(({ key, value }) => ({ key, text: value === undefined ? undefined : JSON.stringify(value) })),
    };
    return new Promise((resolve) => {
      const queue = this.#queues.get(partition) ?? [];
      this.#queues.set(partition, queue);
      queue.push({ put, resolve });
      this.#write(partition, queue);
    });
  }

  /** Half of the reads take a moment: what was read can be old when it is used. */
  async get(partition: number, key: string): Promise<Json | undefined> {
    const text = this.#disk.of(partition).get(key);
    if (this.#random.chance(0.2)) await new Promise<void>((resolve) => this.#clock.hear(this.#random.int(3), resolve));
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    const { after = '', limit = Number.POSITIVE_INFINITY } = options;
    const found: [string, string][] = [];
    for (const entry of this.#disk.of(partition)) if (entry[0].startsWith(prefix) && entry[0] > after) found.push(entry);
    found.sort(([a], [b]) => (a < b ? -1 : 1));
    if (this.#random.chance(0.1)) await new Promise<void>((resolve) => this.#clock.hear(this.#random.int(3), resolve));
    for (const [key, text] of found.slice(0, limit)) yield { key, value: JSON.parse(text) as Json };
  }

  onDamaged(): void {}

  /** The process dies: of what was not durable yet, a random prefix is. */
  crash(): void {
    for (const queue of this.#queues.values())
      for (const { put } of queue.slice(0, this.#random.int(queue.length + 1))) this.#disk.apply(put);
    this.#queues.clear();
  }

  #write(partition: number, queue: { put: Put; resolve: () => void }[]): void {
    if (this.#writing.has(partition)) return;
    this.#writing.add(partition);
    this.#clock.hear(this.#random.int(6), () => {
      this.#writing.delete(partition);
      for (const { put, resolve } of queue.splice(0)) {
        this.#disk.apply(put);
        resolve();
      }
      if (queue.length > 0) this.#write(partition, queue);
    });
  }
}
