import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Lanes } from '#runtime/workflow/lanes.js';
import type { Run } from '#runtime/workflow/run-state.js';

const run = (eventId: string, key: string, critical = false): Run => ({
  eventId,
  key,
  critical,
  offset: 0,
  incident: undefined,
  opener: undefined,
  acceptedMs: 0,
  state: 'running',
  dueMs: undefined,
  pass: undefined,
  cancelWait: undefined,
  body: undefined,
  told: undefined,
  nudged: false,
});

function lanesOf(places: number) {
  const started: string[] = [];
  const lanes = new Lanes(places, (begun) => started.push(begun.eventId));
  return { lanes, started };
}

test('runs of one key go one at a time, in order', () => {
  const { lanes, started } = lanesOf(10);
  const runs = [run('a1', 'a'), run('a2', 'a'), run('b1', 'b')] as const;
  for (const each of runs) lanes.add(each);
  expect(started).toEqual(['a1', 'b1']);
  lanes.leaves(runs[0]);
  expect(started).toEqual(['a1', 'b1', 'a2']);
});

test('a waiting run keeps its key and gives up its place', () => {
  const { lanes, started } = lanesOf(1);
  const [a1, a2, b1] = [run('a1', 'a'), run('a2', 'a'), run('b1', 'b')] as const;
  for (const each of [a1, a2, b1]) lanes.add(each);
  lanes.waits(a1);
  expect(started).toEqual(['a1', 'b1']);
  lanes.wake(a1);
  expect(started).toHaveLength(2);
  lanes.leaves(b1);
  expect(started).toEqual(['a1', 'b1', 'a1']);
});

test('keys take turns: a storm on one key does not hold back another', () => {
  const { lanes, started } = lanesOf(1);
  const storm = Array.from({ length: 5 }, (_, index) => run(`s${index}`, 's'));
  for (const each of storm) lanes.add(each);
  lanes.add(run('lone', 'l'));
  lanes.leaves(storm[0] as Run);
  expect(started).toEqual(['s0', 'lone']);
});

test('the critical lane overtakes, and has places of its own when all are taken', () => {
  const { lanes, started } = lanesOf(1);
  lanes.add(run('a', 'a'));
  lanes.add(run('b', 'b'));
  lanes.add(run('urgent', 'c', true));
  expect(started).toEqual(['a', 'urgent']);
});

test('a run that a person released goes first among those not begun, but never before one that has begun', () => {
  const { lanes, started } = lanesOf(1);
  const [blocker, begun, next, released] = [run('x', 'x'), run('a1', 'a'), run('a2', 'a'), run('old', 'a')] as const;
  lanes.add(begun);
  lanes.add(next);
  lanes.waits(begun);
  lanes.add(blocker);
  lanes.wake(begun);
  lanes.addFirst(released);
  lanes.leaves(blocker);
  expect(started).toEqual(['a1', 'x', 'a1']);
  lanes.leaves(begun);
  expect(started.at(-1)).toBe('old');
  lanes.leaves(released);
  expect(started.at(-1)).toBe('a2');
});

test('after stop nothing starts', () => {
  const { lanes, started } = lanesOf(1);
  lanes.stop();
  lanes.add(run('a', 'a'));
  expect(started).toEqual([]);
});

test('whatever happens: places are respected, each run ends once, nothing is left', () => {
  const moves = fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), critical: fc.boolean(), waits: fc.boolean() }), {
    minLength: 1,
    maxLength: 60,
  });
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 4 }), (plan, places) => {
      const active: Run[] = [];
      const ended: string[] = [];
      const lanes = new Lanes(places, (begun) => active.push(begun));
      const waitsOnce = new Set<string>();
      for (const [index, { key, critical, waits }] of plan.entries()) {
        if (waits) waitsOnce.add(`${index}`);
        lanes.add(run(`${index}`, key, critical));
      }
      for (let going = active.shift(); going !== undefined; going = active.shift()) {
        expect(lanes.running).toBeLessThanOrEqual(places + Math.ceil(places / 10));
        if (waitsOnce.delete(going.eventId)) {
          lanes.waits(going);
          lanes.wake(going);
        } else {
          ended.push(going.eventId);
          lanes.leaves(going);
        }
      }
      expect(new Set(ended).size).toBe(plan.length);
      for (const key of ['a', 'b', 'c']) {
        const order = ended.map(Number).filter((index) => plan[index]?.key === key);
        expect(order).toEqual([...order].sort((left, right) => left - right));
      }
      expect([lanes.size, lanes.running]).toEqual([0, 0]);
    }),
  );
});
