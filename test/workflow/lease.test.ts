import { expect, test } from '@jest/globals';
import type { Progress } from '#runtime/journal/records.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { Bench, route, step } from '#test/workflow/bench.js';
import { NOW_MS } from '#test/workflow/fake-clock.js';

/** Acknowledgements of puts of steps are held back until `release`. */
function holdPuts(bench: Bench): { release(): Promise<void> } {
  const waiting: (() => void)[] = [];
  bench.written = () => new Promise((resolve) => void waiting.push(resolve));
  return {
    async release() {
      bench.written = async () => undefined;
      for (const resolve of waiting.splice(0)) resolve();
      await drainMicrotasks();
    },
  };
}

const progress = (bench: Bench, id: string): Progress | undefined => bench.read<Progress>(`i/e/0/${id}`);

/** One event whose first step is about to be called: its intent is not acknowledged yet. */
async function intending(...steps: Parameters<typeof step>[]): Promise<{ bench: Bench; release(): Promise<void> }> {
  const bench = new Bench(route({ actions: steps.map((one) => step(...one)) }));
  let puts = 0;
  let held: { release(): Promise<void> } = { release: async () => undefined };
  bench.written = async () => {
    puts += 1;
    if (puts === 1) held = holdPuts(bench);
  };
  await bench.take(bench.event('e'));
  return { bench, release: () => held.release() };
}

test('nothing is called when the partition may be lost by the time the intent is durable, and the step counts as not begun', async () => {
  const { bench, release } = await intending(['a']);
  expect(progress(bench, 'a')).toMatchObject({ state: 'intent', n: 1 });
  bench.mayStart = false;
  await release();
  expect(bench.calls).toEqual([]);
  expect(progress(bench, 'a')).toMatchObject({ state: 'retry', n: 0, reason: 'not-begun' });
  bench.mayStart = true;
  bench.partition.wake();
  await drainMicrotasks();
  expect(bench.calls).toEqual(['e.a']);
  expect(bench.probes).toEqual([]);
  expect(bench.outcome('e')).toBe('done');
});

test('an intent that took long is written again, so that whoever looks for the effect counts from its call', async () => {
  const { bench, release } = await intending(['a']);
  bench.script = () => new Promise(() => undefined);
  await bench.clock.pass(5_000);
  await release();
  expect(bench.calls).toEqual(['e.a']);
  expect(progress(bench, 'a')).toMatchObject({ state: 'intent', n: 1, firstMs: NOW_MS, lastMs: NOW_MS + 5_000 });
});

test('a journal that is always slow does not stop the work', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.written = () => new Promise((resolve) => void bench.clock.after(5_000, resolve));
  await bench.take(bench.event('e'));
  await bench.clock.pass(60_000);
  expect(bench.outcome('e')).toBe('done');
});

test('what an earlier owner tells while the intent is being written is not done again', async () => {
  const { bench, release } = await intending(['a'], ['b', { input: ({ steps }) => ({ ok: true, value: `saw ${String(steps.a)}` }) }]);
  bench.partition.late([{ eventId: 'e', branch: 0, step: 'a', settled: { state: 'done', atMs: NOW_MS, attempts: 1, out: 'theirs' } }]);
  await release();
  expect(bench.calls).toEqual(['saw theirs']);
  expect(bench.steps('e')).toEqual(['a:done:told-late', 'b:done']);
});

test('a run that is still being written down when the partition is ours again goes on', async () => {
  const bench = new Bench(route({ actions: [step('a', { when: () => ({ ok: true, value: false }) }), step('b')] }));
  bench.mayStart = false;
  let puts = 0;
  let held: { release(): Promise<void> } = { release: async () => undefined };
  bench.written = async () => {
    puts += 1;
    if (puts === 1) held = holdPuts(bench);
  };
  await bench.take(bench.event('e'));
  bench.mayStart = true;
  bench.partition.wake();
  await held.release();
  expect(bench.calls).toEqual(['e.b']);
  expect(bench.outcome('e')).toBe('done');
});
