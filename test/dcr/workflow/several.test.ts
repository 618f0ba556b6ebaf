import { afterEach, expect, jest, test } from '@jest/globals';
import { Site } from './site.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(240_000);

let site: Site;
afterEach(() => site.close());

test('argo terminate runs no exit handler: the schedule takes the farmers down, not before, and leaves those that a person sets', async () => {
  site = await Site.open();
  const run = site.argo.submit('dcr-run');
  await site.begun(run, 'rebuilt');
  expect((await site.argo.tick('dcr-schedule').done).phase).toBe('Succeeded');
  await site.said(/^nothing to do: workflow dcr-run-0 of run \S+ is Running/m);
  run.terminate();
  expect((await run.done).phase).toBe('Failed');
  expect([site.phases.at(-1), site.sets.count('dcr-farmer')]).toEqual(['scale-up', 3]);

  expect((await site.argo.tick('dcr-schedule').done).phase).toBe('Succeeded');
  expect(site.remote.history()[0]).toMatchObject({ phase: 'reap', run: run.facts.uid });
  await site.until('the farmers to go', () => site.sets.count('dcr-farmer') === 0);
  expect(site.values).toMatchObject({ farmers: { enabled: false, replicas: 3 }, synchronizer: { enabled: true } });

  site.remote.edit((values) => values.replace(/farmers:\n {2}enabled: false/, 'farmers:\n  enabled: true'), 'by hand');
  expect((await site.argo.tick('dcr-schedule').done).phase).toBe('Succeeded');
  await site.said(/^reported: farmers are on .* set by hand by Ada/m);
  expect(site.values.farmers.enabled).toBe(true);
});

test('two submissions at once: the second waits for the first and then refuses, for a guardian stands; told to replace it, a third run releases it first', async () => {
  // Preflight waits 30 simulated minutes for a released synchronizer to go.
  site = await Site.open({ factor: 400 });
  const first = site.argo.submit('dcr-run');
  const second = site.argo.submit('dcr-run');
  await site.begun(first, 'rebuilt');
  expect([second.phase, second.nodes]).toEqual(['Pending', []]);
  expect((await first.done).phase).toBe('Succeeded');
  expect((await second.done).phase).toBe('Failed');
  expect(second.node('preflight(0)')).toMatchObject({
    exitCode: 2,
    message: expect.stringContaining('STANDS: pod dcr-synchronizer-0 of run') as never,
  });
  // Nothing of the first was touched, by its exit handler either.
  expect(second.node('farmers-down')?.phase).toBe('Succeeded');
  expect(site.phases).toEqual(['', '', 'scale-up', 'scale-down']);
  expect(site.labels['dcr.example.io/run']).toBe(first.facts.uid);

  const third = site.argo.submit('dcr-run', { replaceGuardian: 'true' });
  expect((await third.done).phase).toBe('Succeeded');
  expect(site.phases.slice(4)).toEqual(['release-guardian', 'scale-up', 'scale-down']);
  expect(site.labels).toEqual({ 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': third.facts.uid });
  // The _SUCCESS of the first run was there all the time: the third needed its farmers all the same.
  expect(site.sets.started.filter((name) => name.startsWith('dcr-farmer'))).toHaveLength(6);
  expect(site.values.dcr.runId).toBe(third.facts.uid);
});
