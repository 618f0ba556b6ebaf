import { expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import type { Progress } from '#runtime/journal/records.js';
import { ActionError, Ongoing } from '#runtime/workflow/action.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { Bench, route, type StepOptions, step } from '#test/workflow/bench.js';

const AGAIN_MS = 5_000;
const HOUR_MS = 3_600_000;
const under = (memo: Json): Ongoing => new Ongoing(memo, AGAIN_MS, 'It runs.');
const incident = (bench: Bench, id: string, phase: 'firing' | 'resolved') =>
  bench.event(id, { correlationid: 'c', phase, data: { startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-01T00:05:00Z' } });

/** A bench whose step `a` submits work that is over after so many looks, and whose step `b` reads its output. */
function working(looks: number, options: StepOptions = {}): Bench {
  const after = step('b', { input: ({ steps }) => ({ ok: true, value: `saw ${String(steps.a)}` }) });
  const bench = new Bench(route({ actions: [step('a', { use: 'person', ...options }), after], resolved: [step('r')] }));
  bench.script = (input) => (input.endsWith('.a') ? under({ task: input }) : input);
  bench.look = (memo) => (bench.looks.length > looks ? 'over' : under(memo));
  return bench;
}

test('work under way is looked at in its time, without a running place, and gives its output when it is over', async () => {
  const bench = working(2);
  bench.places = 1;
  await bench.restart();
  await bench.take(bench.event('e'), bench.event('f', { partitionkey: 'other' }));
  expect([bench.calls, bench.partition.unfinishedByState()]).toEqual([['e.a', 'f.a'], { running: 0, waiting: 2, parked: 0, ambiguous: 0 }]);
  await bench.clock.pass(AGAIN_MS - 1);
  expect(bench.looks).toEqual([]);
  await bench.clock.pass(1);
  expect(bench.looks).toEqual([{ task: 'e.a' }, { task: 'f.a' }]);
  await bench.clock.pass(2 * AGAIN_MS);
  expect(bench.calls).toEqual(['e.a', 'f.a', 'saw over', 'saw over']);
  expect([bench.outcome('e'), bench.outcome('f')]).toEqual(['done', 'done']);
});

test.each(['person', 'same', 'probed'])(
  'killed after any put, work of a step settled by %s is submitted again only where that is safe',
  async (use) => {
    for (let puts = 0; puts < 8; puts += 1) {
      const bench = working(2, { use });
      const submitted = new Map<string, number>();
      bench.script = (input) => {
        if (!input.endsWith('.a')) return input;
        // A target that knows the key, and one that does not.
        if (use !== 'same' || !submitted.has(input)) submitted.set(input, (submitted.get(input) ?? 0) + 1);
        return under({ task: input });
      };
      bench.probe = (input) => (submitted.has(input) ? 'found' : undefined);
      await bench.restart(puts);
      await bench.take(bench.event('e'));
      await bench.clock.pass(3 * AGAIN_MS);
      const next = await bench.restart();
      if (next === 0) await bench.partition.accept([{ offset: 0, event: bench.event('e') }]);
      await drainMicrotasks();
      await bench.clock.pass(10 * AGAIN_MS);
      expect([puts, submitted.get('e.a')]).toEqual([puts, 1]);
      expect([puts, bench.outcome('e') ?? bench.read<Progress>('i/e/0/a')?.state]).toEqual([
        puts,
        // Between submission and memo nobody knows: that is an unknown outcome like any other.
        use === 'person' && puts === 2 ? 'ambiguous' : 'done',
      ]);
    }
  },
);

test('the memo is durable before anything else is called', async () => {
  const bench = working(0);
  await bench.take(bench.event('e'));
  expect(bench.read<Progress>('i/e/0/a')).toMatchObject({ state: 'ongoing', n: 1, memo: { task: 'e.a' }, detail: 'It runs.' });
  expect([bench.looks, bench.calls]).toEqual([[], ['e.a']]);
});

test('looks that fail come rarer and end nothing; one that works sets the pace again', async () => {
  const bench = working(99);
  await bench.take(bench.event('e'));
  const startMs = bench.clock.nowMs();
  const atSeconds: number[] = [];
  bench.look = (memo) => {
    atSeconds.push(Math.round((bench.clock.nowMs() - startMs) / 1_000));
    if (atSeconds.length === 6) return under(memo);
    throw new ActionError(atSeconds.length % 2 === 0 ? 'known' : 'unknown', 'http-5xx', 'no');
  };
  await bench.clock.pass(300_000);
  expect(atSeconds.slice(0, 8)).toEqual([5, 15, 45, 105, 165, 225, 230, 240]);
  expect(bench.calls).toEqual(['e.a']);
});

test('a look that is asked to wait waits', async () => {
  const bench = working(99);
  await bench.take(bench.event('e'));
  bench.look = () => {
    throw new ActionError('known', 'rate-limited', 'no', { status: 429, retryAfterMs: 100_000 });
  };
  await bench.clock.pass(AGAIN_MS + 99_999);
  expect(bench.looks).toHaveLength(1);
  await bench.clock.pass(1);
  expect(bench.looks).toHaveLength(2);
});

test.each([
  ['stop', 'failed', ['a:failed:task-failed', 'b:skipped:stopped']],
  ['continue', 'done', ['a:failed:task-failed', 'b:skipped:missing-output']],
] as const)('work that ended badly fails the step, and is not submitted again: onError %s', async (onError, outcome, steps) => {
  const after = step('b', { input: () => ({ ok: false, reason: 'missing-output', detail: 'a' }) });
  const bench = new Bench(route({ actions: [step('a', { use: 'same', onError }), after] }));
  bench.script = under;
  bench.look = () => {
    throw new ActionError('known', 'task-failed', 'It failed.', { retryable: false });
  };
  await bench.take(bench.event('e'));
  await bench.clock.pass(HOUR_MS);
  expect([bench.outcome('e'), bench.steps('e'), bench.calls]).toEqual([outcome, steps, ['e.a']]);
});

test('retry.maxAge bounds the wait: there is a last look at its end, and then the step has failed', async () => {
  const bench = working(99_999, { retry: { backoffMs: 1_000, maxBackoffMs: 60_000, maxAgeMs: 12_000 } });
  await bench.take(bench.event('e'));
  await bench.clock.pass(HOUR_MS);
  expect([bench.looks.length, bench.steps('e'), bench.calls]).toEqual([3, ['a:failed:max-age', 'b:skipped:stopped'], ['e.a']]);
});

test('a step that was parked because the wait took too long is looked at again when a person retries it, not submitted again', async () => {
  const bench = working(3, { onError: 'park', retry: { backoffMs: 1_000, maxBackoffMs: 60_000, maxAgeMs: 12_000 } });
  await bench.take(bench.event('e'));
  await bench.clock.pass(HOUR_MS);
  expect(bench.partition.unfinishedByState()).toMatchObject({ parked: 1, waiting: 0 });
  await bench.take(bench.event('cmd', { type: 'router.command', data: { kind: 'retry', target: 'e', by: 'me', reason: 'over now' } }));
  expect([bench.calls, bench.looks.length, bench.outcome('e')]).toEqual([['e.a', 'saw over'], 4, 'done']);
});

test('a step whose work ended badly is submitted again when a person retries it', async () => {
  const bench = working(0, { onError: 'park' });
  bench.look = () => {
    throw new ActionError('known', 'task-failed', 'It failed.', { retryable: false });
  };
  await bench.take(bench.event('e'));
  await bench.clock.pass(AGAIN_MS);
  bench.look = () => 'over';
  await bench.take(bench.event('cmd', { type: 'router.command', data: { kind: 'retry', target: 'e', by: 'me', reason: 'mended' } }));
  await bench.clock.pass(AGAIN_MS);
  expect([bench.calls, bench.outcome('e')]).toEqual([['e.a', 'e.a', 'saw over'], 'done']);
});

test('once: the claim stands while the work is under way and when it ended badly; later runs get the output when it is over', async () => {
  const bench = working(1, { onceWithinMs: HOUR_MS });
  await bench.take(bench.event('e'));
  await bench.clock.pass(2 * AGAIN_MS);
  await bench.take(bench.event('f'));
  expect([bench.outcome('f'), bench.steps('f')[0]]).toEqual(['done', 'a:done:once']);
  const bad = working(0, { onceWithinMs: HOUR_MS });
  bad.look = () => {
    throw new ActionError('known', 'task-failed', 'It failed.', { retryable: false });
  };
  await bad.take(bad.event('e'));
  await bad.clock.pass(AGAIN_MS);
  await bad.take(bad.event('f'));
  expect([bad.calls.filter((call) => call.endsWith('.a')), bad.steps('f')[0]]).toEqual([['e.a'], 'a:skipped:once']);
});

test('a close does not end the wait for work that was submitted; what follows is skipped, and then the close runs', async () => {
  const bench = working(2, { onceWithinMs: HOUR_MS });
  await bench.take(incident(bench, 'e', 'firing'));
  await bench.take(incident(bench, 'f', 'resolved'));
  expect([bench.calls, bench.outcome('f')]).toEqual([['e.a'], undefined]);
  await bench.clock.pass(3 * AGAIN_MS);
  expect(bench.steps('e')).toEqual(['a:done', 'b:skipped:closed']);
  expect([bench.calls, bench.outcome('f')]).toEqual([['e.a', 'f.r'], 'done']);
});

test('the wait goes on in the next process where it stood, without looking early', async () => {
  const bench = working(1);
  await bench.take(bench.event('e'));
  await bench.clock.pass(2_000);
  await bench.restart();
  await bench.clock.pass(2_999);
  expect(bench.looks).toEqual([]);
  await bench.clock.pass(1);
  expect(bench.looks).toEqual([{ task: 'e.a' }]);
  await bench.clock.pass(AGAIN_MS);
  expect([bench.outcome('e'), bench.calls]).toEqual(['done', ['e.a', 'saw over']]);
});

test('a run that a person set going again does not pass work of its key that is under way, after a restart neither', async () => {
  const bench = working(2, { onError: 'park' });
  bench.script = (input) => {
    if (input === 'e.a' && bench.calls.length === 1) throw new ActionError('known', 'http-400', 'no', { retryable: false });
    return input.endsWith('.a') ? under({ task: input }) : input;
  };
  await bench.take(bench.event('e'), bench.event('f'));
  await bench.take(bench.event('cmd', { type: 'router.command', data: { kind: 'retry', target: 'e', by: 'me', reason: 'mended' } }));
  await bench.restart();
  expect(bench.calls).toEqual(['e.a', 'f.a']);
  await bench.clock.pass(3 * AGAIN_MS);
  expect(bench.calls).toEqual(['e.a', 'f.a', 'saw over', 'e.a']);
});
