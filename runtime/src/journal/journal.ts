import type { Json } from '../event/event.js';

/**
 * The Journal port: a durable, keyed map a partition. What the owner must know again after a crash is here and nowhere else.
 *
 * Delivery guarantees: `put` is atomic (all entries or none survive) and resolves when durable; puts of one partition become durable in call order;
 * calls made while one is under way are committed together. A rejected put may or may not have happened: the caller stops using the partition.
 */
export interface JournalEntry {
  readonly key: string;
  /** undefined removes the key. */
  readonly value: Json | undefined;
}

export interface JournalReader {
  /** Sees every put whose promise has resolved. undefined if absent. A damaged value is set aside, reported, and read as absent. */
  get(partition: number, key: string): Promise<Json | undefined>;
  /** Entries whose key begins with `prefix`, in key order (UTF-8 bytes). `after`: start behind this key. */
  range(partition: number, prefix: string, options?: { after?: string; limit?: number }): AsyncIterable<{ key: string; value: Json }>;
}

export interface Journal extends JournalReader {
  put(partition: number, entries: readonly JournalEntry[]): Promise<void>;
  /** Adds a listener: told of each value that fails its checksum, once, before the read that met it returns; at once of those that were met before. */
  onDamaged(report: (damage: { partition: number; key: string; store: 'events' | 'journal' }) => void): void;
}
