import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { Installation, selects } from '#test/dcr/chart/installation.js';
import { PROPERTIES } from '#test/dcr/properties.js';
import type { Run } from './run.js';
import { Site } from './site.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(180_000);

const MANIFEST = `${PROPERTIES.cache.bucket}/${PROPERTIES.cache.prefix}/_SUCCESS`;
const STALE = { runId: 'r-0', dataset: '1', rows: 1, writtenAt: '2026-01-01T00:00:00Z', objects: [{ key: 'r-0/part-00000', bytes: 1 }] };

let site: Site;
let run: Run;
const manifestRun = (): string => (JSON.parse(site.cluster.s3.objects.get(MANIFEST)?.toString() ?? '{}') as { runId: string }).runId;
const farmersStarted = (): number => site.sets.started.filter((name) => name.startsWith('dcr-farmer')).length;

beforeAll(async () => {
  site = await Site.open({ workflow: { interventionTimeout: '30m' } });
  // A cache of an earlier run: it proves nothing for this one.
  site.cluster.s3.objects.set(MANIFEST, Buffer.from(JSON.stringify(STALE)));
  site.cluster.s3.objects.set('cache/express-7/r-0/part-00000', Buffer.alloc(1));
  run = site.argo.submit('dcr-run');
  await run.done;
}, 120_000);
afterAll(() => site.close());

test('a run succeeds, from preflight to the guardian, with nobody asked; git is the only writer of scale', () => {
  expect([run.phase, run.nodes.filter(({ phase }) => phase === 'Failed' || phase === 'Error')]).toEqual(['Succeeded', []]);
  expect(site.phases).toEqual(['', '', 'scale-up', 'scale-down']);
  expect(
    new Set(
      site.remote
        .history()
        .slice(0, 2)
        .map(({ run: of }) => of),
    ),
  ).toEqual(new Set([run.facts.uid]));
  expect(site.values).toMatchObject({
    farmers: { enabled: false, replicas: 3 },
    synchronizer: { enabled: true },
    dcr: { runId: run.facts.uid },
  });
  expect(run.node('recover')?.phase).toBe('Skipped');
});

test('all farmers were started once and at once; they went after the cache was proven written for this run, the stale _SUCCESS notwithstanding', () => {
  expect([...site.sets.started].sort()).toEqual(['dcr-farmer-0', 'dcr-farmer-1', 'dcr-farmer-2', 'dcr-synchronizer-0']);
  expect(site.sets.count('dcr-farmer')).toBe(0);
  expect(manifestRun()).toBe(run.facts.uid);
  const [written, down] = [run.node('cache-written'), run.node('scale-down')];
  expect(written?.phase).toBe('Succeeded');
  expect(written?.finishedMs ?? Number.NaN).toBeLessThanOrEqual(down?.startedMs ?? Number.NaN);
});

test('the run is one thread: opened, told its end, and a sign of life when it lasts', () => {
  expect(site.told[0]).toBe('firing: started');
  expect(site.told.at(-1)).toBe('resolved: done');
  expect(new Set(site.events.map(({ correlationid }) => correlationid))).toEqual(new Set([run.facts.uid]));
});

test('the guardian is the donor: its labels are what the donor Service selects', () => {
  expect(site.labels).toEqual({ 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': run.facts.uid });
  const chart = new Installation();
  const { selector } = (chart.get('Service', 'dcr-donor') as unknown as { spec: { selector: Record<string, string> } }).spec;
  expect(selects(selector, chart.set('synchronizer').spec.template.metadata.labels)).toBe(false);
  expect(selects(selector, { ...chart.set('synchronizer').spec.template.metadata.labels, ...site.labels })).toBe(true);
});

test('a guardian whose pod is replaced reads the cache of its run and is labelled again by the schedule, with no farmers and no commit', async () => {
  const [tip, farmers] = [site.remote.tip, farmersStarted()];
  site.sets.deletePod('dcr-synchronizer-0');
  await site.until('another pod', () => Object.keys(site.labels).length === 0 && site.sets.count('dcr-synchronizer') === 1);
  for (let tick = 0; tick < 60 && site.labels['dcr.example.io/state'] !== 'guardian'; tick += 1)
    expect((await site.argo.tick('dcr-schedule').done).phase).toBe('Succeeded');
  expect(site.labels).toEqual({ 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': run.facts.uid });
  expect([site.remote.tip, farmersStarted(), manifestRun()]).toEqual([tip, farmers, run.facts.uid]);
});

test('the guardian is released by a workflow of its own, that asks: without an answer it stays', async () => {
  const unanswered = await site.argo.submit('dcr-release-guardian').done;
  expect([unanswered.phase, site.values.synchronizer.enabled]).toEqual(['Succeeded', true]);
  expect(unanswered.node('release')?.phase).toBe('Skipped');

  const release = site.argo.submit('dcr-release-guardian', { interventionTimeout: '900h' });
  await site.begun(release, 'ask');
  const told = site.events.findLast(({ data }) => data.state.includes('approval needed'))?.data.message ?? '';
  site.argo.command(/To release it: (argo .*?)\. Without/.exec(told)?.[1] ?? '');
  expect((await release.done).phase).toBe('Succeeded');
  expect([site.phases.at(-1), site.values.synchronizer.enabled]).toEqual(['release-guardian', false]);
  await site.until('its pod to go', () => site.sets.count('dcr-synchronizer') === 0);
});
