import type { Json } from '#runtime/event/event.js';
import type { JournalEntry } from '#runtime/journal/journal.js';
import type { AreaOptions, LiveArea, LiveAreas } from '#runtime/log/kafka/live-area.js';

/** Live state in a map, as text so that nobody changes a value by reference. Keys of the simulation are ASCII. */
export class MemoryArea implements LiveArea {
  readonly entries = new Map<string, string>();
  readonly #options: AreaOptions;

  constructor(options: AreaOptions = {}) {
    this.#options = options;
  }

  apply(entries: readonly JournalEntry[]): void {
    const { keeps = () => true } = this.#options;
    for (const { key, value } of entries) {
      if (!keeps(key)) continue;
      if (value === undefined) this.entries.delete(key);
      else this.entries.set(key, JSON.stringify(value));
    }
  }

  get(key: string): Json | undefined {
    const text = this.entries.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }

  *range(prefix: string, options: { after?: string; limit?: number } = {}): Iterable<{ key: string; value: Json }> {
    const { after = '', limit = Number.POSITIVE_INFINITY } = options;
    const keys = [...this.entries.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    for (const key of keys.slice(0, limit)) {
      const value = this.get(key);
      if (value !== undefined) yield { key, value };
    }
  }

  forget(beforeMs: number, count: number): number {
    const { sinceMs = () => undefined } = this.#options;
    const old = [...this.range('')].filter((entry) => (sinceMs(entry) ?? beforeMs) < beforeMs).slice(0, count);
    for (const { key } of old) this.entries.delete(key);
    return old.length;
  }

  drop(): void {
    this.entries.clear();
  }
}

export class MemoryAreas implements LiveAreas {
  area(options?: AreaOptions): MemoryArea {
    return new MemoryArea(options);
  }

  async close(): Promise<void> {}
}
