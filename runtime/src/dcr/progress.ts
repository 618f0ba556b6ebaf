import type { RunProgress } from './look.js';
import { RUN_ORDER } from './node-phase.js';

/** Restarts of the node that still count as a new beginning. One that crashes for ever makes some progress each time and would be waited for for ever. */
export const MAX_RESTARTS = 5;

export interface ProgressSeen {
  readonly best: RunProgress;
  readonly restarts: number;
}

/**
 * Did the run move? Forward: a later state, more work units, more bytes than ever in this life of the node. A farmer that gives units back is no progress, and
 * neither is doing them again. A restarted node begins anew, which counts as moving 5 times.
 */
export function advance(seen: ProgressSeen | undefined, now: RunProgress): { moved: boolean; seen: ProgressSeen } {
  if (seen === undefined) return { moved: true, seen: { best: now, restarts: 0 } };
  const { best, restarts } = seen;
  const rank = (state: RunProgress['state']): number => RUN_ORDER.indexOf(state);
  const isKnown = rank(now.state) >= 0;
  const isRestart =
    now.boot !== undefined && best.boot !== undefined ? now.boot !== best.boot : isKnown && rank(now.state) < rank(best.state);
  if (isRestart) return { moved: restarts < MAX_RESTARTS, seen: { best: now, restarts: restarts + 1 } };
  const state = rank(now.state) > rank(best.state) ? now.state : best.state;
  const next: RunProgress = {
    boot: best.boot ?? now.boot,
    state,
    workUnits: Math.max(best.workUnits, now.workUnits),
    cacheBytes: Math.max(best.cacheBytes, now.cacheBytes),
  };
  const moved = state !== best.state || next.workUnits > best.workUnits || next.cacheBytes > best.cacheBytes;
  // After too many restarts nothing counts any more.
  return { moved: moved && restarts <= MAX_RESTARTS, seen: { best: next, restarts } };
}
