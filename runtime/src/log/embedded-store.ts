import type { Database } from 'lmdb';
import type { Clock } from '../clock.js';
import { SECOND_MS } from '../clock.js';
import { RouterError } from '../errors.js';
import type { DiskSpace } from './disk-space.js';
import { type Environment, openEnvironment, type Stores } from './lmdb-environment.js';
import { damagedError, failureOf } from './lmdb-failure.js';

/** What a write does: only `put` and `remove` below, nothing that can throw. */
export type Change = (stores: Stores) => void;

/** For the estimate of what a write may take. */
export interface Size {
  readonly bytes: number;
  readonly count: number;
}

interface Pending extends Size {
  readonly kind: 'append' | 'put';
  readonly change: Change;
  resolve(): void;
  reject(error: Error): void;
}

const RETRY_MS = SECOND_MS;
const PAGE_BYTES = 4_096;
const BATCH_BYTES = 64 * PAGE_BYTES;

/** The batch's own promise tells the outcome; the one of each operation must not go unheard. */
export function put(store: Database<Buffer, Buffer>, key: Buffer, value: Buffer): void {
  store.put(key, value).catch(() => undefined);
}

export function remove(store: Database<Buffer, Buffer>, key: Buffer): void {
  store.remove(key).catch(() => undefined);
}

/**
 * One writer for one lmdb environment. Writes asked for while a commit is under way are committed together in the next: one durable transaction for all.
 *
 * Delivery guarantees: a write's promise resolves when its transaction is on disk; a transaction that fails changes nothing. When the disk is almost full,
 * appends are refused at once (LOG_FULL) and puts wait for space, in order, and nothing is lost or half written. When lmdb itself fails to write, the
 * store takes no further write: the process must end, and the next one goes on from what is durable.
 */
export class EmbeddedStore {
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #space: DiskSpace;
  readonly #dir: string;
  /** What is refused or waits, and why. */
  readonly #full = new Map<Pending['kind'], RouterError>();
  #pending: Pending[] = [];
  #flushing: Promise<void> | undefined;
  #cancelRetry: (() => void) | undefined;
  #broken: RouterError | undefined;
  #told: RouterError | undefined;
  #closing = false;
  #closed = false;
  #tellFull: (why: RouterError | undefined) => void = () => undefined;
  #tellBroken: (error: RouterError) => void = () => undefined;

  /** Throws LOG_FORMAT, LOG_DAMAGED. */
  constructor(dir: string, partitions: number, clock: Clock, space: DiskSpace) {
    this.#dir = dir;
    this.#clock = clock;
    this.#space = space;
    this.#environment = openEnvironment(dir, partitions);
  }

  /** Called when appends begin to be refused, when puts begin to wait for space, and with undefined when that is over. */
  onFull(tell: (why: RouterError | undefined) => void): void {
    this.#tellFull = tell;
  }

  /** Called once, when nothing can be written any more and the process should end. */
  onBroken(tell: (error: RouterError) => void): void {
    this.#tellBroken = tell;
  }

  /** Throws LOG_DAMAGED when lmdb meets a page that cannot be right, STOPPING when the store is closed. */
  read<T>(look: (stores: Stores) => T): T {
    if (this.#closed) throw new RouterError('STOPPING', 'The log is closed.');
    try {
      return look(this.#environment.stores);
    } catch (thrown) {
      throw thrown instanceof RouterError ? thrown : damagedError(this.#dir, thrown);
    }
  }

  write(kind: Pending['kind'], size: Size, change: Change): Promise<void> {
    if (this.#closed) return Promise.reject(new RouterError('STOPPING', 'The log is closed.'));
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#pending.push({ kind, ...size, change, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  /** From now on nothing is written; what reads what is left may go on until `close`. The folder is not ours any more, or must not be trusted. */
  break(error: RouterError): void {
    if (this.#broken !== undefined || this.#closed) return;
    this.#broken = error;
    for (const { reject } of this.#pending.splice(0)) reject(error);
    this.#tellBroken(error);
  }

  /** Writes that wait for space are refused from now on: whoever closes must not wait for somebody to delete files. */
  prepareClose(): void {
    this.#closing = true;
    this.#flushing ??= this.#flush();
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#closed = true;
    await (this.#flushing ?? this.#flush());
    this.#cancelRetry?.();
    await this.#environment.close();
  }

  async #flush(): Promise<void> {
    // Whatever is asked for in this turn of the event loop goes together.
    await Promise.resolve();
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      try {
        await this.#environment.commit(() => {
          for (const { change } of batch) change(this.#environment.stores);
        });
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        const failure = await failureOf(this.#dir, thrown);
        for (const { reject } of batch) reject(failure);
        this.break(failure);
      }
    }
    // In the same turn as the last look at `pending`: a write that comes later starts a flush of its own.
    this.#flushing = undefined;
  }

  /** What may be written now; the rest is refused, or stays pending until there is space. */
  #take(): Pending[] {
    const all = this.#pending;
    if (all.length === 0) return all;
    this.#pending = [];
    const refused = this.#refusal('put', all) ?? this.#refusal('append', all);
    for (const { kind } of all) if (refused === undefined || (kind === 'put' && refused.kind === 'append')) this.#full.delete(kind);
    if (refused === undefined) {
      this.#tellChange();
      return all;
    }
    const writes: Pending[] = [];
    for (const write of all) {
      if (write.kind === 'append' || (refused.kind === 'put' && this.#closing)) write.reject(refused.error);
      else if (refused.kind === 'append') writes.push(write);
      else this.#pending.push(write);
    }
    if (this.#pending.length > 0) this.#retryLater();
    if (!this.#full.has(refused.kind)) this.#full.set(refused.kind, refused.error);
    this.#tellChange();
    return writes;
  }

  #refusal(kind: Pending['kind'], all: readonly Pending[]): { kind: Pending['kind']; error: RouterError } | undefined {
    if (all.every((write) => write.kind !== kind)) return undefined;
    // Puts go before appends: an append must leave room for them.
    const writes = kind === 'append' ? all : all.filter((write) => write.kind === 'put');
    // Beside the value: its leaf and a part of the branches above, which lmdb copies.
    const needBytes = writes.reduce((sum, { bytes, count }) => sum + 2 * bytes + 2 * count * PAGE_BYTES, BATCH_BYTES);
    const why = this.#space.refuses(kind, needBytes, () => this.#environment.reusableBytes());
    if (why === undefined) return undefined;
    const what = kind === 'append' ? 'new events are refused' : 'the router waits';
    return { kind, error: new RouterError('LOG_FULL', `The disk of ${this.#dir} is full: ${why}; ${what} until there is space.`) };
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#flushing ??= this.#flush();
    });
  }

  #tellChange(): void {
    const worst = this.#full.get('put') ?? this.#full.get('append');
    if (worst === this.#told) return;
    this.#told = worst;
    this.#tellFull(worst);
  }
}
