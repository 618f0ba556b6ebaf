import type { Json } from '../event/event.js';
import { type EmbeddedStore, put, remove } from './embedded-store.js';

export interface Damage {
  readonly partition: number;
  /** The journal's key, or the offset. */
  readonly key: string;
  readonly store: 'events' | 'journal';
}

/** Kept at most; the oldest go first. */
const MAX_KEPT_COUNT = 1_000;
const MAX_KEPT_BYTES = 64 * 1_048_576;

/**
 * Stored values that do not match their checksum. Each is told once to every listener, before the read that met it returns, and a copy is set aside in
 * `damaged`: a line of JSON that says what it was, then the bytes as found. Where it stood it stays until it is written over or trimmed.
 */
export class DamageBook {
  readonly #store: EmbeddedStore;
  readonly #nowMs: () => number;
  readonly #listeners: ((damage: Damage) => void)[] = [];
  readonly #met = new Map<string, Damage>();
  #count = 0;

  constructor(store: EmbeddedStore, nowMs: () => number) {
    this.#store = store;
    this.#nowMs = nowMs;
  }

  /** Whoever listens late is told at once what was met before. */
  listen(listener: (damage: Damage) => void): void {
    this.#listeners.push(listener);
    for (const damage of this.#met.values()) listener(damage);
  }

  /** `found`: undefined where nothing is left. */
  meet(damage: Damage, storeKey: Buffer, found: Buffer | undefined): void {
    const id = `${damage.store}/${storeKey.toString('latin1')}`;
    if (this.#met.has(id)) return;
    this.#met.set(id, damage);
    for (const listener of this.#listeners) listener(damage);
    this.#keep(damage, found ?? Buffer.alloc(0));
  }

  /** The key is written anew: should it be damaged again, that is news. */
  forget(store: Damage['store'], storeKey: Buffer): void {
    if (this.#met.size > 0) this.#met.delete(`${store}/${storeKey.toString('latin1')}`);
  }

  #keep(damage: Damage, found: Buffer): void {
    const nowMs = this.#nowMs();
    const about: Json = { ...damage, at: new Date(nowMs).toISOString() };
    const value = Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), found]);
    const key = Buffer.from(`${String(nowMs).padStart(15, '0')}-${String(this.#count++).padStart(6, '0')}`);
    const old = this.#beyond(value.length);
    this.#store
      .write('put', { bytes: value.length, count: 1 + old.length }, ({ damaged }) => {
        for (const one of old) remove(damaged, one);
        put(damaged, key, value);
      })
      // It is told and counted all the same.
      .catch(() => undefined);
  }

  /** What has no room beside a new one, oldest last. */
  #beyond(newBytes: number): Buffer[] {
    let count = 1;
    let bytes = newBytes;
    const old: Buffer[] = [];
    this.#store.read(({ damaged }) => {
      for (const { key, value } of damaged.getRange({ reverse: true })) {
        count += 1;
        bytes += value.length;
        if (count > MAX_KEPT_COUNT || bytes > MAX_KEPT_BYTES) old.push(key);
      }
    });
    return old;
  }
}
