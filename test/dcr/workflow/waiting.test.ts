import { afterEach, expect, jest, test } from '@jest/globals';
import { HOUR_MS, MINUTE_MS } from '#runtime/clock.js';
import { askNode } from '#runtime/dcr/probe-node.js';
import { until } from '#test/support/processes.js';
import { Site } from './site.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(180_000);

let site: Site;
afterEach(() => site.close());

const asked = (): string[] => site.told.filter((line) => line.includes('intervention'));

test('too few farmers for a while: the run waits, visibly, and goes on when there are enough', async () => {
  site = await Site.open();
  site.sets.room = 1;
  const run = site.argo.submit('dcr-run');
  await site.said(/WAITING_FOR_FARMERS 1\/2/);
  const fromMs = site.cluster.clock.nowMs();
  await site.until('an hour of waiting', () => site.cluster.clock.nowMs() - fromMs > HOUR_MS);
  expect([run.phase, run.node('farmers')?.phase, run.node('rebuilt')]).toEqual(['Running', 'Running', undefined]);
  site.sets.room = 3;
  expect([(await run.done).phase, asked()]).toEqual(['Succeeded', []]);
  // A wait that lasts gives a sign of life.
  expect(site.told).toContain('update: waiting for farmers');
});

test('a rebuild of 30 h that moves is not touched, though 10 h of standstill would end it; its wait is evicted in between and goes on', async () => {
  site = await Site.open({
    factor: 10_000,
    values: { farmers: { replicas: 2 } },
    workflow: { rebuildStall: '10h' },
    times: { units: 4_800, tickMs: 4 * MINUTE_MS, heartbeatMs: 60 * MINUTE_MS },
  });
  const run = site.argo.submit('dcr-run');
  await site.begun(run, 'rebuilt');
  await site.until('the wait for the rebuild to look', () => /rebuilt: .*REBUILDING/.test(site.pods.at(-1)?.child.output ?? ''));
  await site.pods.at(-1)?.child.kill('SIGKILL');
  expect((await run.done).phase).toBe('Succeeded');
  const [from, to] = [run.node('farmers')?.startedMs ?? 0, run.node('rebuilt')?.finishedMs ?? 0];
  expect((to - from) / HOUR_MS).toBeGreaterThan(30);
  expect(asked()).toEqual([]);
  expect(run.nodes.filter(({ phase }) => phase === 'Error').map(({ displayName, exitCode }) => [displayName, exitCode])).toEqual([
    ['wait(0)', -1],
  ]);
});

test('a person who raises replicas in the middle of a balanced run is respected: more farmers join, and the number stays', async () => {
  site = await Site.open({ values: { dcr: { mode: 'balance' } }, times: { units: 900 } });
  const run = site.argo.submit('dcr-run');
  await site.said(/rebuilt: .*REBUILDING/);
  site.remote.edit((values) => values.replace('replicas: 3', 'replicas: 5'), 'more farmers');
  await site.until('five farmers', () => site.sets.count('dcr-farmer') === 5);
  await until('the late one to have work', async () => {
    const { port } = site.sets.node('dcr-farmer-4');
    const address = { host: '127.0.0.1', port, transport: 'framed', protocol: 'binary' } as const;
    const { state } = await askNode(address, { timeoutMs: 5_000, connectTimeoutMs: 1_000 });
    return state === 'WORKING' || undefined;
  });
  expect((await run.done).phase).toBe('Succeeded');
  expect(site.values.farmers).toEqual({ enabled: false, replicas: 5 });
  expect(site.phases).toEqual(['', '', 'scale-up', '', 'scale-down']);
});
