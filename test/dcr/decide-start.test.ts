import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MINUTE_MS } from '#runtime/clock.js';
import { decideStart, type StartDecision } from '#test/dcr/decide-start.js';
import { PROPERTIES, propertiesSchema } from '#test/dcr/properties.js';

const names = (count: number): string[] => Array.from({ length: count }, (_, n) => `dcr-farmer-${n}.dcr-farmer.dcr.svc.cluster.local`);

/** mode, registered, minutes waited (minimum 2, expected 5, waits 10 min) → starts?, reason, how many are left out. */
const TABLE: readonly (readonly ['static' | 'balance', number, number, boolean, StartDecision['reason'], number])[] = [
  ['static', 0, 0, false, 'below-minimum', 0],
  ['static', 1, 10_000, false, 'below-minimum', 0],
  ['static', 2, 0, false, 'waiting-for-expected', 0],
  ['static', 4, 9.9, false, 'waiting-for-expected', 0],
  ['static', 4, 10, true, 'minimum-after-wait', 1],
  ['static', 2, 10, true, 'minimum-after-wait', 3],
  ['static', 5, 0, true, 'all-expected', 0],
  ['static', 7, 0, true, 'all-expected', 0],
  ['balance', 1, 10_000, false, 'below-minimum', 0],
  ['balance', 2, 0, true, 'minimum', 0],
  ['balance', 7, 0, true, 'minimum', 0],
];
test.each(TABLE)('property 8: %s with %i farmers after %i min: starts %s (%s)', (mode, registered, minutes, start, reason, leftOut) => {
  const decision = decideStart({ ...PROPERTIES, mode, minFarmers: 2, expectedFarmers: 5 }, names(registered), minutes * MINUTE_MS);
  expect(decision).toMatchObject({ start, reason });
  expect(decision.leftOut).toHaveLength(leftOut);
});

test('property 8: whatever the settings, no rebuild starts below the minimum or above the maximum', () => {
  const settings = fc.record({
    mode: fc.constantFrom('static' as const, 'balance' as const),
    minFarmers: fc.integer({ min: 2, max: 100 }),
    expectedFarmers: fc.integer({ min: 0, max: 100 }),
    maxFarmers: fc.integer({ min: 2, max: 100 }),
  });
  fc.assert(
    fc.property(settings, fc.nat(120), fc.nat(10_000), (given, registered, minutes) => {
      const { start, members } = decideStart({ ...PROPERTIES, ...given }, names(registered), minutes * MINUTE_MS);
      expect(members.length).toBeLessThanOrEqual(given.maxFarmers);
      if (start) expect(members.length).toBeGreaterThanOrEqual(given.minFarmers);
      if (members.length >= Math.max(given.minFarmers, Math.min(given.expectedFarmers, given.maxFarmers))) expect(start).toBe(true);
    }),
  );
});

test.each(['fallback', 'proceed', ''])('property 8: onInsufficientFarmers %p is no value of the properties file', (value) => {
  expect(propertiesSchema.safeParse({ ...PROPERTIES, onInsufficientFarmers: value }).success).toBe(false);
});
