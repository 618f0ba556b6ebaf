import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Progress } from '#runtime/journal/records.js';
import { DueQueue } from '#runtime/workflow/due-queue.js';
import { decideRetry } from '#runtime/workflow/retry.js';
import { decideSettle } from '#runtime/workflow/settle.js';
import { Prng } from '#test/simulation/prng.js';
import { FakeClock, NOW_MS } from '#test/workflow/fake-clock.js';

const policy = { backoffMs: 1_000, maxBackoffMs: 60_000, maxAgeMs: 3_600_000 };
const dice = new Prng(3);

test('waits double up to the longest, each between half and all of it', () => {
  for (const [calls, ceilingMs] of [
    [1, 1_000],
    [2, 2_000],
    [6, 32_000],
    [7, 60_000],
    [500, 60_000],
  ] as const) {
    const decision = decideRetry(policy, calls, NOW_MS, NOW_MS, 0, dice);
    if (!decision.again) throw new Error('expected another attempt');
    expect(decision.dueMs - NOW_MS).toBeGreaterThanOrEqual(ceilingMs / 2);
    expect(decision.dueMs - NOW_MS).toBeLessThanOrEqual(ceilingMs);
  }
});

test('never before Retry-After is over', () => {
  expect(decideRetry(policy, 1, NOW_MS, NOW_MS, 90_000, dice)).toEqual({ again: true, dueMs: NOW_MS + 90_000 });
});

test('gives up after the attempts, and when the next would be past the greatest age', () => {
  expect(decideRetry({ ...policy, attempts: 2 }, 1, NOW_MS, NOW_MS, 0, dice).again).toBe(true);
  expect(decideRetry({ ...policy, attempts: 2 }, 2, NOW_MS, NOW_MS, 0, dice)).toEqual({ again: false, reason: 'attempts' });
  expect(decideRetry(policy, 3, NOW_MS, NOW_MS + 3_600_000, 0, dice)).toEqual({ again: false, reason: 'max-age' });
});

const intent: Progress = { state: 'intent', n: 1, firstMs: NOW_MS, lastMs: NOW_MS };

test('a probe is never sooner than settle after the last call', () => {
  const probe = { by: 'probe', settleMs: 3_000 } as const;
  expect(decideSettle(intent, probe, 3_600_000, NOW_MS + 1)).toEqual({ do: 'wait', dueMs: NOW_MS + 3_000 });
  expect(decideSettle(intent, probe, 3_600_000, NOW_MS + 3_000)).toEqual({ do: 'probe' });
  expect(decideSettle(intent, probe, 3_600_000, NOW_MS + 3_603_001).do).toBe('ask');
});

test('an idempotent call is sent again, but not past the time its key is remembered', () => {
  expect(decideSettle(intent, { by: 'resend' }, 3_600_000, NOW_MS + 1).do).toBe('send');
  expect(decideSettle(intent, { by: 'resend', forMs: 1_000 }, 3_600_000, NOW_MS + 999).do).toBe('send');
  expect(decideSettle(intent, { by: 'resend', forMs: 1_000 }, 3_600_000, NOW_MS + 1_000).do).toBe('ask');
});

test('what nothing can settle goes to a person, and a person who says retry is obeyed', () => {
  expect(decideSettle(intent, { by: 'person', why: 'no scope' }, 3_600_000, NOW_MS)).toEqual({ do: 'ask', why: 'no scope' });
  expect(decideSettle({ ...intent, forced: true }, { by: 'person', why: 'no scope' }, 3_600_000, NOW_MS).do).toBe('send');
});

test('due things fire in order of instant, equal ones as added, with one timer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 40 }), async (delays) => {
      const clock = new FakeClock();
      const fired: number[] = [];
      const queue = new DueQueue<number>(clock, (item) => fired.push(item));
      for (const [index, delayMs] of delays.entries()) queue.add(NOW_MS + delayMs, index);
      expect(clock.armed).toBe(delays.length === 0 ? 0 : 1);
      await clock.pass(50);
      const expected = [...delays.keys()].sort((a, b) => (delays[a] as number) - (delays[b] as number) || a - b);
      expect(fired).toEqual(expected);
      expect([queue.size, clock.armed]).toEqual([0, 0]);
    }),
    { numRuns: 50 },
  );
});

test('a clock that goes back makes nothing early and loses nothing', async () => {
  const clock = new FakeClock();
  const fired: number[] = [];
  const queue = new DueQueue<number>(clock, () => fired.push(clock.nowMs()));
  queue.add(NOW_MS + 1_000, 1);
  clock.wallOffsetMs -= 500;
  await clock.pass(1_000);
  expect(fired).toEqual([]);
  await clock.pass(500);
  expect(fired).toEqual([NOW_MS + 1_000]);
});

test('a stopped queue arms no timer, whatever is added', () => {
  const clock = new FakeClock();
  const queue = new DueQueue<number>(clock, () => undefined);
  queue.add(NOW_MS + 1_000, 1);
  queue.stop();
  queue.add(NOW_MS + 10, 2);
  expect(clock.armed).toBe(0);
});
