import { RouterError } from '../errors.js';
import type { Journal } from '../journal/journal.js';

/** Journal keys of one partition whose value was found damaged: it reads as absent, and must not be taken for never written. */
export class DamageWatch {
  readonly #keys = new Set<string>();

  constructor(journal: Pick<Journal, 'onDamaged'>, partition: number) {
    journal.onDamaged((damage) => {
      if (damage.store === 'journal' && damage.partition === partition) this.#keys.add(damage.key);
    });
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  under(prefix: string): string[] {
    return this.#keys.size === 0 ? [] : [...this.#keys].filter((key) => key.startsWith(prefix));
  }

  /** They are written anew. */
  forget(keys: Iterable<string>): void {
    for (const key of keys) this.#keys.delete(key);
  }

  /**
   * What is read under `prefix`, if it is all that was written there: a step that reads as absent because it is damaged must not be taken for not begun.
   * Else LOG_DAMAGED; the restore at the next start makes it good.
   */
  async *whole<T>(prefix: string, entries: AsyncIterable<T>): AsyncIterable<T> {
    yield* entries;
    const [key] = this.under(prefix);
    if (key !== undefined)
      throw new RouterError(
        'LOG_DAMAGED',
        `The journal's record ${key} is damaged. Start the router again: it then asks a person about that step.`,
      );
  }
}
