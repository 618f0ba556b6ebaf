import { expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { ActionError } from '#runtime/workflow/action.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { Bench, route, step } from '#test/workflow/bench.js';
import { NOW_MS } from '#test/workflow/fake-clock.js';

const refused = (options: ConstructorParameters<typeof ActionError>[3] = {}): ActionError =>
  new ActionError('known', 'refused', 'no', options);
const lost = (): ActionError => new ActionError('unknown', 'answer-lost', 'no answer');
const never = (): Promise<Json> => new Promise(() => undefined);
const failing = (onError: 'stop' | 'continue' | 'park') => new Bench(route({ actions: [step('a', { onError }), step('b')] }));
const incident = (bench: Bench, id: string, phase: 'firing' | 'resolved') =>
  bench.event(id, { correlationid: 'c', phase, data: { startsAt: '2026-01-01T00:00:00Z', endsAt: '2026-01-01T00:05:00Z' } });
const command = (bench: Bench, id: string, kind: string, fields: { [key: string]: Json } = {}) =>
  bench.event(id, { type: 'router.command', data: { kind, target: 'e', by: 'me', reason: 'looked', ...fields } });

test('steps run in order, each reading what earlier ones returned', async () => {
  const reads = step('b', { input: ({ steps }) => ({ ok: true, value: `saw ${String(steps.a)}` }) });
  const bench = new Bench(route({ actions: [step('a'), reads] }));
  await bench.take(bench.event('e'));
  expect(bench.calls).toEqual(['e.a', 'saw e.a!']);
  expect(bench.outcome('e')).toBe('done');
  expect([...bench.disk.keys()].filter((key) => /^[aid]\//.test(key))).toEqual([]);
});

test.each([
  ['stop', 'failed', ['a:failed:refused', 'b:skipped:stopped'], 1],
  ['continue', 'done', ['a:failed:refused', 'b:done'], 2],
] as const)('onError %s: the run is %s', async (onError, outcome, steps, calls) => {
  const bench = failing(onError);
  bench.script = (input) => {
    if (input === 'e.a') throw refused({ retryable: false });
    return input;
  };
  await bench.take(bench.event('e'));
  expect(bench.outcome('e')).toBe(outcome);
  expect(bench.calls).toHaveLength(calls);
  expect(bench.steps('e')).toEqual(steps);
});

test('onError park: the run waits for a person and releases its key; a retry goes on', async () => {
  const bench = failing('park');
  let isDown = true;
  bench.script = (input) => {
    if (input === 'e.a' && isDown) throw refused({ retryable: false });
    return input;
  };
  await bench.take(bench.event('e'), bench.event('f'));
  expect(bench.partition.unfinishedByState()).toMatchObject({ parked: 1, running: 0 });
  expect(bench.outcome('f')).toBe('done');
  isDown = false;
  await bench.take(command(bench, 'cmd', 'retry'));
  expect(bench.outcome('e')).toBe('done');
  expect(bench.partition.conservation).toBe(0);
});

test('a false when skips; an error in when is a failure, never a silent skip; a missing output skips', async () => {
  const bench = new Bench(
    route({
      actions: [
        step('no', { when: () => ({ ok: true, value: false }) }),
        step('gone', { input: () => ({ ok: false, reason: 'missing-output', detail: 'x' }) }),
        step('bad', { when: () => ({ ok: false, reason: 'error', detail: 'x' }), onError: 'continue' }),
        step('good'),
      ],
    }),
  );
  await bench.take(bench.event('e'));
  expect(bench.steps('e')).toEqual(['no:skipped:when-false', 'gone:skipped:missing-output', 'bad:failed:when-error', 'good:done']);
});

test('a process that lost the partition while an intent was written does not call; if it has it after all, it calls once', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.mayStart = () => !bench.disk.has('i/e/0/a');
  await bench.take(bench.event('e'));
  expect(bench.read('i/e/0/a')).toMatchObject({ state: 'intent', n: 1 });
  expect(bench.calls).toEqual([]);
  bench.mayStart = () => true;
  bench.partition.wake();
  await drainMicrotasks();
  expect(bench.calls).toEqual(['e.a']);
  expect(bench.probes).toEqual([]);
  expect(bench.outcome('e')).toBe('done');
});

test('shadow routes plan and record and call nothing', async () => {
  const bench = new Bench(route({ actions: [step('a')] }, { mode: 'shadow' }));
  await bench.take(bench.event('e'));
  expect(bench.calls).toEqual([]);
  expect(bench.steps('e')).toEqual(['a:done:shadow']);
});

test('an unknown action or destination parks', async () => {
  for (const options of [{ use: 'nothing' }, { destination: 'nowhere' }]) {
    const bench = new Bench(route({ actions: [step('a', options)] }));
    await bench.take(bench.event('e'));
    expect(bench.partition.unfinishedByState().parked).toBe(1);
  }
});

test('once: within the window later runs get the output, after it they act again', async () => {
  const bench = new Bench(route({ actions: [step('a', { onceWithinMs: 60_000 })] }));
  await bench.take(bench.event('e'));
  await bench.take(bench.event('f'));
  expect([bench.calls, bench.steps('f')]).toEqual([['e.a'], ['a:done:once']]);
  await bench.clock.pass(60_000);
  await bench.take(bench.event('g'));
  expect(bench.calls).toEqual(['e.a', 'g.a']);
});

test('once: while the first outcome is unknown a later run skips; a known failure frees the claim', async () => {
  const bench = new Bench(route({ actions: [step('a', { onceWithinMs: 3_600_000, use: 'person' })] }));
  bench.script = () => {
    throw lost();
  };
  await bench.take(bench.event('e'), bench.event('f'));
  expect(bench.steps('f')).toEqual(['a:skipped:once']);
  const other = new Bench(route({ actions: [step('a', { onceWithinMs: 3_600_000 })] }));
  other.script = (input) => {
    if (input === 'e.a') throw refused({ retryable: false });
    return input;
  };
  await other.take(other.event('e'), other.event('f'));
  expect(other.calls).toEqual(['e.a', 'f.a']);
});

test('once: a parked step that a person sends again does not repeat what a later run did meanwhile', async () => {
  const bench = new Bench(route({ actions: [step('a', { onceWithinMs: 3_600_000, onError: 'park' })] }));
  bench.script = (input) => {
    if (input === 'e.a') throw refused({ retryable: false });
    return input;
  };
  await bench.take(bench.event('e'), bench.event('f'));
  await bench.take(command(bench, 'cmd', 'retry'));
  expect([bench.calls, bench.steps('e')]).toEqual([['e.a', 'f.a'], ['a:done:once']]);
});

test('a close skips what has not begun and retries that wait, except always, and frees the claim of once', async () => {
  const bench = new Bench(
    route({ actions: [step('a', { onceWithinMs: 3_600_000 }), step('b'), step('c', { always: true })], resolved: [step('r')] }),
  );
  bench.script = (input) => {
    if (input === 'e.a') throw refused();
    return input;
  };
  await bench.take(incident(bench, 'e', 'firing'));
  expect(bench.partition.unfinishedByState().waiting).toBe(1);
  await bench.take(incident(bench, 'f', 'resolved'));
  expect(bench.steps('e')).toEqual(['a:skipped:closed', 'b:skipped:closed', 'c:done']);
  expect(bench.calls).toEqual(['e.a', 'e.c', 'f.r']);
  expect([...bench.disk.keys()].filter((key) => key.startsWith('o/'))).toEqual([]);
});

test('an unknown outcome is looked up after settle, and not sent again when it is there', async () => {
  const bench = new Bench(route({ actions: [step('a'), step('b')] }));
  bench.script = (input) => {
    if (input === 'e.a') throw lost();
    return input;
  };
  bench.probe = (input) => `${input} found`;
  await bench.take(bench.event('e'));
  await bench.clock.pass(2_999);
  expect(bench.probes).toEqual([]);
  await bench.clock.pass(1);
  expect([bench.probes, bench.calls, bench.steps('e')]).toEqual([['e.a'], ['e.a', 'e.b'], ['a:done:probe', 'b:done']]);
});

test('a probe that finds nothing is followed by one more call, also when the budget makes it wait', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.perSecond = 1;
  await bench.restart();
  bench.script = (input) => {
    if (bench.calls.length === 1) throw lost();
    return input;
  };
  await bench.take(bench.event('e'));
  await bench.clock.pass(10_000);
  expect([bench.calls, bench.probes, bench.outcome('e')]).toEqual([['e.a', 'e.a'], ['e.a'], 'done']);
});

test('a refusal of a call sent again does not make an earlier unknown one known', async () => {
  const bench = new Bench(route({ actions: [step('a', { use: 'same' })] }));
  bench.script = () => {
    if (bench.calls.length === 1) throw lost();
    throw refused({ retryable: false });
  };
  await bench.take(bench.event('e'));
  await bench.clock.pass(10_000);
  expect(bench.partition.unfinishedByState().ambiguous).toBe(1);
});

test('ambiguous releases the key; resolve gives the step its output', async () => {
  const bench = new Bench(
    route({ actions: [step('a', { use: 'person' }), step('b', { input: ({ steps }) => ({ ok: true, value: String(steps.a) }) })] }),
  );
  bench.script = (input) => {
    if (input === 'e.a') throw lost();
    return input;
  };
  await bench.take(bench.event('e'), bench.event('f'));
  expect(bench.outcome('f')).toBe('done');
  await bench.take(command(bench, 'cmd', 'resolve', { output: 'told' }));
  expect(bench.calls.at(-1)).toBe('told');
  expect([bench.outcome('e'), bench.outcome('cmd')]).toEqual(['done', 'done']);
});

test('a retry waits for Retry-After and takes no running place meanwhile', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.places = 1;
  await bench.restart();
  bench.script = (input) => {
    if (bench.calls.length === 1) throw refused({ retryAfterMs: 20_000 });
    return input;
  };
  await bench.take(bench.event('e'));
  await bench.take(bench.event('f', { partitionkey: 'other', type: 'none' }));
  expect(bench.partition.unfinishedByState()).toMatchObject({ waiting: 1, running: 0 });
  await bench.clock.pass(19_999);
  expect(bench.calls).toHaveLength(1);
  await bench.clock.pass(1);
  expect(bench.outcome('e')).toBe('done');
});

test('runs of one key do not overlap: the next begins when the first is over', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  let answer: (value: Json) => void = () => undefined;
  bench.script = (input) => (input === 'e.a' ? new Promise((resolve) => (answer = resolve)) : input);
  await bench.take(bench.event('e'), bench.event('f'));
  expect(bench.calls).toEqual(['e.a']);
  answer('late');
  await bench.clock.pass(1);
  expect(bench.calls).toEqual(['e.a', 'f.a']);
});

test('a call that does not answer is given up at its time-out', async () => {
  const bench = new Bench(route({ actions: [step('a', { use: 'person', timeoutMs: 500 })] }));
  bench.script = never;
  await bench.take(bench.event('e'));
  await bench.clock.pass(500);
  expect(bench.partition.unfinishedByState().ambiguous).toBe(1);
});

test('re-reads change nothing; the same id elsewhere is a duplicate; quarantined, expired and unrouted end at once', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  await bench.take(bench.event('e'));
  await bench.partition.accept([{ offset: 0, event: bench.event('e') }]);
  expect(bench.partition.ledger.received).toBe(1);
  await bench.take(
    bench.event('e'),
    bench.event('q', { quarantine: '/x: bad' }),
    bench.event('old', { expirytime: new Date(NOW_MS).toISOString() }),
    bench.event('u', { type: 'none' }),
  );
  expect(bench.partition.ledger.outcomes).toEqual({ done: 1, duplicate: 1, quarantined: 1, expired: 1, unrouted: 1 });
  expect(bench.partition.conservation).toBe(0);
});

test('a nonce seen twice within its key is a duplicate; in another key it is not', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  await bench.take(
    bench.event('e', { nonce: 'n' }),
    bench.event('f', { nonce: 'n' }),
    bench.event('g', { nonce: 'n', partitionkey: 'other' }),
  );
  expect(['e', 'f', 'g'].map((id) => bench.outcome(id))).toEqual(['done', 'duplicate', 'done']);
});

test('an event id that is a prefix of another does not take its steps', async () => {
  const bench = new Bench(route({ actions: [step('a', { use: 'person' })] }));
  bench.script = () => {
    throw lost();
  };
  await bench.take(bench.event('e/0'), bench.event('e'));
  await bench.take(command(bench, 'cmd', 'abandon'));
  expect([bench.outcome('e'), bench.outcome('e/0')]).toEqual(['failed', undefined]);
  expect(bench.disk.has('i/e/0/0/a')).toBe(true);
});

test.each(['probed', 'same'])('killed after any put, a run of %s steps ends with each effect once', async (use) => {
  for (let puts = 0; puts < 12; puts += 1) {
    const bench = new Bench(route({ actions: ['a', 'b', 'c', 'd'].map((id) => step(id, { use })) }));
    const effects = new Map<string, number>();
    bench.script = (input) => {
      if (use === 'probed' || !effects.has(input)) effects.set(input, (effects.get(input) ?? 0) + 1);
      return input;
    };
    bench.probe = (input) => (effects.has(input) ? input : undefined);
    await bench.restart(puts);
    await bench.take(bench.event('e'));
    const next = await bench.restart();
    if (next === 0) await bench.partition.accept([{ offset: 0, event: bench.event('e') }]);
    await bench.clock.pass(60_000);
    expect([puts, bench.outcome('e'), [...effects]]).toEqual([
      puts,
      'done',
      [
        ['e.a', 1],
        ['e.b', 1],
        ['e.c', 1],
        ['e.d', 1],
      ],
    ]);
    expect([bench.partition.conservation, bench.partition.ledger.received]).toEqual([0, 1]);
  }
});

test('a command meets a run that this process has not looked at yet', async () => {
  const bench = failing('park');
  bench.script = (input) => {
    if (input === 'e.a') throw refused({ retryable: false });
    return input;
  };
  await bench.take(bench.event('e'));
  bench.script = (input) => input;
  bench.places = 0;
  await bench.restart();
  await bench.take(command(bench, 'cmd', 'abandon'));
  bench.places = 100;
  await bench.restart();
  expect([bench.outcome('cmd'), bench.outcome('e')]).toEqual(['done', 'failed']);
});

test('resolve claims once for the key: what a person says was done is not done again', async () => {
  const bench = new Bench(route({ actions: [step('a', { onceWithinMs: 3_600_000, use: 'person' })] }));
  bench.script = (input) => {
    if (input === 'e.a') throw lost();
    return input;
  };
  await bench.take(bench.event('e'));
  await bench.take(command(bench, 'cmd', 'resolve', { output: 'told' }));
  await bench.take(bench.event('f'));
  expect([bench.calls, bench.steps('f')]).toEqual([['e.a'], ['a:done:once']]);
});

test('claims of once are removed after their window, texts of routes that nothing pins at restore', async () => {
  const bench = new Bench(route({ actions: [step('a', { onceWithinMs: 60_000 })] }));
  await bench.take(bench.event('e'));
  const has = () => [...bench.disk.keys()].filter((key) => /^[ot]\//.test(key)).map((key) => key[0]);
  const trim = () => bench.partition.trim(86_400_000, { oldest: async () => [], read: async () => undefined, trim: async () => undefined });
  await bench.clock.pass(59_999);
  await trim();
  expect(has()).toEqual(['t', 'o']);
  await bench.clock.pass(3_600_000);
  await trim();
  expect(has()).toEqual(['t']);
  await bench.restart();
  expect(has()).toEqual([]);
});
