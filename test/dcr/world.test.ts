import { afterEach, expect, test } from '@jest/globals';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '#runtime/clock.js';
import type { NodeState } from '#runtime/dcr/node-status.js';
import { World, type WorldOptions } from '#test/dcr/world.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const SYNC = 'dcr-synchronizer-0';
/** The chart as it is meant to be: not-ready addresses published, gate before registering, a patient pump. */
const FIXED = { publishNotReady: true, dnsGate: true, pumpPatienceMs: 60 * SECOND_MS };
/** As it is today: DNS waits for readiness, nodes register at once, the pump has no patience. */
const TODAY = { publishNotReady: false, dnsGate: false, pumpPatienceMs: 0 };

const worlds: World[] = [];
afterEach(() => {
  for (const world of worlds.splice(0)) world.stop();
});

function open(options: Partial<WorldOptions>): { world: World; clock: FakeClock } {
  const clock = new FakeClock();
  const world = new World({ clock, ...FIXED, ...options });
  worlds.push(world);
  return { world, clock };
}

/** Lets time pass until the synchronizer is in this state; how long it took. */
async function until(world: World, clock: FakeClock, state: NodeState, withinMs: number): Promise<number> {
  const startMs = clock.nowMs();
  while (world.pods.get(SYNC)?.node?.state !== state) {
    if (clock.nowMs() - startMs > withinMs)
      throw new Error(`${SYNC} is ${world.pods.get(SYNC)?.node?.state}, not ${state}, after ${withinMs} ms`);
    await clock.pass(10 * SECOND_MS);
  }
  return clock.nowMs() - startMs;
}

test('the deadlock: when DNS waits for readiness, the pump breaks the synchronizer again and again', async () => {
  const { world, clock } = open(TODAY);
  world.scale('synchronizer', 1);
  await clock.pass(HOUR_MS);
  expect(world.pods.get(SYNC)?.container.restarts.exit).toBeGreaterThan(5);
  expect(world.status(SYNC)?.state ?? 'none').not.toBe('WAITING_FOR_FARMERS');
});

test('property 1: with not-ready addresses published, the gate and a patient pump the same synchronizer registers and stays', async () => {
  const { world, clock } = open(FIXED);
  world.scale('synchronizer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', 20 * MINUTE_MS);
  await clock.pass(HOUR_MS);
  expect(world.restarts()).toBe(0);
  const [entry] = await world.topology.nodes();
  expect(entry).toMatchObject({ broken: undefined, reachedMs: expect.any(Number) as never });
});

test('the gate alone does not help while DNS waits for readiness: readiness waits for the registration that waits for DNS', async () => {
  const { world, clock } = open({ ...FIXED, publishNotReady: false });
  world.scale('synchronizer', 1);
  await clock.pass(2 * HOUR_MS);
  expect(await world.topology.nodes()).toEqual([]);
  expect(world.pods.get(SYNC)?.container.restarts.startup).toBeGreaterThan(2);
});

test.each([
  [60 * SECOND_MS, true],
  [0, false],
])(
  'a node without the gate, whose name appears 20 s late: a pump with a patience of %i ms leaves it alone: %s',
  async (pumpPatienceMs, isLeftAlone) => {
    const { world, clock } = open({
      publishNotReady: true,
      dnsGate: false,
      dnsLagMs: 20 * SECOND_MS,
      pumpPatienceMs,
      times: { bootMs: SECOND_MS },
    });
    world.scale('synchronizer', 1);
    await clock.pass(2 * MINUTE_MS);
    expect(world.restarts() === 0).toBe(isLeftAlone);
  },
);

test.each([
  ['WAITING_FOR_FARMERS', () => undefined],
  ['PAUSED_MANUAL', (world: World) => world.node(SYNC).pause()],
] as const)('property 4: 24 h of %s are 0 restarts, ready and alive all the time', async (state, act) => {
  const { world, clock } = open({ properties: { minFarmers: 2 } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', 20 * MINUTE_MS);
  act(world);
  await clock.pass(5 * MINUTE_MS);
  for (let hour = 0; hour < 24; hour += 1) {
    await clock.pass(HOUR_MS);
    expect(world.status(SYNC)?.state).toBe(state);
    expect([...world.pods.values()].map(({ container }) => container.ready)).toEqual([true, true]);
  }
  expect(world.restarts()).toBe(0);
});

test('property 4: a synchronizer that hangs is killed by liveness after 10 minutes, so that the model can see a kill', async () => {
  const { world, clock } = open({});
  world.scale('synchronizer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', 20 * MINUTE_MS);
  world.node(SYNC).hung = true;
  await clock.pass(9 * MINUTE_MS);
  expect(world.restarts()).toBe(0);
  await clock.pass(90 * SECOND_MS);
  expect(world.pods.get(SYNC)?.container.restarts.liveness).toBe(1);
});

test('property 8: with one farmer of two it waits, for a day and visibly; with the second it starts; in balance a third joins', async () => {
  const { world, clock } = open({ properties: { mode: 'balance', minFarmers: 2, expectedFarmers: 3 } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', HOUR_MS);
  await clock.pass(24 * HOUR_MS);
  expect(world.status(SYNC)).toMatchObject({
    state: 'WAITING_FOR_FARMERS',
    text: expect.stringMatching(/^WAITING_FOR_FARMERS 1\/2 run=r-1/) as never,
  });
  world.scale('farmer', 2);
  await until(world, clock, 'REBUILDING', 10 * MINUTE_MS);
  await clock.pass(MINUTE_MS);
  world.scale('farmer', 3);
  await clock.pass(10 * MINUTE_MS);
  expect(world.status('dcr-farmer-2')?.state).toBe('WORKING');
});

test('property 8: in static mode it starts with all requested; a later one never joins', async () => {
  const { world, clock } = open({ properties: { mode: 'static', expectedFarmers: 3 } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 3);
  await until(world, clock, 'REBUILDING', HOUR_MS);
  expect(world.status(SYNC)?.counters.farmers_registered).toBe(3);
  world.properties = { ...world.properties, expectedFarmers: 4 };
  world.scale('farmer', 4);
  await clock.pass(HOUR_MS);
  expect(world.status('dcr-farmer-2')?.state).toBe('WORKING');
  expect(world.status('dcr-farmer-3')?.state).toBe('REGISTERED');
});

test('property 8: in static mode it starts after waitForExpected with the minimum, and names who is left out', async () => {
  const { world, clock } = open({ properties: { mode: 'static', expectedFarmers: 4, waitForExpected: '10m' } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 2);
  await until(world, clock, 'WAITING_FOR_FARMERS', HOUR_MS);
  const tookMs = await until(world, clock, 'REBUILDING', HOUR_MS);
  expect(tookMs).toBeGreaterThan(8 * MINUTE_MS);
  expect(tookMs).toBeLessThan(11 * MINUTE_MS);
  expect(world.status(SYNC)?.text).toContain('left_out=dcr-farmer-2,dcr-farmer-3');
});

test('scale 2 → 4 in the middle of a balanced rebuild is taken up, and it is done sooner', async () => {
  const rebuild = async (more: boolean): Promise<number> => {
    const { world, clock } = open({ properties: { mode: 'balance', expectedFarmers: 2 }, times: { units: 600 } });
    world.scale('synchronizer', 1);
    world.scale('farmer', 2);
    await until(world, clock, 'REBUILDING', HOUR_MS);
    if (more) world.scale('farmer', 4);
    return await until(world, clock, 'WRITING_CACHE', 24 * HOUR_MS);
  };
  const [two, four] = [await rebuild(false), await rebuild(true)];
  expect(two / HOUR_MS).toBeCloseTo(5, 0);
  expect(four).toBeLessThan(0.6 * two);
});

test('farmers above maxFarmers are not taken, and a lost one makes room', async () => {
  const { world, clock } = open({ properties: { maxFarmers: 2 } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 3);
  await until(world, clock, 'REBUILDING', HOUR_MS);
  await clock.pass(MINUTE_MS);
  const working = (): string[] => [0, 1, 2].map((n) => `dcr-farmer-${n}`).filter((name) => world.status(name)?.state === 'WORKING');
  expect(working()).toHaveLength(2);
  world.remove(working()[0] as string);
  await clock.pass(2 * MINUTE_MS);
  expect(working()).toHaveLength(2);
});

test('a farmer lost from a static rebuild holds its share until it is back; nothing falls back to a rebuild without it', async () => {
  const { world, clock } = open({ properties: { mode: 'static', expectedFarmers: 2 }, times: { units: 60 } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 2);
  await until(world, clock, 'REBUILDING', HOUR_MS);
  world.remove('dcr-farmer-1');
  await clock.pass(12 * HOUR_MS);
  expect(world.status(SYNC)).toMatchObject({ state: 'REBUILDING' });
  expect(world.status(SYNC)?.counters.work_units_done).toBeLessThan(40);
  world.scale('farmer', 2);
  await until(world, clock, 'WRITING_CACHE', 2 * HOUR_MS);
});

test('farmers of another run are not counted', async () => {
  const { world, clock } = open({});
  world.properties = { ...world.properties, runId: 'r-0' };
  world.scale('farmer', 2);
  await clock.pass(10 * MINUTE_MS);
  world.properties = { ...world.properties, runId: 'r-1' };
  world.scale('synchronizer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', HOUR_MS);
  await clock.pass(HOUR_MS);
  expect(world.status(SYNC)?.counters.farmers_registered).toBe(0);
});

test('a guardian restarted without farmers reads the cache of its run and serves again', async () => {
  const { world, clock } = open({ times: { units: 60, partMs: MINUTE_MS } });
  world.scale('synchronizer', 1);
  world.scale('farmer', 2);
  await until(world, clock, 'GUARDIAN', 4 * HOUR_MS);
  world.scale('farmer', 0);
  world.remove(SYNC);
  world.scale('synchronizer', 1);
  const tookMs = await until(world, clock, 'GUARDIAN', HOUR_MS);
  expect(tookMs).toBeLessThan(20 * MINUTE_MS);
  expect(world.status(SYNC)).toMatchObject({ run: 'r-1' });
});

test('a manifest of another run is no cache of this one: it rebuilds and waits', async () => {
  const { world, clock } = open({});
  world.cache.manifest = {
    runId: 'r-0',
    dataset: '1',
    rows: 1,
    writtenAt: '2026-01-01T00:00:00Z',
    objects: [{ key: 'r-0/part-00000', bytes: 1 }],
  };
  world.scale('synchronizer', 1);
  await until(world, clock, 'WAITING_FOR_FARMERS', HOUR_MS);
  expect(world.status(SYNC)).toMatchObject({ run: 'r-1', state: 'WAITING_FOR_FARMERS' });
});
