import { mkdirSync } from 'node:fs';
import type { Clock } from '../clock.js';
import type { Json } from '../event/event.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import { seal, unseal } from './checked-value.js';
import { EmbeddedStore, put, remove, type Stores } from './embedded-store.js';
import { lockFolder } from './folder-lock.js';
import type { Assignment, Log, LogRecord, Position } from './log.js';
import { partitionOfKey } from './partition-of-key.js';
import { behindPrefix, eventStoreKey, journalStoreKey, offsetOf } from './store-keys.js';

export interface EmbeddedOptions {
  readonly dir: string;
  /** Fixed when the folder is first used. Default 1: keys run side by side within a partition. */
  readonly partitions?: number;
  readonly clock: Clock;
}

export interface Damage {
  readonly partition: number;
  readonly key: string;
  readonly store: 'events' | 'journal';
}

const DELIVERY_COUNT = 512;
const RANGE_PAGE = 1_000;

/** Log and journal of one process in one folder. Throws LOG_LOCKED, LOG_FORMAT. */
export function openEmbedded(options: EmbeddedOptions): EmbeddedLog {
  return new EmbeddedLog(options);
}

export class EmbeddedLog implements Log, Journal {
  readonly partitions: number;
  readonly #store: EmbeddedStore;
  readonly #unlock: () => void;
  /** Next offset to give, and the first one not yet durable. */
  readonly #next: number[] = [];
  readonly #end: number[] = [];
  /** Next offset to deliver; undefined: not assigned. */
  readonly #cursor: (number | undefined)[] = [];
  readonly #paused = new Set<number>();
  readonly #pumping = new Set<number>();
  #assignment: Assignment | undefined;
  #report: (damage: Damage) => void = () => undefined;

  constructor({ dir, partitions = 1, clock }: EmbeddedOptions) {
    this.partitions = partitions;
    mkdirSync(dir, { recursive: true });
    this.#unlock = lockFolder(dir, clock);
    try {
      this.#store = new EmbeddedStore(dir, partitions);
    } catch (error) {
      this.#unlock();
      throw error;
    }
    for (let partition = 0; partition < partitions; partition += 1) {
      const end = this.#store.stores.meta.get(`end/${partition}`) ?? 0;
      this.#next[partition] = end;
      this.#end[partition] = end;
    }
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  async append(records: readonly { key: string; value: Buffer }[]): Promise<Position[]> {
    const touched = new Set<number>();
    const placed: { position: Position; storeKey: Buffer; value: Buffer }[] = [];
    await this.#store.write(({ events, meta }) => {
      // Given in commit order. A transaction that fails leaves a gap, which readers of a log must expect anyway.
      for (const { key, value } of records) {
        const partition = this.partitionOf(key);
        const offset = this.#next[partition] ?? 0;
        this.#next[partition] = offset + 1;
        touched.add(partition);
        placed.push({ position: { partition, offset }, storeKey: eventStoreKey(partition, offset), value: sealRecord(key, value) });
      }
      for (const { storeKey, value } of placed) put(events, storeKey, value);
      for (const partition of touched) put(meta, `end/${partition}`, this.#next[partition] ?? 0);
    });
    for (const { position } of placed) this.#end[position.partition] = Math.max(this.#end[position.partition] ?? 0, position.offset + 1);
    for (const partition of touched) this.#pump(partition);
    return placed.map(({ position }) => position);
  }

  async consume(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    for (let partition = 0; partition < this.partitions; partition += 1) {
      this.#cursor[partition] = await assignment.assigned(partition);
      this.#pump(partition);
    }
  }

  /** One process, one owner. */
  mayStart(): boolean {
    return true;
  }

  pause(partition: number): void {
    this.#paused.add(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.#pump(partition);
  }

  /** The ledger in the journal is the truth; there is no second place to keep it. */
  async commit(): Promise<void> {}

  async read({ partition, offset }: Position): Promise<LogRecord | undefined> {
    const value = this.#store.stores.events.get(eventStoreKey(partition, offset));
    return value === undefined ? undefined : this.#record(partition, offset, value);
  }

  async readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    const start = eventStoreKey(partition, before ?? this.#end[partition] ?? 0);
    const range = this.#store.stores.events.getRange({ start, end: eventStoreKey(partition, 0), reverse: true, limit: count + 1 });
    const found: LogRecord[] = [];
    for (const { key, value } of range) this.#collect(found, partition, key, value, before);
    const first = this.#store.stores.events.get(eventStoreKey(partition, 0));
    if (first !== undefined && found.length < count && (before === undefined || before > 0) && found.at(-1)?.offset !== 0) {
      const record = this.#record(partition, 0, first);
      if (record !== undefined) found.push(record);
    }
    return found.slice(0, count);
  }

  async oldest(partition: number, count: number): Promise<LogRecord[]> {
    return this.#forward(partition, 0, count);
  }

  async trim(partition: number, offset: number): Promise<void> {
    const keys = [...this.#store.stores.events.getKeys({ start: eventStoreKey(partition, 0), end: eventStoreKey(partition, offset) })];
    await this.#store.write(({ events }) => {
      for (const key of keys) remove(events, key);
    });
  }

  async end(partition: number): Promise<number> {
    return this.#end[partition] ?? 0;
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    const sealed = entries.map(({ key, value }) => {
      const { storeKey, isLong } = journalStoreKey(partition, key);
      return { storeKey, value: value === undefined ? undefined : sealEntry(isLong ? key : undefined, value) };
    });
    return this.#store.write(({ journal }) => {
      for (const { storeKey, value } of sealed) {
        if (value === undefined) remove(journal, storeKey);
        else put(journal, storeKey, value);
      }
    });
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    const { storeKey } = journalStoreKey(partition, key);
    const value = this.#store.stores.journal.get(storeKey);
    return value === undefined ? undefined : this.#entry(partition, storeKey, value)?.value;
  }

  /** In pages, so that no read transaction stays open while the caller works. */
  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    const { storeKey: from } = journalStoreKey(partition, prefix);
    const end = behindPrefix(from);
    let start = options.after === undefined ? from : Buffer.concat([journalStoreKey(partition, options.after).storeKey, Buffer.of(0)]);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const page = [...this.#store.stores.journal.getRange({ start, end, limit: Math.min(RANGE_PAGE, left) })];
      for (const { key, value } of page) {
        const entry = this.#entry(partition, key, value);
        start = Buffer.concat([key, Buffer.of(0)]);
        if (entry === undefined || !entry.key.startsWith(prefix)) continue;
        left -= 1;
        yield entry;
      }
      if (page.length < RANGE_PAGE) return;
    }
  }

  onDamaged(report: (damage: Damage) => void): void {
    this.#report = report;
  }

  async close(): Promise<void> {
    const assignment = this.#assignment;
    this.#assignment = undefined;
    for (let partition = 0; partition < this.partitions; partition += 1) await assignment?.revoked(partition);
    await this.#store.close();
    this.#unlock();
  }

  #pump(partition: number): void {
    if (this.#pumping.has(partition)) return;
    this.#pumping.add(partition);
    // In a turn of its own: an append's caller goes first, and delivery never nests.
    setImmediate(() => {
      this.#pumping.delete(partition);
      const from = this.#cursor[partition];
      if (from === undefined || this.#assignment === undefined || this.#paused.has(partition) || from >= (this.#end[partition] ?? 0))
        return;
      const records = this.#forward(partition, from, DELIVERY_COUNT, this.#end[partition]);
      this.#cursor[partition] = records.length < DELIVERY_COUNT ? this.#end[partition] : (records.at(-1)?.offset ?? from) + 1;
      if (records.length > 0) this.#assignment.deliver(partition, records);
      this.#pump(partition);
    });
  }

  #forward(partition: number, from: number, count: number, before = Number.MAX_SAFE_INTEGER): LogRecord[] {
    const range = this.#store.stores.events.getRange({
      start: eventStoreKey(partition, from),
      end: eventStoreKey(partition, before),
      limit: count,
    });
    const found: LogRecord[] = [];
    for (const { key, value } of range) this.#collect(found, partition, key, value, undefined);
    return found;
  }

  #collect(found: LogRecord[], partition: number, key: Buffer, value: Buffer, before: number | undefined): void {
    const offset = offsetOf(key);
    if (key.readUInt32BE(0) !== partition || (before !== undefined && offset >= before)) return;
    const record = this.#record(partition, offset, value);
    if (record !== undefined) found.push(record);
  }

  #record(partition: number, offset: number, sealed: Buffer): LogRecord | undefined {
    const payload = unseal(sealed);
    if (payload === undefined) {
      this.#setAside('events', partition, String(offset), eventStoreKey(partition, offset), sealed);
      return undefined;
    }
    const keyBytes = payload.readUInt32BE(0);
    return { partition, offset, key: payload.toString('utf8', 4, 4 + keyBytes), value: payload.subarray(4 + keyBytes) };
  }

  #entry(partition: number, storeKey: Buffer, sealed: Buffer): { key: string; value: Json } | undefined {
    const payload = unseal(sealed);
    const short = storeKey.toString('utf8', 4);
    if (payload === undefined) {
      this.#setAside('journal', partition, short, storeKey, sealed);
      return undefined;
    }
    const keyBytes = payload.readUInt32BE(0);
    const key = keyBytes === 0 ? short : payload.toString('utf8', 4, 4 + keyBytes);
    return { key, value: JSON.parse(payload.toString('utf8', 4 + keyBytes)) as Json };
  }

  /** Kept as found under `damaged`, for a person; removed where it was, so that it is met once. */
  #setAside(store: 'events' | 'journal', partition: number, key: string, storeKey: Buffer, sealed: Buffer): void {
    this.#report({ partition, key, store });
    const move = (stores: Stores): void => {
      put(stores.damaged, `${store}/${storeKey.toString('base64url')}`.slice(0, 1_900), sealed);
      remove(stores[store], storeKey);
    };
    this.#store.write(move).catch(() => undefined);
  }
}

function sealRecord(key: string, value: Buffer): Buffer {
  return sealParts(Buffer.from(key, 'utf8'), value);
}

function sealEntry(longKey: string | undefined, value: Json): Buffer {
  return sealParts(longKey === undefined ? Buffer.alloc(0) : Buffer.from(longKey, 'utf8'), Buffer.from(JSON.stringify(value), 'utf8'));
}

function sealParts(key: Buffer, value: Buffer): Buffer {
  const payload = Buffer.allocUnsafe(4 + key.length + value.length);
  payload.writeUInt32BE(key.length, 0);
  key.copy(payload, 4);
  value.copy(payload, 4 + key.length);
  return seal(payload);
}
