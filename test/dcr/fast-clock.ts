import type { Clock } from '#runtime/clock.js';

/** A clock that runs `factor` times as fast as the real one, from `fromMs` on. Those with the same two agree about the time. */
export function fastClock(real: Clock, factor: number, fromMs: number): Clock {
  return {
    nowMs: () => fromMs + (real.nowMs() - fromMs) * factor,
    after: (delayMs, fire) => real.after(delayMs / factor, fire),
  };
}
