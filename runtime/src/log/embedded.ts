import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { asError, RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import { type Damage, DamageBook } from './damage-book.js';
import { Delivery } from './delivery.js';
import { DiskSpace, type FreeSpace, freeSpaceOf } from './disk-space.js';
import { EmbeddedEvents } from './embedded-events.js';
import { EmbeddedJournal } from './embedded-journal.js';
import { EmbeddedStore } from './embedded-store.js';
import { type FolderLock, lockFolder } from './folder-lock.js';
import { clearSuspicion, damagedError, isSuspect } from './lmdb-failure.js';
import { lookAtFile } from './lmdb-file.js';
import type { Assignment, LogRecord, Position, TrimmableLog } from './log.js';
import { partitionOfKey } from './partition-of-key.js';
import { storedRecords } from './stored-records.js';
import { verifyStore } from './verify-store.js';

export interface EmbeddedOptions {
  readonly dir: string;
  /** Fixed when the folder is first used. Default 1: keys run side by side within a partition. */
  readonly partitions?: number;
  readonly clock: Clock;
  /** Default: of the file system that holds `dir`. */
  readonly freeSpace?: () => FreeSpace;
}

const DELIVERY_COUNT = 512;
const DELIVERY_BYTES = 4 * 1_048_576;
/** After so many lives in a row that ended without a close, the store is read through before it is opened: a damaged page may be what ends them. */
const SUSPECT_LIVES = 2;

/** Log and journal of one process in one folder. Throws LOG_LOCKED, LOG_FORMAT, LOG_DAMAGED. */
export function openEmbedded(options: EmbeddedOptions): EmbeddedLog {
  return new EmbeddedLog(options);
}

export class EmbeddedLog implements TrimmableLog, Journal {
  readonly partitions: number;
  readonly #lock: FolderLock;
  readonly #store: EmbeddedStore;
  readonly #damage: DamageBook;
  readonly #events: EmbeddedEvents;
  readonly #journal: EmbeddedJournal;
  readonly #paused = new Set<number>();
  #assignment: Assignment | undefined;
  #delivery: Delivery | undefined;

  constructor({ dir, partitions = 1, clock, freeSpace = () => freeSpaceOf(dir) }: EmbeddedOptions) {
    this.partitions = partitions;
    mkdirSync(dir, { recursive: true });
    this.#lock = lockFolder(dir, clock, { onLost: (error) => this.#store.break(error) });
    try {
      verifyIfSuspect(dir, this.#lock);
      this.#store = new EmbeddedStore(dir, partitions, clock, new DiskSpace(clock, freeSpace));
      this.#damage = new DamageBook(this.#store, () => clock.nowMs());
      this.#events = new EmbeddedEvents(this.#store, partitions, this.#damage);
      this.#journal = new EmbeddedJournal(this.#store, this.#damage);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /** The disk is almost full: appends are refused (LOG_FULL), puts may wait, and all goes on by itself once there is space: `undefined`. */
  onFull(tell: (why: RouterError | undefined) => void): void {
    this.#store.onFull(tell);
  }

  /** Nothing can be written any more (the disk refused a write, a page is damaged, the folder was taken over): the router must be started again. */
  onBroken(tell: (error: RouterError) => void): void {
    this.#store.onBroken(tell);
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  async append(records: readonly { key: string; value: Buffer }[]): Promise<Position[]> {
    const positions = await this.#events.append(records.map(({ key, value }) => ({ partition: this.partitionOf(key), key, value })));
    for (const { partition } of positions) this.#delivery?.wake(partition);
    return positions;
  }

  async consume(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    this.#delivery = new Delivery(assignment, this.#paused, {
      end: (partition) => this.#events.end(partition),
      read: (partition, from) => this.#events.forward(partition, from, DELIVERY_COUNT, DELIVERY_BYTES),
      soon: setImmediate,
      failed: (error) => this.#store.break(error instanceof RouterError ? error : new RouterError('LOG_DAMAGED', asError(error).message)),
    });
    for (let partition = 0; partition < this.partitions; partition += 1)
      this.#delivery.begin(partition, await assignment.assigned(partition));
  }

  /** One process, one owner. */
  mayStart(): boolean {
    return true;
  }

  pause(partition: number): void {
    this.#paused.add(partition);
    this.#delivery?.pause(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.#delivery?.resume(partition);
  }

  /** The ledger in the journal is the truth; there is no second place to keep it. */
  async commit(): Promise<void> {}

  async read(position: Position): Promise<LogRecord | undefined> {
    return this.#events.read(position);
  }

  async readBackwards(partition: number, before: number | undefined, count: number): Promise<LogRecord[]> {
    return this.#events.backwards(partition, before, count);
  }

  async oldest(partition: number, count: number): Promise<LogRecord[]> {
    return this.#events.forward(partition, 0, count);
  }

  trim(partition: number, offset: number): Promise<void> {
    return this.#events.trim(partition, offset);
  }

  async end(partition: number): Promise<number> {
    return this.#events.end(partition);
  }

  records(partition: number): AsyncIterable<LogRecord> {
    return storedRecords(this, partition);
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    return this.#journal.put(partition, entries);
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    return this.#journal.get(partition, key);
  }

  range(partition: number, prefix: string, options: { after?: string; limit?: number } = {}): AsyncIterable<{ key: string; value: Json }> {
    return this.#journal.range(partition, prefix, options);
  }

  onDamaged(report: (damage: Damage) => void): void {
    this.#damage.listen(report);
  }

  async close(): Promise<void> {
    this.#store.prepareClose();
    const assignment = this.#assignment;
    this.#assignment = undefined;
    for (let partition = 0; partition < this.partitions; partition += 1) this.#delivery?.end(partition);
    this.#delivery = undefined;
    try {
      for (let partition = 0; partition < this.partitions; partition += 1) await assignment?.revoked(partition);
    } finally {
      await this.#store.close();
      this.#lock.release();
    }
  }
}

/**
 * Looks at the file before lmdb does; reads it through after a crash of the machine, where the last lives ended badly, and where something was found wrong
 * before. What is found damaged stays suspect.
 */
function verifyIfSuspect(dir: string, { isMachineLost, uncleanCount }: FolderLock): void {
  const file = join(dir, 'data.mdb');
  const look = lookAtFile(file);
  let { problem } = look;
  if (problem === undefined) {
    if (!look.isShort && !isMachineLost && uncleanCount < SUSPECT_LIVES && !isSuspect(dir)) return;
    problem = existsSync(file) ? verifyStore(dir) : undefined;
  }
  if (problem !== undefined) throw damagedError(dir, new Error(problem));
  clearSuspicion(dir);
}
