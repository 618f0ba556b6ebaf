import { expect, test } from '@jest/globals';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '#runtime/clock.js';
import { ActionError } from '#runtime/workflow/action.js';
import { Bench, route, step } from './bench.js';

/** What a wall clock that jumps does to windows and waits: nothing is lost or done twice, nothing comes early; what waits may come late by the jump. */
const busy = (): never => {
  throw new ActionError('known', 'busy', 'busy', { status: 429, retryAfterMs: MINUTE_MS });
};

async function waiting(): Promise<Bench> {
  const bench = new Bench(route({ actions: [step('a')] }));
  let calls = 0;
  bench.script = (input) => {
    calls += 1;
    return calls === 1 ? busy() : input;
  };
  await bench.take(bench.event('e'));
  expect(bench.calls).toEqual(['e.a']);
  return bench;
}

test('a wait is not cut short by a clock that jumps forward a day', async () => {
  const bench = await waiting();
  bench.clock.wallOffsetMs += DAY_MS;
  await bench.clock.pass(59_000);
  expect(bench.calls).toEqual(['e.a']);
  await bench.clock.pass(2_000);
  expect([bench.calls, bench.outcome('e')]).toEqual([['e.a', 'e.a'], 'done']);
});

test('a wait ends at most so much later as the clock jumps back', async () => {
  const bench = await waiting();
  bench.clock.wallOffsetMs -= HOUR_MS;
  await bench.clock.pass(HOUR_MS + 61_000);
  expect([bench.calls, bench.outcome('e')]).toEqual([['e.a', 'e.a'], 'done']);
});

test('a nonce is recognised after the clock jumped back, and the window is over when the clock says so', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  await bench.take(bench.event('first', { nonce: 'n' }));
  bench.clock.wallOffsetMs -= HOUR_MS;
  await bench.take(bench.event('second', { nonce: 'n' }));
  bench.clock.wallOffsetMs += DAY_MS;
  await bench.take(bench.event('third', { nonce: 'n' }));
  expect(['first', 'second', 'third'].map((id) => bench.outcome(id))).toEqual(['done', 'duplicate', 'done']);
});

test.each([-HOUR_MS, DAY_MS])('an id is recognised whatever the clock says (%s ms)', async (jumpMs) => {
  const bench = new Bench(route({ actions: [step('a')] }));
  await bench.take(bench.event('e'));
  bench.clock.wallOffsetMs += jumpMs;
  await bench.take(bench.event('e'));
  await bench.restart();
  await bench.take(bench.event('e'));
  expect([bench.calls, bench.partition.ledger.outcomes, bench.partition.conservation]).toEqual([['e.a'], { done: 1, duplicate: 2 }, 0]);
});

test('an incident does not expire before its time, and at most so much later as the clock jumps back', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  await bench.take(bench.event('e', { correlationid: 'c', phase: 'firing' }));
  bench.clock.wallOffsetMs -= HOUR_MS;
  await bench.clock.pass(12 * HOUR_MS - 1);
  expect(bench.appended).toEqual([]);
  await bench.clock.pass(HOUR_MS + 1);
  expect(bench.appended.map(({ type, correlationid }) => [type, correlationid])).toEqual([['router.expiry', 's:c']]);
});
