import type { Random } from '../clock.js';
import type { RetryPolicy } from '../plan.js';

export type RetryDecision =
  | { readonly again: true; readonly dueMs: number }
  | { readonly again: false; readonly reason: 'attempts' | 'max-age' };

/** When to call again after `calls` calls, the first at `firstMs`: exponential, each wait between half and all of it, never before `retryAfterMs` is over. Pure but for the dice. */
export function decideRetry(
  policy: RetryPolicy,
  calls: number,
  firstMs: number,
  nowMs: number,
  retryAfterMs: number,
  random: Random,
): RetryDecision {
  if (policy.attempts !== undefined && calls >= policy.attempts) return { again: false, reason: 'attempts' };
  const ceilingMs = Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.min(calls - 1, 30));
  const dueMs = nowMs + Math.max(retryAfterMs, Math.round(ceilingMs * (0.5 + random.fraction() / 2)));
  return dueMs - firstMs > policy.maxAgeMs ? { again: false, reason: 'max-age' } : { again: true, dueMs };
}
