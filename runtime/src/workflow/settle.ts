import type { Progress } from '../journal/records.js';
import type { Settlement } from './action.js';

export type SettleDecision =
  | { readonly do: 'send'; readonly reason: string }
  | { readonly do: 'probe' }
  | { readonly do: 'wait'; readonly dueMs: number }
  | { readonly do: 'ask'; readonly why: string };

/**
 * What to do about a call whose outcome is unknown (crash after intent, time-out, lost answer). Pure.
 * A wait that is journaled with the progress (`dueMs`) is kept; a probe is never sooner than `settleMs` after the last call.
 */
export function decideSettle(progress: Progress, settlement: Settlement, maxAgeMs: number, nowMs: number): SettleDecision {
  if (progress.forced === true) return { do: 'send', reason: 'retry-by-person' };
  if (settlement.by === 'person') return { do: 'ask', why: settlement.why };
  const ageMs = nowMs - progress.firstMs;
  if (settlement.by === 'resend') {
    if (settlement.forMs !== undefined && ageMs >= settlement.forMs) {
      return { do: 'ask', why: `The target forgets idempotency keys after ${settlement.forMs} ms; the first call was ${ageMs} ms ago.` };
    }
    if (progress.dueMs !== undefined && progress.dueMs > nowMs) return { do: 'wait', dueMs: progress.dueMs };
    if (ageMs > maxAgeMs && progress.n > 1) return { do: 'ask', why: `Still unknown after ${ageMs} ms (maxAge ${maxAgeMs} ms).` };
    return { do: 'send', reason: 'resend' };
  }
  const dueMs = Math.max(progress.dueMs ?? 0, progress.lastMs + settlement.settleMs);
  if (dueMs > nowMs) return { do: 'wait', dueMs };
  if (ageMs > maxAgeMs + settlement.settleMs) return { do: 'ask', why: `Could not be looked up within ${maxAgeMs} ms.` };
  return { do: 'probe' };
}
