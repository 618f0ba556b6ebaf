import { RouterError } from '../errors.js';
import { seal, unseal } from './checked-value.js';
import type { DamageBook } from './damage-book.js';
import { type EmbeddedStore, put, remove } from './embedded-store.js';
import { factEntry, readFact } from './lmdb-environment.js';
import type { LogRecord, Position } from './log.js';
import { eventStoreKey, offsetOf } from './store-keys.js';

/** Records removed in one transaction: others wait for a few milliseconds at most. */
const TRIM_COUNT = 500;

/**
 * The records of `events`. Offsets have no gaps: they are given in commit order, and a store whose commit failed writes nothing more. So a record that is
 * missing between `first` and `end` is as damaged as one whose checksum is wrong, and is returned as such.
 */
export class EmbeddedEvents {
  readonly #store: EmbeddedStore;
  readonly #damage: DamageBook;
  /** By partition: oldest record kept, next offset to give, first offset that is not yet durable. */
  readonly #first: number[] = [];
  readonly #next: number[] = [];
  readonly #end: number[] = [];

  /** Throws LOG_DAMAGED when the next offset to give cannot be known: one given twice would hide an event. */
  constructor(store: EmbeddedStore, partitions: number, damage: DamageBook) {
    this.#store = store;
    this.#damage = damage;
    for (let partition = 0; partition < partitions; partition += 1) {
      const { first, end } = this.#bounds(partition);
      this.#first[partition] = first;
      this.#next[partition] = end;
      this.#end[partition] = end;
    }
  }

  end(partition: number): number {
    return this.#end[partition] ?? 0;
  }

  first(partition: number): number {
    return this.#first[partition] ?? 0;
  }

  async append(records: readonly { partition: number; key: string; value: Buffer }[]): Promise<Position[]> {
    const positions: Position[] = [];
    const touched = new Set(records.map(({ partition }) => partition));
    const bytes = records.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
    await this.#store.write('append', { bytes, count: records.length + touched.size }, ({ events, meta }) => {
      for (const { partition, key, value } of records) {
        const offset = this.#next[partition] ?? 0;
        this.#next[partition] = offset + 1;
        positions.push({ partition, offset });
        const storeKey = eventStoreKey(partition, offset);
        put(events, storeKey, seal(storeKey, key, value));
      }
      for (const partition of touched) {
        const fact = factEntry(`end/${partition}`, this.#next[partition] ?? 0);
        put(meta, fact.key, fact.value);
      }
    });
    for (const { partition, offset } of positions) this.#end[partition] = Math.max(this.end(partition), offset + 1);
    return positions;
  }

  read({ partition, offset }: Position): LogRecord | undefined {
    if (offset < this.first(partition) || offset >= this.end(partition)) return undefined;
    return this.#lookUp(partition, offset);
  }

  /** In order from `from`, at most `count`, at most about `maxBytes` (at least one). */
  forward(partition: number, from: number, count: number, maxBytes = Number.POSITIVE_INFINITY): LogRecord[] {
    const start = Math.max(from, this.first(partition));
    const stop = Math.min(start + count, this.end(partition));
    const found: LogRecord[] = [];
    let next = start;
    let bytes = 0;
    const isEnough = (): boolean => next >= stop || (bytes >= maxBytes && found.length > 0);
    const take = (record: LogRecord): void => {
      found.push(record);
      bytes += record.value.length;
      next += 1;
    };
    this.#store.read(({ events }) => {
      for (const { key, value } of events.getRange({ start: eventStoreKey(partition, start), end: eventStoreKey(partition, stop) })) {
        const offset = offsetOf(key);
        // A key that is out of place stands for nothing; what is missing for it is looked up.
        if (offset === undefined || offset < next || offset >= stop) continue;
        while (next < offset && !isEnough()) take(this.#lookUp(partition, next));
        if (isEnough()) break;
        take(this.#record(partition, offset, key, value));
        if (isEnough()) break;
      }
    });
    while (!isEnough()) take(this.#lookUp(partition, next));
    return found;
  }

  backwards(partition: number, before: number | undefined, count: number): LogRecord[] {
    const stop = Math.min(before ?? this.end(partition), this.end(partition));
    const start = Math.max(stop - count, this.first(partition));
    return start >= stop ? [] : this.forward(partition, start, stop - start).reverse();
  }

  async trim(partition: number, before: number): Promise<void> {
    const stop = Math.min(before, this.end(partition));
    while (this.first(partition) < stop) {
      const from = this.first(partition);
      const to = Math.min(from + TRIM_COUNT, stop);
      const fact = factEntry(`first/${partition}`, to);
      await this.#store.write('put', { bytes: 0, count: to - from }, ({ events, meta }) => {
        for (let offset = from; offset < to; offset += 1) remove(events, eventStoreKey(partition, offset));
        put(meta, fact.key, fact.value);
      });
      this.#first[partition] = Math.max(this.first(partition), to);
    }
  }

  #bounds(partition: number): { first: number; end: number } {
    return this.#store.read(({ events, meta }) => {
      const low = eventStoreKey(partition, 0);
      const high = eventStoreKey(partition, Number.MAX_SAFE_INTEGER);
      const [oldest] = events.getKeys({ start: low, end: high, limit: 1 });
      const [newest] = events.getKeys({ start: high, end: low, inclusiveEnd: true, reverse: true, limit: 1 });
      const behindNewest = newest === undefined ? undefined : (offsetOf(newest) ?? -1) + 1;
      const end = readFact(meta, `end/${partition}`);
      const first = readFact(meta, `first/${partition}`);
      if (end === 'damaged' && behindNewest === undefined)
        throw new RouterError('LOG_DAMAGED', `The next offset of partition ${partition} is damaged, and no record is left that tells it.`);
      return {
        first: typeof first === 'number' ? first : first === 'damaged' && oldest !== undefined ? (offsetOf(oldest) ?? 0) : 0,
        end: Math.max(typeof end === 'number' ? end : 0, behindNewest ?? 0),
      };
    });
  }

  #lookUp(partition: number, offset: number): LogRecord {
    const key = eventStoreKey(partition, offset);
    return this.#record(
      partition,
      offset,
      key,
      this.#store.read(({ events }) => events.get(key)),
    );
  }

  #record(partition: number, offset: number, storeKey: Buffer, sealed: Buffer | undefined): LogRecord {
    const stored = sealed === undefined ? undefined : unseal(storeKey, sealed);
    if (stored !== undefined) return { partition, offset, key: stored.name, value: stored.body };
    this.#damage.meet({ partition, key: String(offset), store: 'events' }, storeKey, sealed);
    return { partition, offset, key: '', value: Buffer.alloc(0), isDamaged: true };
  }
}
