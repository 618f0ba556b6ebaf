import { type Database, open, type RootDatabase } from 'lmdb';
import { RouterError } from '../errors.js';
import { seal, unseal } from './checked-value.js';
import { damagedError, openError } from './lmdb-failure.js';

/** 2: checksums cover the key, offsets have no gaps. */
export const FORMAT = 2;

export interface Stores {
  readonly events: Database<Buffer, Buffer>;
  readonly journal: Database<Buffer, Buffer>;
  /** Few small facts: `format`, `partitions`, `first/<partition>`, `end/<partition>`. */
  readonly meta: Database<Buffer, Buffer>;
  /** Values that failed their checksum, as found, oldest first. See DamageBook. */
  readonly damaged: Database<Buffer, Buffer>;
}

export interface Environment {
  readonly stores: Stores;
  /** One transaction; resolves when it is on disk. */
  commit(changes: () => void): Promise<void>;
  /** In pages that lmdb has freed and can use again. */
  reusableBytes(): number;
  close(): Promise<void>;
}

interface Stats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  readonly entryCount: number;
}
type EnvironmentStats = Stats & { readonly lastPageNumber: number; readonly root: Stats; readonly free: Stats };

const NAMES = ['events', 'journal', 'meta', 'damaged'] as const;
const META_PAGES = 2;
/** An environment that is just being made is smaller. */
const FRESH_PAGES = 32;
/** Of the journal, 1 GiB: entries are counted at opening up to this size, about 0.1 s. */
const COUNTED_PAGES = 262_144;

/**
 * Opens the environment in `dir`, or makes it. Durable means: `overlappingSync: false` leaves lmdb without MDB_NOSYNC and MDB_NOMETASYNC (open.js), so that
 * mdb_txn_commit writes the pages, calls fdatasync (mdb_env_sync0), and then writes the meta page through a descriptor opened with O_DSYNC before it returns
 * (mdb_env_write_meta); lmdb-js resolves a batch after that. A commit that is cut anywhere leaves the former meta page, and with it the former tree.
 * The map begins at 128 KiB and doubles with the file (mdb_txn_renew0); it reserves addresses, not memory, so that 100 GB are no other case than 1 MB.
 * Readers that died are cleared at opening (env.readerCheck in open.js) and every ten minutes (WriteWorker::Write): pages they held can be used again.
 * Throws LOG_FORMAT, LOG_DAMAGED, CONFIG_INVALID.
 */
export function openEnvironment(dir: string, partitions: number): Environment {
  let root: RootDatabase<Buffer, Buffer>;
  try {
    root = open<Buffer, Buffer>({
      path: dir,
      maxDbs: 8,
      overlappingSync: false,
      noSubdir: false,
      eventTurnBatching: false,
      encoding: 'binary',
    });
  } catch (thrown) {
    throw openError(dir, thrown);
  }
  try {
    const stores = openStores(root, dir, partitions);
    return {
      stores,
      commit: async (changes) => void (await root.batch(changes)),
      reusableBytes: () => reusableBytes(stores),
      close: () => root.close(),
    };
  } catch (thrown) {
    root.close().catch(() => undefined);
    throw thrown instanceof RouterError ? thrown : damagedError(dir, thrown);
  }
}

function openStores(root: RootDatabase<Buffer, Buffer>, dir: string, partitions: number): Stores {
  const there = new Set([...root.getKeys()].map(String));
  const openStore = (name: string): Database<Buffer, Buffer> =>
    root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' });
  // `format` is written last: with it everything is there, without it nothing was ever stored.
  const format = there.has('meta') ? openStore('meta').get(Buffer.from('format')) : undefined;
  if (format !== undefined && format.toString() !== String(FORMAT)) throw formatError(dir, 'format', format.toString(), FORMAT);
  const missing = NAMES.filter((name) => !there.has(name));
  if (format !== undefined && missing.length > 0) throw damagedError(dir, new Error(`${missing.join(' and ')} missing`));
  const stores = { events: openStore('events'), journal: openStore('journal'), meta: openStore('meta'), damaged: openStore('damaged') };
  if (format === undefined) {
    if ((root.getStats() as EnvironmentStats).lastPageNumber > FRESH_PAGES) throw damagedError(dir, new Error('its format is missing'));
    const fact = factEntry('partitions', partitions);
    stores.meta.putSync(fact.key, fact.value);
    stores.meta.putSync(Buffer.from('format'), Buffer.from(String(FORMAT)));
    return stores;
  }
  const found = readFact(stores.meta, 'partitions');
  if (found === 'damaged' || found === undefined) throw damagedError(dir, new Error('its partition count is damaged'));
  if (found !== partitions) throw formatError(dir, 'partitions', String(found), partitions);
  checkCount(stores.journal, dir);
  return stores;
}

/** A leaf that was lost or overwritten shows here. Events need no count: their offsets have no gaps. */
function checkCount(journal: Database<Buffer, Buffer>, dir: string): void {
  const { entryCount, treeLeafPageCount } = journal.getStats() as Stats;
  if (treeLeafPageCount > COUNTED_PAGES) return;
  const counted = journal.getKeysCount();
  if (counted !== entryCount) throw damagedError(dir, new Error(`the journal has ${counted} of ${entryCount} entries`));
}

function formatError(dir: string, name: string, found: string, expected: number): RouterError {
  return new RouterError(
    'LOG_FORMAT',
    `${dir} has ${name} ${found.slice(0, 20)}; this router expects ${expected}. Use the version that wrote it, or another log.dir.`,
  );
}

/** A number in `meta`; `damaged`: it does not match its checksum. */
export function readFact(meta: Database<Buffer, Buffer>, name: string): number | 'damaged' | undefined {
  const key = Buffer.from(name);
  const sealed = meta.get(key);
  if (sealed === undefined) return undefined;
  const text = unseal(key, sealed)?.name;
  return text === undefined ? 'damaged' : Number(text);
}

export function factEntry(name: string, value: number): { readonly key: Buffer; readonly value: Buffer } {
  const key = Buffer.from(name);
  return { key, value: seal(key, String(value), Buffer.alloc(0)) };
}

function reusableBytes({ events, journal, meta, damaged }: Stores): number {
  const { pageSize, lastPageNumber, root, free } = events.getStats() as EnvironmentStats;
  const all = [root, free, ...[events, journal, meta, damaged].map((store) => store.getStats() as Stats)];
  const used = all.reduce((sum, stats) => sum + stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages, META_PAGES);
  return Math.max(0, lastPageNumber + 1 - used) * pageSize;
}
