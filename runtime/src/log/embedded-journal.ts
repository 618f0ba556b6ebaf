import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import { seal, unseal } from './checked-value.js';
import type { DamageBook } from './damage-book.js';
import { type EmbeddedStore, put, remove } from './embedded-store.js';
import { behind, behindPrefix, journalPrefix, journalStoreKey, journalText } from './store-keys.js';

const RANGE_PAGE = 1_000;

/** The entries of `journal`: JSON under the key itself; a key that is too long for lmdb stands whole in its value. */
export class EmbeddedJournal {
  readonly #store: EmbeddedStore;
  readonly #damage: DamageBook;

  constructor(store: EmbeddedStore, damage: DamageBook) {
    this.#store = store;
    this.#damage = damage;
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    let bytes = 0;
    const sealed = entries.map(({ key, value }) => {
      const { storeKey, isLong } = journalStoreKey(partition, key);
      const stored = value === undefined ? undefined : seal(storeKey, isLong ? key : '', Buffer.from(JSON.stringify(value), 'utf8'));
      bytes += storeKey.length + (stored?.length ?? 0);
      return { storeKey, stored };
    });
    return this.#store.write('put', { bytes, count: entries.length }, ({ journal }) => {
      for (const { storeKey, stored } of sealed) {
        this.#damage.forget('journal', storeKey);
        if (stored === undefined) remove(journal, storeKey);
        else put(journal, storeKey, stored);
      }
    });
  }

  get(partition: number, key: string): Json | undefined {
    const { storeKey } = journalStoreKey(partition, key);
    const sealed = this.#store.read(({ journal }) => journal.get(storeKey));
    return sealed === undefined ? undefined : this.#entry(partition, storeKey, sealed)?.value;
  }

  /** In pages, so that no read transaction stays open while the caller works. */
  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    const from = journalPrefix(partition, prefix);
    const end = behindPrefix(from);
    let start = options.after === undefined ? from : behind(journalStoreKey(partition, options.after).storeKey);
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const page = this.#page(start, end, Math.min(RANGE_PAGE, left));
      for (const { key, value } of page.entries) {
        start = behind(key);
        const entry = this.#entry(partition, key, value);
        if (entry === undefined || !entry.key.startsWith(prefix)) continue;
        left -= 1;
        yield entry;
      }
      if (page.isLast) return;
    }
  }

  /**
   * lmdb takes a page as it finds it, and ends a walk without a word where a key seems to be behind the end: order is checked, and the end is looked at from
   * behind as well. Throws LOG_DAMAGED.
   */
  #page(start: Buffer, end: Buffer, limit: number): { entries: { key: Buffer; value: Buffer }[]; isLast: boolean } {
    return this.#store.read(({ journal }) => {
      const entries = [...journal.getRange({ start, end, limit })];
      const isLast = entries.length < limit;
      for (const [index, { key }] of entries.entries()) {
        const former = entries[index - 1];
        if (former !== undefined && Buffer.compare(former.key, key) >= 0) throw new Error(`entry ${journalText(key)} is out of order`);
      }
      if (isLast && Buffer.compare(start, end) < 0) {
        const [last] = journal.getKeys({ start: end, exclusiveStart: true, end: start, inclusiveEnd: true, reverse: true, limit: 1 });
        const seen = entries.at(-1)?.key;
        if (last !== undefined && (seen === undefined || Buffer.compare(last, seen) !== 0))
          throw new Error(`entries between ${journalText(seen ?? start)} and ${journalText(last)} cannot be reached`);
      }
      return { entries, isLast };
    });
  }

  #entry(partition: number, storeKey: Buffer, sealed: Buffer): { key: string; value: Json } | undefined {
    const stored = unseal(storeKey, sealed);
    const text = journalText(storeKey);
    if (stored === undefined) {
      this.#damage.meet({ partition, key: text, store: 'journal' }, storeKey, sealed);
      return undefined;
    }
    return { key: stored.name === '' ? text : stored.name, value: JSON.parse(stored.body.toString('utf8')) as Json };
  }
}
