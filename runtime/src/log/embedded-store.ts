import { type Database, open, type RootDatabase } from 'lmdb';
import { asError, RouterError } from '../errors.js';

export const FORMAT = 1;

export type Write = (store: Stores) => void;

export interface Stores {
  readonly events: Database<Buffer, Buffer>;
  readonly journal: Database<Buffer, Buffer>;
  readonly meta: Database<number, string>;
  /** Values that failed their checksum, as found: `<store>/<key in base64url>`. */
  readonly damaged: Database<Buffer, string>;
}

/** Inside a batch: the batch's own promise tells the outcome, the one of each operation must not go unheard. */
export function put<K extends Buffer | string, V>(store: Database<V, K>, key: K, value: V): void {
  store.put(key, value).catch(() => undefined);
}

export function remove(store: Database<Buffer, Buffer>, key: Buffer): void {
  store.remove(key).catch(() => undefined);
}

/**
 * One lmdb environment and one writer. Writes asked for while a commit is under way are committed together in the next: one durable transaction for all.
 * Delivery guarantees: a write's promise resolves when its transaction is on disk (fsync); a transaction that fails rejects all its writes and changes nothing.
 */
export class EmbeddedStore {
  readonly stores: Stores;
  readonly #root: RootDatabase;
  #pending: { write: Write; resolve: () => void; reject: (error: Error) => void }[] = [];
  #flushing: Promise<void> | undefined;
  #closed = false;

  constructor(dir: string, partitions: number) {
    // overlappingSync off: a commit's promise then means "on disk".
    this.#root = open({ path: dir, maxDbs: 8, overlappingSync: false, noSubdir: false, eventTurnBatching: false, encoding: 'binary' });
    const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
    this.stores = {
      events: this.#root.openDB<Buffer, Buffer>('events', binary),
      journal: this.#root.openDB<Buffer, Buffer>('journal', binary),
      meta: this.#root.openDB<number, string>('meta', { encoding: 'json' }),
      damaged: this.#root.openDB<Buffer, string>('damaged', { encoding: 'binary' }),
    };
    this.#checkMeta(dir, 'format', FORMAT);
    this.#checkMeta(dir, 'partitions', partitions);
  }

  #checkMeta(dir: string, name: string, expected: number): void {
    const found = this.stores.meta.get(name);
    if (found === undefined) this.stores.meta.putSync(name, expected);
    else if (found !== expected) {
      throw new RouterError(
        'LOG_FORMAT',
        `${dir} has ${name} ${found}; this router expects ${expected}. Use the version that wrote it, or another log.dir.`,
      );
    }
  }

  write(write: Write): Promise<void> {
    if (this.#closed) return Promise.reject(new RouterError('STOPPING', 'The log is closed.'));
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#flushing;
    await this.#root.close();
  }

  async #flush(): Promise<void> {
    // Whatever is asked for in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await this.#root.batch(() => {
          for (const { write } of batch) write(this.stores);
        });
        for (const { resolve } of batch) resolve();
      } catch (thrown) {
        const error = asError(thrown);
        const isFull = /MDB_MAP_FULL|ENOSPC|no space|EFBIG|file too large|quota/i.test(error.message);
        const failure = new RouterError(isFull ? 'LOG_FULL' : 'NOT_DURABLE', `The embedded log could not write: ${error.message}`, {
          cause: error,
        });
        for (const { reject } of batch) reject(failure);
      }
    }
    // In the same turn as the last look at `pending`: a write that comes later starts a flush of its own.
    this.#flushing = undefined;
  }
}
