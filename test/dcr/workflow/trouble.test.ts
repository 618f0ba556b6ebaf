import { afterEach, expect, jest, test } from '@jest/globals';
import { MINUTE_MS } from '#runtime/clock.js';
import type { Run } from './run.js';
import { Site } from './site.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(180_000);

let site: Site;
afterEach(() => site.close());

/** What the notice in the thread says for this decision. */
const answer = (decision: string): string => {
  const notice = site.events.findLast(({ data }) => data.state === 'manual intervention required')?.data.message ?? '';
  expect(notice).toMatch(/^Manual intervention required, waiting /);
  expect(notice).toContain('docs/dcr.md#manual-intervention');
  return new RegExp(`^${decision}: (.*)$`, 'm').exec(notice)?.[1] ?? '';
};

async function failInTheRebuild(run: Run): Promise<void> {
  await site.begun(run, 'rebuilt');
  await site.sets.synchronizer.fault({ fault: 'fail', text: 'topology store is full' });
}

test('a rebuild that fails is not tried again: a person is asked, and without an answer in 30 minutes the run is aborted and farmers go down', async () => {
  site = await Site.open({ workflow: { interventionTimeout: '30m' } });
  const run = site.argo.submit('dcr-run');
  await failInTheRebuild(run);
  expect((await run.done).phase).toBe('Failed');
  expect(run.nodes.filter(({ displayName }) => displayName.startsWith('wait(')).at(-1)).toMatchObject({
    displayName: 'wait(0)',
    exitCode: 2,
  });
  const ask = run.node('ask');
  expect(((ask?.finishedMs ?? 0) - (ask?.startedMs ?? 0)) / MINUTE_MS).toBeGreaterThanOrEqual(30);
  expect(ask?.outputs.get('decision')).toBe('abort');
  expect(run.node('retry')?.phase).toBe('Skipped');

  expect(site.phases).toEqual(['', '', 'scale-up', 'cleanup']);
  expect(site.values).toMatchObject({ farmers: { enabled: false, replicas: 3 }, synchronizer: { enabled: true } });
  await site.until('the farmers to go', () => site.sets.count('dcr-farmer') === 0);
  // It stays for people to look at, and bears no label of a donor.
  expect([site.sets.count('dcr-synchronizer'), site.labels]).toEqual([1, {}]);
  expect(site.told.slice(-3)).toEqual(['update: manual intervention required', 'update: failed', 'resolved: failed']);
  expect(site.events.at(-1)?.data.message).toMatch(/RUN_FAILED: rebuilt: .*FAILED topology store is full/);
});

test('a person says abort: the run ends at once; farmers that were to be kept stay, and the schedule only reports them', async () => {
  site = await Site.open();
  const run = site.argo.submit('dcr-run', { keepFarmersOnFailure: 'true' });
  await failInTheRebuild(run);
  await site.begun(run, 'ask');
  site.argo.command(answer('abort'));
  expect([(await run.done).phase, run.node('abort')?.phase, run.node('farmers-down')?.phase]).toEqual(['Failed', 'Failed', 'Skipped']);
  expect((await site.argo.tick('dcr-schedule').done).phase).toBe('Succeeded');
  await site.said(/^reported: farmers are on .* was told to keep them/m);
  expect([site.values.farmers.enabled, site.sets.count('dcr-farmer'), site.phases.at(-1)]).toEqual([true, 3, 'scale-up']);
});

test('a rebuild that stands still for too long: a person mends it and says retry, and the run goes on to its end', async () => {
  site = await Site.open({ workflow: { rebuildStall: '1h' } });
  const run = site.argo.submit('dcr-run');
  await site.begun(run, 'rebuilt');
  await site.sets.synchronizer.fault({ fault: 'pause' });
  await site.begun(run, 'ask');
  expect(run.nodes.findLast(({ displayName }) => displayName === 'wait(0)')).toMatchObject({ exitCode: 4 });
  await site.sets.synchronizer.fault({ fault: 'resume' });
  site.argo.command(answer('retry'));
  expect((await run.done).phase).toBe('Succeeded');
  expect(run.nodes.filter(({ displayName, phase }) => displayName === 'retry' && phase === 'Succeeded')).toHaveLength(1);
  expect(site.told.at(-1)).toBe('resolved: done');
});

test('a person says proceed: the step counts as reached, the later ones still have to be', async () => {
  site = await Site.open({ workflow: { farmersWithin: '1s' } });
  site.sets.room = 1;
  const run = site.argo.submit('dcr-run');
  await site.begun(run, 'ask');
  site.argo.command(answer('proceed'));
  await site.begun(run, 'rebuilt');
  expect(run.node('recover')).toMatchObject({ phase: 'Succeeded' });
  site.sets.room = 3;
  expect((await run.done).phase).toBe('Succeeded');
  expect([run.node('retry')?.phase, run.node('abort')?.phase]).toEqual(['Skipped', 'Skipped']);
});

test('the git server is away, before the run and again when farmers shall go down: each is tried again until it is back', async () => {
  site = await Site.open();
  site.gitIsUp = false;
  const run = site.argo.submit('dcr-run');
  await site.until('a second try of preflight', () => run.node('preflight(1)'));
  expect(run.node('preflight(0)')).toMatchObject({ exitCode: 3 });
  site.gitIsUp = true;
  await site.begun(run, 'cache-written');
  site.gitIsUp = false;
  await site.until('a second try of the scale-down', () => run.node('scale-down(1)'));
  expect(site.sets.count('dcr-farmer')).toBe(3);
  site.gitIsUp = true;
  expect((await run.done).phase).toBe('Succeeded');
  expect(site.phases).toEqual(['', '', 'scale-up', 'scale-down']);
});

test('argo stop: the exit handler takes the farmers down and tells the thread', async () => {
  site = await Site.open();
  const run = site.argo.submit('dcr-run');
  await site.begun(run, 'rebuilt');
  run.stop();
  expect((await run.done).phase).toBe('Failed');
  expect([site.phases.at(-1), site.values.farmers.enabled, site.values.synchronizer.enabled]).toEqual(['cleanup', false, true]);
  expect(site.told.at(-1)).toBe('resolved: failed');
});
