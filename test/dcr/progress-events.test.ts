import { expect, test } from '@jest/globals';
import { MINUTE_MS } from '#runtime/clock.js';
import type { Look } from '#runtime/dcr/look.js';
import { progressEvents } from '#runtime/dcr/progress-events.js';
import { type Notice, noticeOf, runEvents } from '#runtime/dcr/run-event.js';
import { dcrRunSchema } from '#runtime/event/types.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const LOOK: Look = {
  verdict: 'pending',
  seen: '',
  progress: { boot: 'b', state: 'WAITING_FOR_FARMERS', workUnits: 0, cacheBytes: 0 },
  farmers: 1,
  expectedFarmers: 20,
};

/** Looks every minute for so long; `tell` is what happens to each telling. */
async function look(minutes: number, tell: () => Promise<void>): Promise<{ told: string[]; said: string[] }> {
  const clock = new FakeClock();
  const told: string[] = [];
  const said: string[] = [];
  const onLook = progressEvents({
    everyMs: 15 * MINUTE_MS,
    clock,
    say: (line) => void said.push(line),
    tell: (facts) => {
      told.push(`${facts.state} ${facts.farmers}/${facts.expectedFarmers}`);
      return tell();
    },
  });
  for (let minute = 0; minute <= minutes; minute += 1) {
    onLook(LOOK);
    await clock.pass(MINUTE_MS);
    await drainMicrotasks();
  }
  return { told, said };
}

test('a long wait gives a sign of life every 15 minutes, also when nothing changes', async () => {
  expect((await look(60, () => Promise.resolve())).told).toEqual(Array.from({ length: 4 }, () => 'waiting for farmers 1/20'));
});

test('a router that is away ends no wait: it is said, and told again next time', async () => {
  const { told, said } = await look(30, () => Promise.reject(new Error('no answer')));
  expect(told).toHaveLength(2);
  expect(said).toEqual(['Progress not told: no answer', 'Progress not told: no answer']);
});

test('while one telling is under way no other begins', async () => {
  expect((await look(60, () => new Promise(() => undefined))).told).toHaveLength(1);
});

test.each([
  ['started', ['firing']],
  ['progress', ['update']],
  ['manual-intervention', ['update']],
  ['succeeded', ['resolved']],
  ['failed', ['update', 'resolved']],
] as const)('%s is told as %p, in data that the router has a schema for', (notice: Notice, phases) => {
  const events = runEvents({
    run: 'r-7',
    cluster: 'express-7',
    notice,
    id: 'i',
    time: '2026-01-31T12:00:00.000Z',
    percent: 42,
    message: 'm',
  });
  expect(events.map(({ phase }) => phase)).toEqual(phases);
  expect(new Set(events.map(({ id }) => id)).size).toBe(phases.length);
  for (const { data, source, correlationid } of events) {
    expect(dcrRunSchema.safeParse(data).success).toBe(true);
    expect([source, correlationid]).toEqual(['/dcr/express-7', 'r-7']);
  }
});

test("Argo's words for the end of a workflow are understood", () => {
  expect(['Succeeded', 'Failed', 'Error', 'Running'].map(noticeOf)).toEqual(['succeeded', 'failed', 'failed', undefined]);
});
