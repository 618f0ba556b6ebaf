import { expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import type { CompiledRoute } from '#runtime/plan.js';
import { ActionError } from '#runtime/workflow/action.js';
import { Bench, route, step } from '#test/workflow/bench.js';

const DAY_MS = 86_400_000;
const at = (bench: Bench, id: string, phase: 'firing' | 'resolved', startsAt: string, endsAt = '2027-01-01T00:00:00Z') =>
  bench.event(id, { correlationid: 'c', phase, data: { startsAt, endsAt } });
const keys = (bench: Bench, prefix: string) => [...bench.disk.keys()].filter((key) => key.startsWith(prefix));
const readsThread = step('reply', { input: ({ incident }) => ({ ok: true, value: `reply to ${String(incident?.steps.root)}` }) });

/** `f` closes the incident that `e` opened, and hangs on until the returned function is called; `g` opens the next one meanwhile. */
async function replacedWhileClosing(): Promise<{ bench: Bench; release: () => void }> {
  const bench = new Bench(route({ actions: [step('root')], resolved: [step('slow'), readsThread] }, { name: 'r' }));
  let answer: (value: Json) => void = () => undefined;
  bench.script = (input) => (input === 'f.slow' ? new Promise((resolve) => (answer = resolve)) : `${input}!`);
  await bench.take(at(bench, 'e', 'firing', '2026-01-01T00:00:00Z'));
  await bench.take(at(bench, 'f', 'resolved', '2026-01-01T00:00:00Z', '2026-01-01T00:05:00Z'));
  await bench.take(at(bench, 'g', 'firing', '2026-01-01T00:06:00Z'));
  return { bench, release: () => answer('late') };
}

test('a closing run goes on with its own incident after a new one took its place', async () => {
  const { bench, release } = await replacedWhileClosing();
  expect(keys(bench, 'p/')).toEqual(['p/s:c/e']);
  release();
  await bench.clock.pass(0);
  expect(bench.calls).toEqual(['e.root', 'f.slow', 'reply to e.root!', 'g.root']);
  expect(keys(bench, 'p/')).toEqual([]);
  expect(bench.read<{ steps: Json }>('n/s:c')?.steps).toEqual({ r: { root: 'g.root!' } });
});

test('so does it after a restart', async () => {
  const { bench } = await replacedWhileClosing();
  bench.script = (input) => `${input}!`;
  bench.probe = () => 'found';
  await bench.restart();
  await bench.clock.pass(10_000);
  expect(bench.calls.slice(2)).toEqual(['reply to e.root!', 'g.root']);
  expect(keys(bench, 'p/')).toEqual([]);
});

test('a closed incident is not forgotten while a run of it waits for a person', async () => {
  const bench = new Bench(route({ actions: [step('root')], resolved: [step('bad', { onError: 'park' }), readsThread] }, { name: 'r' }));
  let isDown = true;
  bench.script = (input) => {
    if (input === 'f.bad' && isDown) throw new ActionError('known', 'refused', 'no', { retryable: false });
    return `${input}!`;
  };
  await bench.take(at(bench, 'e', 'firing', '2026-01-01T00:00:00Z'));
  await bench.take(at(bench, 'f', 'resolved', '2026-01-01T00:00:00Z'));
  await bench.clock.pass(DAY_MS);
  expect(keys(bench, 'n/')).toEqual(['n/s:c']);
  isDown = false;
  await bench.take(bench.event('cmd', { type: 'router.command', data: { kind: 'retry', target: 'f', by: 'me', reason: 'up again' } }));
  expect(bench.calls.at(-1)).toBe('reply to e.root!');
  await bench.clock.pass(DAY_MS);
  expect(keys(bench, 'n/')).toEqual([]);
});

test('a pass that another branch of the run used up is asked for again', async () => {
  const bench = new Bench(
    route({ actions: [step('a')] }, { name: 'r1', continue: true }),
    route({ actions: [step('b', { destination: 'other' }), step('c')] }, { name: 'r2', type: 't' }),
  );
  bench.gateRules = { ...bench.gateRules, concurrency: 1 };
  await bench.restart();
  const answers = new Map<string, (value: Json) => void>();
  bench.script = (input) => (/^(e.a|f.b)$/.test(input) ? new Promise((resolve) => answers.set(input, resolve)) : `${input}!`);
  await bench.take(bench.event('e', { partitionkey: 'k1' }), bench.event('f', { partitionkey: 'k2' }));
  answers.get('e.a')?.('a place is free, and given to f.a, while f.b is under way');
  await bench.clock.pass(0);
  answers.get('f.b')?.('f.c takes that place');
  await bench.clock.pass(0);
  expect(bench.outcome('f')).toBe('done');
  expect(bench.calls.filter((call) => call.startsWith('f.'))).toEqual(['f.b', 'f.c', 'f.a']);
});

test('an incident that no route takes stands all the same: its repeats repeat, its resolved closes it and is no orphan', async () => {
  const bench = new Bench(route({ actions: [step('a')] }, { type: 'another' }));
  await bench.take(at(bench, 'e', 'firing', '2026-01-01T00:00:00Z'));
  await bench.take(at(bench, 'f', 'firing', '2026-01-01T00:00:00Z'));
  await bench.restart();
  await bench.take(at(bench, 'g', 'resolved', '2026-01-01T00:00:00Z'));
  const ends = ['e', 'f', 'g'].map((id) => bench.read<{ m: string; o: string }>(`m/${id}`));
  expect(ends.map((end) => `${end?.m} ${end?.o}`)).toEqual(['opens unrouted', 'repeat repeat', 'closes unrouted']);
});

test('a repeat of an untaken incident is taken by a route that is there by now, and pins it', async () => {
  const bench = new Bench(route({ actions: [step('root')], resolved: [step('end')] }, { name: 'later', type: 'another' }));
  await bench.take(at(bench, 'e', 'firing', '2026-01-01T00:00:00Z'));
  bench.routes = [{ ...(bench.routes[0] as CompiledRoute), type: 't' }];
  await bench.take(at(bench, 'f', 'firing', '2026-01-01T00:00:00Z'));
  await bench.take(at(bench, 'g', 'resolved', '2026-01-01T00:00:00Z'));
  expect(bench.calls).toEqual(['f.root', 'g.end']);
});
