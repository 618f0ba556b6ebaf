import type { Clock } from '../clock.js';
import { RouterError } from '../errors.js';

export interface Rate {
  readonly perSecond: number;
  /** Requests that may come at once after a pause. */
  readonly burst: number;
}

interface Bucket {
  left: number;
  filledMs: number;
}

/** Before the next request can pass, since perSecond is 1 at least. */
export const RATE_RETRY_AFTER_SECONDS = 1;

/**
 * How fast each token may ask: a bucket a name, so that a stolen or careless one takes nothing from the others. Buckets are as many as names in the tokens file.
 * Refused requests take nothing.
 */
export class RequestRate {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #buckets = new Map<string, Bucket>();

  constructor(rate: Rate, clock: Pick<Clock, 'nowMs'>) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Throws RATE_LIMITED. */
  take(name: string): void {
    const { perSecond, burst } = this.#rate;
    const nowMs = this.#clock.nowMs();
    const bucket = this.#buckets.get(name) ?? { left: burst, filledMs: nowMs };
    this.#buckets.set(name, bucket);
    // A clock that was set back gives nothing.
    bucket.left = Math.min(burst, bucket.left + (Math.max(0, nowMs - bucket.filledMs) / 1_000) * perSecond);
    bucket.filledMs = nowMs;
    if (bucket.left < 1)
      throw new RouterError(
        'RATE_LIMITED',
        `Token ${name} sends more than ${perSecond} requests a second (http.rate); send it again later.`,
      );
    bucket.left -= 1;
  }
}
