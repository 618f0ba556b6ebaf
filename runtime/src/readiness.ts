import type { Clock } from './clock.js';

export interface ReadinessPorts {
  readonly clock: Clock;
  /** What has to come before it begins; undefined: it has begun. */
  waitsFor(): string | undefined;
  isStopping(): boolean;
  /** Why this process cannot go on. */
  lost(): Error | undefined;
  /** Why the log does not work; undefined: it does. */
  problem(): string | undefined;
  /** Intake pauses on purpose while too many runs are unfinished. */
  isPaused(): boolean;
  /** Owned partitions with the next offset to accept. */
  positions(): readonly { readonly partition: number; readonly next: number }[];
  /** The offset that the next event of a partition will get. */
  end(partition: number): Promise<number>;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

/** Events that wait and are not taken for this long: the router looks alive and does nothing. */
const STALLED_MS = 20_000;

/**
 * Whether the router really works. A stall is seen between two questions, so it is asked now and then (a probe, or a scrape of the metrics).
 * A router that pauses because of limits.unfinished is ready: people must reach it to settle what is unfinished.
 */
export class ReadinessCheck {
  readonly #ports: ReadinessPorts;
  /** By partition: how far it was, and since when it is there. */
  readonly #seen = new Map<number, { next: number; sinceMs: number }>();

  constructor(ports: ReadinessPorts) {
    this.#ports = ports;
  }

  async check(): Promise<Readiness> {
    const { waitsFor, isStopping, lost, problem } = this.#ports;
    const failure = lost();
    const waits = waitsFor();
    const trouble = waits === undefined ? problem() : undefined;
    const reasons = [
      ...(waits === undefined ? [] : [`waits for ${waits}`]),
      ...(isStopping() ? ['stopping'] : []),
      ...(failure === undefined ? [] : [`it cannot go on and must be started again: ${failure.message}`]),
      ...(trouble === undefined ? [] : [trouble]),
      ...(await this.#stalls()),
    ];
    return { ready: reasons.length === 0, reasons };
  }

  async #stalls(): Promise<string[]> {
    const nowMs = this.#ports.clock.nowMs();
    const stalls: string[] = [];
    for (const { partition, next } of this.#ports.positions()) {
      const waiting = (await this.#ports.end(partition)) - next;
      const seen = this.#seen.get(partition);
      if (waiting <= 0 || this.#ports.isPaused() || seen?.next !== next) {
        this.#seen.set(partition, { next, sinceMs: nowMs });
      } else if (nowMs - seen.sinceMs >= STALLED_MS) {
        stalls.push(`partition ${partition} has taken no event for ${Math.round((nowMs - seen.sinceMs) / 1_000)} s; ${waiting} wait`);
      }
    }
    return stalls;
  }
}
