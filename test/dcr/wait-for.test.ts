import { expect, test } from '@jest/globals';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#runtime/clock.js';
import { DcrError } from '#runtime/dcr/dcr-error.js';
import type { Look } from '#runtime/dcr/look.js';
import { judgeNode } from '#runtime/dcr/node-phase.js';
import { readStatus } from '#runtime/dcr/node-status.js';
import { parsePhase } from '#runtime/dcr/phase.js';
import { type WaitOptions, waitFor } from '#runtime/dcr/wait-for.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const OPTIONS = {
  phase: 'rebuilt',
  timeoutMs: HOUR_MS,
  countsFrom: 'progress',
  pollMs: 10 * SECOND_MS,
  reportEveryMs: 5 * MINUTE_MS,
} as const;

/** Lets a wait run on a fake clock over a world that is a function of the hours passed. */
async function wait(look: (hours: number) => Look | Promise<Look>, options: Partial<WaitOptions> = {}, forMs = 40 * HOUR_MS) {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const said: string[] = [];
  const stop = new AbortController();
  let end: { reached?: Look; error?: DcrError; afterHours: number } | undefined;
  const hours = (): number => (clock.nowMs() - startMs) / HOUR_MS;
  waitFor(
    { sinceMs: startMs, ...OPTIONS, ...options },
    { clock, stop: stop.signal, say: (line) => void said.push(line), look: async () => await look(hours()) },
  ).then(
    (reached) => {
      end = { reached, afterHours: hours() };
    },
    (error: DcrError) => {
      end = { error, afterHours: hours() };
    },
  );
  await drainMicrotasks();
  for (let passedMs = 0; passedMs < forMs && end === undefined; passedMs += HOUR_MS / 4) await clock.pass(HOUR_MS / 4);
  return { end: end as { reached?: Look; error?: DcrError; afterHours: number } | undefined, said, stop, clock };
}

const node = (details: string, counters: Record<string, number> = {}): Look =>
  judgeNode(parsePhase('rebuilt') as never, readStatus({ code: 'ALIVE', details, counters }), 'r-1');
const rebuilding = (done: number, boot = 'b1'): Look =>
  node(`REBUILDING run=r-1 boot=${boot}`, { work_units_done: Math.floor(done), work_units_total: 3_000 });

test('a rebuild that moves for 30 h is not touched by a time-out of 1 h without progress', async () => {
  const { end, said } = await wait((hours) => (hours < 30 ? rebuilding(hours * 100) : node('WRITING_CACHE run=r-1 boot=b1')));
  expect(end?.reached).toMatchObject({ verdict: 'reached' });
  expect(end?.afterHours).toBeGreaterThanOrEqual(30);
  // It says how far it is every 5 min, not at each of its 10,800 looks.
  expect(said.length).toBeGreaterThan(300);
  expect(said.length).toBeLessThan(400);
  expect(said[100]).toMatch(/^rebuilt: .* of 1h without progress; the synchronizer says REBUILDING run=r-1 boot=b1; work units \d+\/3000$/);
});

test('a rebuild that stands still ends after 1 h without progress, and says what was seen last', async () => {
  const { end } = await wait((hours) => rebuilding(Math.min(hours, 5) * 100));
  expect(end?.error).toMatchObject({ code: 'TIMEOUT', exit: 4 });
  expect(end?.error?.message).toContain(
    'no progress for 1h. Seen last: the synchronizer says REBUILDING run=r-1 boot=b1; work units 500/3000',
  );
  expect(end?.afterHours).toBeCloseTo(6, 1);
});

test('units given back and done again are no progress', async () => {
  const { end } = await wait((hours) => rebuilding(hours < 2 ? hours * 100 : 150 + 50 * Math.abs(Math.sin(hours * 40))));
  expect(end?.error?.code).toBe('TIMEOUT');
  expect(end?.afterHours).toBeCloseTo(3, 0);
});

test('a synchronizer that was restarted begins anew and is waited for', async () => {
  const { end, said } = await wait((hours) =>
    hours < 5 ? rebuilding(hours * 100) : hours < 30 ? rebuilding((hours - 5) * 100, 'b2') : node('GUARDIAN run=r-1 boot=b2'),
  );
  expect(end?.reached?.verdict).toBe('reached');
  expect(said.filter((line) => line.includes('started anew'))).toEqual([
    'The synchronizer has started anew (1 of 5 times that count as progress).',
  ]);
});

test('one that restarts for ever is not waited for for ever, though it makes some progress each time', async () => {
  const { end } = await wait((hours) => rebuilding((hours % 0.5) * 100, `b${Math.floor(hours * 2)}`));
  expect(end?.error?.code).toBe('TIMEOUT');
  expect(end?.afterHours).toBeLessThan(5);
});

test('the time-out of a phase without progress counts from its start, and with --since from there', async () => {
  const standing = (): Look => ({ verdict: 'pending', seen: 'no' });
  const first = await wait(standing, { countsFrom: 'start', timeoutMs: 45 * MINUTE_MS });
  expect(first.end?.error?.code).toBe('TIMEOUT');
  expect(first.end?.afterHours).toBeCloseTo(0.75, 2);
  const again = await wait(standing, { countsFrom: 'start', timeoutMs: 45 * MINUTE_MS, sinceMs: new FakeClock().nowMs() - 40 * MINUTE_MS });
  expect(again.end?.afterHours).toBeCloseTo(5 / 60, 2);
});

test('what is reached at the very end of the time is reached', async () => {
  const { end } = await wait((hours) => ({ verdict: hours >= 0.75 ? 'reached' : 'pending', seen: '' }), {
    countsFrom: 'start',
    timeoutMs: 45 * MINUTE_MS,
  });
  expect(end?.reached?.verdict).toBe('reached');
});

test('a side that does not answer is waited out, shown, and no progress', async () => {
  const gone = (): never => {
    throw new DcrError('UNREACHABLE', 'GET /x: 503');
  };
  const back = await wait((hours) => (hours > 0.2 && hours < 0.9 ? gone() : hours < 1 ? rebuilding(hours) : node('GUARDIAN run=r-1')));
  expect(back.end?.reached?.verdict).toBe('reached');
  expect(back.said.some((line) => line.includes('could not look: GET /x: 503'))).toBe(true);
  const never = await wait(gone);
  expect(never.end?.error?.message).toContain('Seen last: could not look: GET /x: 503');
});

test('a failed run ends the wait at once with exit 2', async () => {
  const { end } = await wait((hours) => (hours < 1 ? rebuilding(hours) : node('FAILED out of disk run=r-1')));
  expect(end?.error).toMatchObject({ code: 'RUN_FAILED', exit: 2 });
  expect(end?.error?.message).toContain('out of disk');
  expect(end?.afterHours).toBeLessThan(1.1);
});

test('a wait that is told to stop ends with exit 3', async () => {
  const { stop, clock, end } = await wait(() => rebuilding(1), {}, HOUR_MS / 4);
  expect(end).toBeUndefined();
  stop.abort();
  await clock.pass(1);
  expect(clock.armed).toBe(0);
});

test('a mistake in the program is not waited out', async () => {
  const { end } = await wait(() => {
    throw new TypeError('x is not a function');
  });
  expect(end?.error).toBeInstanceOf(TypeError);
});
