import { parseDurationMs } from '#runtime/clock.js';
import type { Properties } from './properties.js';

export interface StartDecision {
  readonly start: boolean;
  readonly reason: 'below-minimum' | 'waiting-for-expected' | 'all-expected' | 'minimum-after-wait' | 'minimum';
  /** The farmers that take part: the first maxFarmers of those registered. */
  readonly members: readonly string[];
  /** Expected, and not among the members of a static rebuild: they never join it. */
  readonly leftOut: readonly string[];
}

/**
 * When a synchronizer starts to rebuild. `registered`: names in the order of registration. `waitedMs`: since it began to wait.
 * Below the minimum both modes wait, for ever; neither ever rebuilds without farmers.
 */
export function decideStart(properties: Properties, registered: readonly string[], waitedMs: number): StartDecision {
  const { mode, minFarmers, maxFarmers, expectedFarmers, waitForExpected, farmerName } = properties;
  const members = registered.slice(0, maxFarmers);
  const expected = Array.from({ length: expectedFarmers }, (_, ordinal) => farmerName.replace('{ordinal}', String(ordinal)));
  const leftOut = mode === 'static' ? expected.filter((name) => !members.includes(name)) : [];
  const decide = (start: boolean, reason: StartDecision['reason']): StartDecision => ({
    start,
    reason,
    members,
    leftOut: start ? leftOut : [],
  });
  if (members.length < minFarmers) return decide(false, 'below-minimum');
  if (mode === 'balance') return decide(true, 'minimum');
  if (members.length >= Math.min(expectedFarmers, maxFarmers)) return decide(true, 'all-expected');
  if (waitedMs >= (parseDurationMs(waitForExpected) ?? 0)) return decide(true, 'minimum-after-wait');
  return decide(false, 'waiting-for-expected');
}
