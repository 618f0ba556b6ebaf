import type { Clock } from '../clock.js';
import type { Look } from './look.js';

export interface ProgressEventsOptions {
  readonly everyMs: number;
  readonly clock: Clock;
  tell(facts: {
    state: string;
    farmers: number | undefined;
    expectedFarmers: number | undefined;
    percent: number | undefined;
  }): Promise<void>;
  say(line: string): void;
}

/**
 * Tells the router how far a long wait is. Also when nothing has changed: a run that gives no sign of life for `incidents.expireAfter` is taken as over there, and its
 * failure would find no thread. One telling at a time; what fails is said and forgotten, a wait does not end for it.
 */
export function progressEvents({ everyMs, clock, tell, say }: ProgressEventsOptions): (look: Look) => void {
  let toldMs = clock.nowMs();
  let isTelling = false;
  return (look) => {
    if (look.verdict !== 'pending' || isTelling || clock.nowMs() - toldMs < everyMs) return;
    toldMs = clock.nowMs();
    isTelling = true;
    const state = (look.progress?.state ?? 'waiting').toLowerCase().replaceAll('_', ' ');
    tell({ state, farmers: look.farmers, expectedFarmers: look.expectedFarmers, percent: look.percent })
      .catch((error: unknown) => say(`Progress not told: ${error instanceof Error ? error.message : String(error)}`))
      .finally(() => {
        isTelling = false;
      });
  };
}
