import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { Json } from '../../event/event.js';
import type { JournalEntry } from '../../journal/journal.js';
import { behind, behindPrefix, journalPrefix, journalStoreKey, journalText } from '../store-keys.js';
import type { AreaOptions, LiveArea, LiveAreas } from './live-area.js';

const PAGE_COUNT = 1_000;

/**
 * The live state of the partitions that this process owns, on disk because it may not fit memory, and not durable because the journal topic is: a folder of its
 * own that is made anew at each start and removed at the end. What a killed process left behind is removed by whoever cleans the temporary folder.
 */
export class ScratchStore implements LiveAreas {
  readonly #dir: string;
  readonly #root: RootDatabase;
  readonly #entries: Database<Buffer, Buffer>;
  #areas = 0;

  constructor(parent = tmpdir()) {
    this.#dir = mkdtempSync(join(parent, 'sre-router-scratch-'));
    this.#root = open({ path: this.#dir, noSync: true, noMetaSync: true, overlappingSync: false, maxDbs: 2, noSubdir: false });
    this.#entries = this.#root.openDB<Buffer, Buffer>('entries', { encoding: 'binary', keyEncoding: 'binary' });
  }

  area(options: AreaOptions = {}): ScratchArea {
    return new ScratchArea(this.#root, this.#entries, this.#areas++, options);
  }

  async close(): Promise<void> {
    await this.#root.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** Behind every key of the journal, which begin with letters. */
const AGE_PREFIX = '~';
const ageKey = (ms: number, key: string): string => `${AGE_PREFIX}${String(ms).padStart(15, '0')}/${key}`;

/** A keyed map in key order (UTF-8 bytes). Every change is seen by the next read. */
export class ScratchArea implements LiveArea {
  readonly #root: RootDatabase;
  readonly #entries: Database<Buffer, Buffer>;
  readonly #id: number;
  readonly #options: AreaOptions;

  constructor(root: RootDatabase, entries: Database<Buffer, Buffer>, id: number, options: AreaOptions) {
    this.#root = root;
    this.#entries = entries;
    this.#id = id;
    this.#options = options;
  }

  apply(entries: readonly JournalEntry[]): void {
    const { keeps = () => true, sinceMs = () => undefined } = this.#options;
    const kept = entries.filter(({ key }) => keeps(key));
    const ages = kept.flatMap((entry): JournalEntry[] => {
      const ms = entry.value === undefined ? undefined : sinceMs(entry);
      return ms === undefined ? [] : [{ key: ageKey(ms, entry.key), value: entry.key }];
    });
    this.#write([...kept, ...ages]);
  }

  forget(beforeMs: number, count: number): number {
    const { sinceMs = () => undefined } = this.#options;
    const old: JournalEntry[] = [];
    let found = 0;
    for (const { key: age, value } of this.#scan(AGE_PREFIX, { limit: count })) {
      if (age >= ageKey(beforeMs, '')) break;
      found += 1;
      old.push({ key: age, value: undefined });
      const key = String(value);
      // Set anew since then, it counts since then.
      if ((sinceMs({ key, value: this.get(key) }) ?? 0) < beforeMs) old.push({ key, value: undefined });
    }
    if (old.length > 0) this.#write(old);
    return found;
  }

  get(key: string): Json | undefined {
    const value = this.#entries.get(journalStoreKey(this.#id, key).storeKey);
    return value === undefined ? undefined : (JSON.parse(value.toString('utf8')) as [Json])[0];
  }

  /** In pages, so that no read transaction stays open while the caller works. */
  *range(prefix: string, options: { after?: string; limit?: number } = {}): Generator<{ key: string; value: Json }> {
    for (const entry of this.#scan(prefix, options)) {
      if (entry.key.startsWith(AGE_PREFIX)) return;
      yield entry;
    }
  }

  *#scan(prefix: string, options: { after?: string; limit?: number } = {}): Generator<{ key: string; value: Json }> {
    const from = journalPrefix(this.#id, prefix);
    const end = behindPrefix(from);
    let start = options.after === undefined ? from : behind(journalStoreKey(this.#id, options.after).storeKey);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const page = [...this.#entries.getRange({ start, end, limit: Math.min(PAGE_COUNT, left) })];
      for (const { key, value } of page) {
        start = behind(key);
        const [stored, long] = JSON.parse(value.toString('utf8')) as [Json, string?];
        const name = long ?? journalText(key);
        if (!name.startsWith(prefix)) continue;
        left -= 1;
        yield { key: name, value: stored };
      }
      if (page.length < PAGE_COUNT) return;
    }
  }

  #write(entries: readonly JournalEntry[]): void {
    const stored = entries.map(({ key, value }) => {
      const { storeKey, isLong } = journalStoreKey(this.#id, key);
      return { storeKey, value: value === undefined ? undefined : Buffer.from(JSON.stringify(isLong ? [value, key] : [value]), 'utf8') };
    });
    this.#root.transactionSync(() => {
      for (const { storeKey, value } of stored) {
        if (value === undefined) this.#entries.removeSync(storeKey);
        else this.#entries.putSync(storeKey, value);
      }
    });
  }

  drop(): void {
    const start = journalPrefix(this.#id, '');
    for (;;) {
      const keys = [...this.#entries.getKeys({ start, end: behindPrefix(start), limit: PAGE_COUNT })];
      if (keys.length === 0) return;
      this.#root.transactionSync(() => {
        for (const key of keys) this.#entries.removeSync(key);
      });
    }
  }
}
