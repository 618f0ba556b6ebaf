import type { Clock } from './clock.js';
import type { Journal } from './journal/journal.js';
import type { Log } from './log/log.js';

/** A write that is not confirmed for this long counts as hanging: disks answer in milliseconds, brokers in seconds. */
const HANGING_MS = 10_000;
/** So long a refusal is told. Then the router counts as ready again, so that senders try: only a write can show that writing works. */
const REFUSED_MS = 15_000;

/** Sees how the writes to log and journal go. */
export class WriteHealth {
  readonly #clock: Clock;
  /** Start of each write under way, oldest first. */
  readonly #pending = new Map<number, number>();
  #count = 0;
  #refused: { readonly atMs: number; readonly message: string } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** undefined: writing works, as far as is known. */
  problem(): string | undefined {
    const nowMs = this.#clock.nowMs();
    const oldestMs = this.#pending.values().next().value;
    if (oldestMs !== undefined && nowMs - oldestMs >= HANGING_MS)
      return `the log has not confirmed a write for ${Math.round((nowMs - oldestMs) / 1_000)} s`;
    if (this.#refused !== undefined && nowMs - this.#refused.atMs < REFUSED_MS) return `the log refused a write: ${this.#refused.message}`;
    return undefined;
  }

  /** As it is; remembers how it went. */
  async watch<T>(write: () => Promise<T>): Promise<T> {
    this.#count += 1;
    const number = this.#count;
    this.#pending.set(number, this.#clock.nowMs());
    try {
      const done = await write();
      this.#refused = undefined;
      return done;
    } catch (error) {
      this.#refused = { atMs: this.#clock.nowMs(), message: error instanceof Error ? error.message : String(error) };
      throw error;
    } finally {
      this.#pending.delete(number);
    }
  }

  /** The same log, watched. */
  log(log: Log): Log {
    return {
      partitions: log.partitions,
      partitionOf: (key) => log.partitionOf(key),
      append: (records) => this.watch(() => log.append(records)),
      consume: (assignment) => log.consume(assignment),
      mayStart: (partition) => log.mayStart(partition),
      pause: (partition) => log.pause(partition),
      resume: (partition) => log.resume(partition),
      commit: (partition, next) => log.commit(partition, next),
      end: (partition) => log.end(partition),
      records: (partition) => log.records(partition),
      close: () => log.close(),
    };
  }

  /** The same journal, watched. */
  journal(journal: Journal): Journal {
    return {
      put: (partition, entries) => this.watch(() => journal.put(partition, entries)),
      get: (partition, key) => journal.get(partition, key),
      range: (partition, prefix, options) => journal.range(partition, prefix, options),
      onDamaged: (report) => journal.onDamaged(report),
    };
  }
}
