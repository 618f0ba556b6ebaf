import { expect, test } from '@jest/globals';
import type { GateRules, Pass } from '#runtime/workflow/gate.js';
import { Gate } from '#runtime/workflow/gate.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

function gateOf(rules: Partial<GateRules>) {
  const clock = new FakeClock();
  const gate = new Gate(clock, { concurrency: 10, breakerFailures: 5, breakerCooldownMs: 30_000, ...rules });
  const granted: string[] = [];
  const passes: Pass[] = [];
  const enter = (name: string, key = '', critical = false) => {
    const take = (pass: Pass): void => {
      granted.push(name);
      passes.push(pass);
    };
    const entered = gate.enter(key, critical, take);
    if (entered.pass !== undefined) take(entered.pass);
    return entered;
  };
  return { clock, gate, granted, passes, enter };
}

test('no more than `concurrency` are inside; the next enters when one leaves, in order', () => {
  const { gate, granted, passes, enter } = gateOf({ concurrency: 2 });
  for (const name of ['a', 'b', 'c', 'd']) enter(name);
  expect(granted).toEqual(['a', 'b']);
  passes[0]?.leave('ok');
  expect(granted).toEqual(['a', 'b', 'c']);
  expect(gate.inside).toBe(2);
  expect(gate.waiting).toBe(1);
});

test('critical goes before what waits', () => {
  const { granted, passes, enter } = gateOf({ concurrency: 1 });
  enter('a');
  enter('b');
  enter('urgent', '', true);
  passes[0]?.leave('ok');
  expect(granted).toEqual(['a', 'urgent']);
});

test('leaving twice counts once', () => {
  const { gate, passes, enter } = gateOf({ concurrency: 1 });
  enter('a');
  passes[0]?.leave('ok');
  passes[0]?.leave('ok');
  expect(gate.inside).toBe(0);
});

test('a budget is kept on average, each key for itself, and a spent key does not hold back another', async () => {
  const { clock, granted, enter } = gateOf({ perSecond: 1 });
  enter('a1', 'a');
  enter('a2', 'a');
  enter('a3', 'a');
  enter('b1', 'b');
  expect(granted).toEqual(['a1', 'b1']);
  await clock.pass(1_000);
  expect(granted).toEqual(['a1', 'b1', 'a2']);
  await clock.pass(999);
  expect(granted).toHaveLength(3);
  await clock.pass(1);
  expect(granted).toHaveLength(4);
});

test('Retry-After holds everybody back for that long', async () => {
  const { clock, granted, passes, enter } = gateOf({});
  enter('a');
  passes[0]?.leave('other', 5_000);
  enter('b');
  await clock.pass(4_999);
  expect(granted).toEqual(['a']);
  await clock.pass(1);
  expect(granted).toEqual(['a', 'b']);
});

test('failures in a row open the breaker; after the cool-down one call tries, and its success lets all in', async () => {
  const { clock, gate, granted, passes, enter } = gateOf({ breakerFailures: 2 });
  enter('a');
  enter('b');
  passes[0]?.leave('down');
  expect(gate.open).toBe(false);
  passes[1]?.leave('down');
  expect(gate.open).toBe(true);
  for (const name of ['c', 'd', 'e']) enter(name);
  await clock.pass(29_999);
  expect(granted).toHaveLength(2);
  await clock.pass(1);
  expect(granted).toEqual(['a', 'b', 'c']);
  passes[2]?.leave('ok');
  expect(granted).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a call that tries and fails keeps the breaker open', async () => {
  const { clock, granted, passes, enter } = gateOf({ breakerFailures: 1 });
  enter('a');
  passes[0]?.leave('down');
  enter('b');
  enter('c');
  await clock.pass(30_000);
  passes[1]?.leave('down');
  await clock.pass(29_999);
  expect(granted).toEqual(['a', 'b']);
  await clock.pass(1);
  expect(granted).toEqual(['a', 'b', 'c']);
});

test('a pass given back unused neither closes the breaker nor spends the budget', async () => {
  const { clock, gate, granted, passes, enter } = gateOf({ breakerFailures: 1, perSecond: 1 });
  enter('a');
  passes[0]?.leave('down');
  enter('b');
  await clock.pass(30_000);
  passes[1]?.leave('unused');
  expect(gate.open).toBe(true);
  enter('c');
  expect(granted).toEqual(['a', 'b', 'c']);
});

test('a cancelled waiter is never granted and leaves nothing behind', () => {
  const { gate, granted, passes, enter } = gateOf({ concurrency: 1 });
  enter('a');
  const waiting = enter('b');
  if (waiting.pass === undefined) waiting.cancel();
  passes[0]?.leave('ok');
  expect(granted).toEqual(['a']);
  expect(gate.waiting).toBe(0);
});
