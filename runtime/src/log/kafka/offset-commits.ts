import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import type { Commit } from './membership.js';

export interface OffsetCommitsPorts {
  readonly clock: Clock;
  commit(commits: readonly Commit[]): Promise<void>;
  failed(error: Error): void;
}

interface Place {
  next: number;
  /** Where the partition's last checkpoint begins in the journal: a take-over starts reading there. */
  begin: number | undefined;
  isDue: boolean;
}

const EVERY_MS = 1_000;

/**
 * What is told to the group about each partition, at most once a second: the next offset, for people and for the lag, and a hint for the next owner.
 * A failed commit loses nothing: the journal decides where a restore begins, the commit only says where it may.
 */
export class OffsetCommits {
  readonly #ports: OffsetCommitsPorts;
  readonly #places = new Map<number, Place>();
  #cancel: (() => void) | undefined;

  constructor(ports: OffsetCommitsPorts) {
    this.#ports = ports;
  }

  next(partition: number, next: number): void {
    this.#update(partition, { next });
  }

  begin(partition: number, begin: number): void {
    this.#update(partition, { begin });
  }

  forget(partition: number): void {
    this.#places.delete(partition);
  }

  stop(): void {
    this.#cancel?.();
  }

  async flush(): Promise<void> {
    const due = [...this.#places].filter(([, place]) => place.isDue);
    if (due.length === 0) return;
    for (const [, place] of due) place.isDue = false;
    try {
      await this.#ports.commit(due.map(([partition, { next, begin }]) => ({ partition, offset: next, metadata: metadataOf(begin) })));
    } catch (error) {
      for (const [, place] of due) place.isDue = true;
      this.#ports.failed(asError(error));
    }
  }

  #update(partition: number, news: Partial<Place>): void {
    const before = this.#places.get(partition) ?? { next: 0, begin: undefined };
    this.#places.set(partition, { ...before, ...news, isDue: true });
    this.#cancel ??= this.#ports.clock.after(EVERY_MS, () => {
      this.#cancel = undefined;
      void this.flush();
    });
  }
}

const metadataOf = (begin: number | undefined): string => (begin === undefined ? '' : JSON.stringify({ begin }));

/** From a commit's metadata; undefined: nothing is known. */
export function beginOf(metadata: string | undefined): number | undefined {
  try {
    const { begin } = JSON.parse(metadata ?? '') as { begin?: unknown };
    return typeof begin === 'number' ? begin : undefined;
  } catch {
    return undefined;
  }
}
