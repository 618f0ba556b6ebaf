import type { Clock } from '../clock.js';

export interface GateRules {
  /** Calls under way at once. Default 10. */
  readonly concurrency: number;
  /** Calls a second on average, each budget key for itself; bursts of at most one second's worth, at least 1. undefined = no budget. */
  readonly perSecond?: number;
  /** Failures in a row that open the breaker. Default 5; 0 = no breaker. */
  readonly breakerFailures: number;
  /** How long it stays open before one call may try. Default 30 s. */
  readonly breakerCooldownMs: number;
}

/**
 * Permission for one call. `leave` must be called once: ok = the target answered as it should; down = it failed as if it were down; other = neither;
 * unused = no call was made, nothing is learnt of the target and the budget is given back.
 */
export interface Pass {
  leave(result: 'ok' | 'down' | 'other' | 'unused', retryAfterMs?: number): void;
}

type Waiter = (pass: Pass) => void;

/** Sets keep insertion order and forget a waiter at once. */
interface Queue {
  readonly critical: Set<Waiter>;
  readonly normal: Set<Waiter>;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const MAX_IDLE_BUCKETS = 10_000;

/**
 * One destination's door: concurrency, budget, breaker, Retry-After. Nobody blocks inside: who cannot enter now leaves a waiter behind and is granted a
 * pass later, critical first, then in order. State is memory only: after a restart a budget starts full, and the target's 429 corrects it.
 */
export class Gate {
  readonly #clock: Clock;
  readonly #rules: GateRules;
  readonly #share: () => number;
  readonly #buckets = new Map<string, Bucket>();
  /** Waiters by budget key, critical before normal; keys take turns. */
  readonly #queues = new Map<string, Queue>();
  #inside = 0;
  #failures = 0;
  #openUntilMs = 0;
  #probing = false;
  #blockedUntilMs = 0;
  #cancelTimer: (() => void) | undefined;
  #timerMs = Number.POSITIVE_INFINITY;

  /** `share`: this process's part of the budget, in (0, 1]. */
  constructor(clock: Clock, rules: GateRules, share: () => number = () => 1) {
    this.#clock = clock;
    this.#rules = rules;
    this.#share = share;
  }

  get waiting(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.critical.size + queue.normal.size;
    return count;
  }

  /** Passes that have not left. */
  get inside(): number {
    return this.#inside;
  }

  get open(): boolean {
    return this.#openUntilMs > 0;
  }

  /** A pass now, or undefined and `grant` is called later with one. The returned `cancel` forgets the waiter. */
  enter(budgetKey: string, critical: boolean, grant: (pass: Pass) => void): { pass: Pass } | { pass: undefined; cancel: () => void } {
    const ahead = this.#queues.get(budgetKey);
    const isFree = ahead === undefined || (critical && ahead.critical.size === 0);
    if (isFree && this.#readyAtMs(budgetKey) <= this.#clock.nowMs()) return { pass: this.#take(budgetKey) };
    const queue = ahead ?? { critical: new Set(), normal: new Set() };
    if (ahead === undefined) this.#queues.set(budgetKey, queue);
    // A wrapper, so that one function may wait twice.
    const waiter: Waiter = (pass) => grant(pass);
    (critical ? queue.critical : queue.normal).add(waiter);
    this.#arm();
    return {
      pass: undefined,
      cancel: () => {
        queue.critical.delete(waiter);
        queue.normal.delete(waiter);
        if (queue.critical.size + queue.normal.size === 0 && this.#queues.get(budgetKey) === queue) this.#queues.delete(budgetKey);
      },
    };
  }

  /** How long a call with this key would wait for its budget alone, in milliseconds: what is queued before it, divided by the rate. */
  budgetWaitMs(budgetKey: string): number {
    const rate = this.#rate();
    if (rate === undefined) return 0;
    const queue = this.#queues.get(budgetKey);
    const before = queue === undefined ? 0 : queue.critical.size + queue.normal.size;
    const missing = before + 1 - this.#bucket(budgetKey).tokens;
    return missing <= 0 ? 0 : (missing / rate) * 1_000;
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#queues.clear();
  }

  #rate(): number | undefined {
    return this.#rules.perSecond === undefined ? undefined : this.#rules.perSecond * this.#share();
  }

  #bucket(key: string): Bucket {
    const nowMs = this.#clock.nowMs();
    const rate = this.#rate() ?? 0;
    const capacity = Math.max(1, rate);
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= MAX_IDLE_BUCKETS) {
        for (const [name, old] of this.#buckets)
          if (old.tokens + ((nowMs - old.atMs) / 1_000) * rate >= capacity) this.#buckets.delete(name);
      }
      bucket = { tokens: capacity, atMs: nowMs };
      this.#buckets.set(key, bucket);
    }
    // A clock that jumps back must not take tokens away.
    bucket.tokens = Math.min(capacity, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) / 1_000) * rate);
    bucket.atMs = nowMs;
    return bucket;
  }

  /** When a call of this key may enter, ms since the epoch; Infinity = when someone leaves. */
  #readyAtMs(budgetKey: string): number {
    const nowMs = this.#clock.nowMs();
    if (this.#inside >= this.#rules.concurrency || this.#probing) return Number.POSITIVE_INFINITY;
    let readyMs = Math.max(nowMs, this.#blockedUntilMs, this.#openUntilMs);
    const rate = this.#rate();
    if (rate !== undefined) {
      const missing = 1 - this.#bucket(budgetKey).tokens;
      // Rounding must not leave a token short by 1e-12 and spin.
      if (missing > 1e-9) readyMs = Math.max(readyMs, nowMs + Math.max(1, Math.ceil((missing / rate) * 1_000)));
    }
    return readyMs;
  }

  #take(budgetKey: string): Pass {
    if (this.#rules.perSecond !== undefined) this.#bucket(budgetKey).tokens -= 1;
    this.#inside += 1;
    const isProbe = this.#openUntilMs > 0;
    if (isProbe) this.#probing = true;
    let left = false;
    return {
      leave: (result, retryAfterMs) => {
        if (left) return;
        left = true;
        this.#inside -= 1;
        if (isProbe) this.#probing = false;
        if (retryAfterMs !== undefined) this.#blockedUntilMs = Math.max(this.#blockedUntilMs, this.#clock.nowMs() + retryAfterMs);
        if (result === 'unused') {
          if (this.#rules.perSecond !== undefined) this.#bucket(budgetKey).tokens += 1;
        } else if (result === 'ok' || result === 'other') {
          this.#failures = 0;
          this.#openUntilMs = 0;
        } else {
          this.#failures += 1;
          if (this.#rules.breakerFailures > 0 && (isProbe || this.#failures >= this.#rules.breakerFailures)) {
            this.#openUntilMs = this.#clock.nowMs() + this.#rules.breakerCooldownMs;
          }
        }
        this.#grant();
      },
    };
  }

  /** Lets in whoever can enter now; keys whose budget is spent do not hold the others back. */
  #grant(): void {
    let granted = true;
    while (granted) {
      granted = false;
      for (const [budgetKey, queue] of [...this.#queues]) {
        if (this.#readyAtMs(budgetKey) > this.#clock.nowMs()) continue;
        const from = queue.critical.size > 0 ? queue.critical : queue.normal;
        const waiter = from.values().next().value;
        if (waiter === undefined) continue;
        from.delete(waiter);
        this.#queues.delete(budgetKey);
        if (queue.critical.size + queue.normal.size > 0) this.#queues.set(budgetKey, queue);
        granted = true;
        waiter(this.#take(budgetKey));
      }
    }
    this.#arm();
  }

  #arm(): void {
    let earliestMs = Number.POSITIVE_INFINITY;
    for (const budgetKey of this.#queues.keys()) earliestMs = Math.min(earliestMs, this.#readyAtMs(budgetKey));
    if (earliestMs === this.#timerMs && this.#cancelTimer !== undefined) return;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#timerMs = earliestMs;
    if (earliestMs === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, earliestMs - this.#clock.nowMs()), () => {
      this.#cancelTimer = undefined;
      this.#timerMs = Number.POSITIVE_INFINITY;
      this.#grant();
    });
  }
}
