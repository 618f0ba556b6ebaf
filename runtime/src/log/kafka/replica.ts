import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Kafka } from 'kafkajs';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Clock } from '../../clock.js';
import type { Json } from '../../event/event.js';
import type { JournalEntry, JournalReader } from '../../journal/journal.js';
import type { LateFact, Told } from '../../journal/late-facts.js';
import { doubledKey } from '../../journal/records.js';
import type { LogReader, LogRecord, Position } from '../log.js';
import { eventStoreKey, offsetOf as offsetOfKey } from '../store-keys.js';
import { Fetcher } from './fetcher.js';
import type { FetchedRecord } from './internals.js';
import { JournalFold } from './journal-fold.js';
import { decodeRecord } from './journal-record.js';
import type { LiveArea } from './live-area.js';
import type { PartitionAt } from './read-partition.js';
import { type ScratchArea, ScratchStore } from './scratch-store.js';

export interface ReplicaPorts {
  readonly kafka: Kafka;
  readonly clock: Clock;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface ReplicaOptions {
  readonly prefix: string;
  readonly partitions: number;
  readonly scratchDir?: string;
}

/** What is said once and stays true: kept until the retention, whoever tidies up his live state before. */
const FACT = /^[mhxy]\//;

/** Entries removed in one go, so that questions are answered meanwhile. */
const PRUNE_COUNT = 5_000;

/** When a fact came about, ms since the epoch: it goes when that is longer ago than the retention. */
function sinceMs({ key, value }: JournalEntry): number | undefined {
  if (!FACT.test(key)) return undefined;
  const said = Array.isArray(value) ? value.at(-1) : value;
  const { t, finishedMs, atMs } = (said ?? {}) as { t?: number; finishedMs?: number; atMs?: number };
  return t ?? finishedMs ?? atMs ?? 0;
}

/** A step that was settled by two owners: both answers are shown. What one owner tells more than once, as a step and in its history, is kept once. */
function addLate(facts: LiveArea, { eventId, branch, step, settled }: LateFact): void {
  const key = doubledKey(eventId, branch, step);
  const told = (facts.get(key) ?? []) as Told[];
  if (told.some(({ state, atMs, out }) => state === settled.state && atMs === settled.atMs && isDeepStrictEqual(out, settled.out))) return;
  facts.apply([{ key, value: [...told, settled] }]);
}

/**
 * A copy of the events and journal topics for questions, in a folder that can be thrown away at any time: any process that has one answers for all partitions.
 *
 * Delivery guarantees: eventually the same as the topics. `behind` tells how many records are not here yet. It commits nothing and belongs to no group.
 */
export class Replica implements LogReader, JournalReader {
  readonly partitions: number;
  readonly #options: ReplicaOptions;
  readonly #dir: string;
  readonly #root: RootDatabase;
  readonly #events: Database<Buffer, Buffer>;
  readonly #scratch: ScratchStore;
  readonly #folds: JournalFold<ScratchArea>[] = [];
  readonly #facts: ScratchArea[] = [];
  readonly #fetcher: Fetcher;
  /** Next offset here, and end there, by topic/partition. */
  readonly #progress = new Map<string, { next: number; end: number | undefined }>();
  #isFilled = false;

  constructor(options: ReplicaOptions, ports: ReplicaPorts) {
    this.#options = options;
    this.partitions = options.partitions;
    this.#dir = mkdtempSync(join(options.scratchDir ?? tmpdir(), 'sre-router-replica-'));
    this.#root = open({ path: this.#dir, noSync: true, noMetaSync: true, overlappingSync: false, maxDbs: 2, noSubdir: false });
    this.#events = this.#root.openDB<Buffer, Buffer>('events', { encoding: 'binary', keyEncoding: 'binary' });
    this.#scratch = new ScratchStore(options.scratchDir);
    for (let partition = 0; partition < options.partitions; partition += 1) {
      const facts = this.#scratch.area({ keeps: (key) => FACT.test(key), sinceMs });
      this.#facts.push(facts);
      this.#folds.push(
        new JournalFold({
          open: () => this.#scratch.area({ keeps: (key) => !FACT.test(key) }),
          // The owner removes what it need not remember; people may still ask.
          seen: (entries) => facts.apply(entries.filter(({ value }) => value !== undefined)),
          late: (fact) => addLate(facts, fact),
        }),
      );
    }
    this.#fetcher = new Fetcher(
      ports.kafka,
      {
        clock: ports.clock,
        records: (at, records, next) => this.#take(at, records, next),
        end: (at, end) => this.#see(at, { end }),
        outOfRange: (_at, asked, first, end) => (asked < first ? first : end),
        failed: (error) => ports.warn('reading for the view failed; tried again', { err: error }),
      },
      { maxWaitMs: 500, maxPartitionBytes: 1_048_576 },
    );
  }

  /** Reads everything there is, then goes on reading. */
  start(): void {
    for (const role of ['events', 'journal']) {
      for (let partition = 0; partition < this.partitions; partition += 1) {
        const topic = `${this.#options.prefix}.${role}`;
        this.#progress.set(`${topic}/${partition}`, { next: 0, end: undefined });
        this.#fetcher.read({ topic, partition }, 0);
      }
    }
  }

  /** It held everything once: before that an answer may lack anything. */
  get isFilled(): boolean {
    return this.#isFilled;
  }

  /** Records that are in the topics and not here; undefined: not known yet. */
  get behind(): number | undefined {
    let behind = 0;
    for (const { next, end } of this.#progress.values()) {
      if (end === undefined) return undefined;
      behind += Math.max(0, end - next);
    }
    return behind;
  }

  async read({ partition, offset }: Position): Promise<LogRecord | undefined> {
    const value = this.#events.get(eventStoreKey(partition, offset));
    return value === undefined ? undefined : unpack(partition, offset, value);
  }

  async readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    const first = eventStoreKey(partition, 0);
    const start = eventStoreKey(partition, before ?? Number.MAX_SAFE_INTEGER);
    const found: LogRecord[] = [];
    // lmdb leaves the end of a range out, which here is the very first record.
    for (const { key, value } of this.#events.getRange({ start, end: first, reverse: true, limit: count + 1 })) {
      const offset = offsetOfKey(key);
      if (offset !== undefined && key.readUInt32BE(0) === partition && offset < (before ?? Number.MAX_SAFE_INTEGER))
        found.push(unpack(partition, offset, value));
    }
    const oldest = before === 0 ? undefined : this.#events.get(first);
    if (oldest !== undefined) found.push(unpack(partition, 0, oldest));
    return found.slice(0, count);
  }

  async end(partition: number): Promise<number> {
    return this.#progress.get(`${this.#options.prefix}.events/${partition}`)?.next ?? 0;
  }

  /** Removes what is older than this instant, ms since the epoch, in small steps. */
  async prune(beforeMs: number): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition += 1) {
      const facts = this.#facts[partition];
      while (facts !== undefined && facts.forget(beforeMs, PRUNE_COUNT) === PRUNE_COUNT) await new Promise(setImmediate);
      while (this.#pruneEvents(partition, beforeMs)) await new Promise(setImmediate);
    }
  }

  /** Oldest first, until one that is young enough. Resolves with whether there may be more. */
  #pruneEvents(partition: number, beforeMs: number): boolean {
    const [start, end] = [eventStoreKey(partition, 0), eventStoreKey(partition, Number.MAX_SAFE_INTEGER)];
    const old: Buffer[] = [];
    for (const { key, value } of this.#events.getRange({ start, end, limit: PRUNE_COUNT })) {
      if (value.readDoubleBE(0) >= beforeMs) break;
      old.push(key);
    }
    this.#root.transactionSync(() => {
      for (const key of old) this.#events.removeSync(key);
    });
    return old.length === PRUNE_COUNT;
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    return (FACT.test(key) ? this.#facts[partition] : this.#folds[partition]?.current?.area)?.get(key);
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    yield* (FACT.test(prefix) ? this.#facts[partition] : this.#folds[partition]?.current?.area)?.range(prefix, options) ?? [];
  }

  async close(): Promise<void> {
    await this.#fetcher.close();
    await this.#scratch.close();
    await this.#root.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #see({ topic, partition }: PartitionAt, news: { next?: number; end?: number }): void {
    const name = `${topic}/${partition}`;
    this.#progress.set(name, { next: 0, end: undefined, ...this.#progress.get(name), ...news });
    if (!this.#isFilled && this.behind === 0) this.#isFilled = true;
  }

  #take(at: PartitionAt, records: readonly FetchedRecord[], next: number): void {
    const { topic, partition } = at;
    this.#see(at, { next });
    if (topic.endsWith('.journal')) return this.#takeJournal(partition, records);
    this.#root.transactionSync(() => {
      for (const { offset, timestampMs, key, value } of records)
        this.#events.putSync(eventStoreKey(partition, offset), pack(timestampMs, key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)));
    });
  }

  #takeJournal(partition: number, records: readonly FetchedRecord[]): void {
    for (const { offset, value } of records) {
      const record = value === null ? undefined : decodeRecord(value);
      if (record !== undefined) this.#folds[partition]?.apply(offset, record);
    }
  }
}

/** Time of the record, length of the key, key, value. */
const HEAD_BYTES = 12;

function pack(timestampMs: number, key: Buffer, value: Buffer): Buffer {
  const packed = Buffer.allocUnsafe(HEAD_BYTES + key.length + value.length);
  packed.writeDoubleBE(timestampMs, 0);
  packed.writeUInt32BE(key.length, 8);
  key.copy(packed, HEAD_BYTES);
  value.copy(packed, HEAD_BYTES + key.length);
  return packed;
}

function unpack(partition: number, offset: number, packed: Buffer): LogRecord {
  const behindKey = HEAD_BYTES + packed.readUInt32BE(8);
  return { partition, offset, key: packed.toString('utf8', HEAD_BYTES, behindKey), value: packed.subarray(behindKey) };
}
