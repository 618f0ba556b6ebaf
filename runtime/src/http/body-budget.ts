/**
 * How many bytes of request bodies may be under way at once, over all requests. A body of unknown or inflated size counts as the largest allowed.
 * What does not fit is answered 503 before it is read: many large requests at once cost their senders a retry, not this process its memory.
 */
export class BodyBudget {
  readonly #maxBytes: number;
  readonly #largestBytes: number;
  #usedBytes = 0;

  constructor(largestBytes: number, count: number) {
    this.#largestBytes = largestBytes;
    this.#maxBytes = largestBytes * count;
  }

  /** A function that gives the bytes back (once), or undefined: no room now. */
  take(contentLength: string | undefined, isEncoded: boolean): (() => void) | undefined {
    const given = Number(contentLength);
    const isKnown = contentLength !== undefined && Number.isSafeInteger(given) && given >= 0 && !isEncoded;
    const bytes = isKnown ? Math.min(given, this.#largestBytes) : this.#largestBytes;
    if (this.#usedBytes + bytes > this.#maxBytes) return undefined;
    this.#usedBytes += bytes;
    let isTaken = true;
    return () => {
      if (isTaken) this.#usedBytes -= bytes;
      isTaken = false;
    };
  }
}
