import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { KUBE_TOKEN } from '#test/dcr/kube-api.js';
import { APPLICATION, Control, POD } from '#test/dcr/process/control.js';
import { S3_KEYS } from '#test/dcr/s3.js';
import { until } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let control: Control;
beforeEach(async () => {
  control = new Control();
  await control.open();
});
afterEach(() => control.close());

const preflight = (options: Record<string, string> = {}) => control.run(['preflight'], options);

test('with every right and nothing in the way it is ready, and nothing was changed', async () => {
  const before = control.remote.tip;
  const { code, stdout } = await preflight();
  expect(code).toBe(0);
  expect(stdout).toMatch(/ok +push charts\/dcr\/env\/prod\.yaml: may push/);
  expect(stdout.match(/^ok /gm)).toHaveLength(7);
  expect(stdout).toMatch(/ready: no synchronizer stands\n$/);
  expect(control.remote.tip).toBe(before);
  const patches = control.kube.requests.filter((line) => line.startsWith('PATCH'));
  expect(patches).toEqual([`PATCH ${POD}?dryRun=All`]);
});

test('all that is missing is named at once, and nothing is scaled', async () => {
  control.kube.forbidden.add('patch pods').add('get applications');
  control.remote.hook('pre-receive', 'exit 1');
  control.s3.fault = { status: 403, code: 'AccessDenied' };
  const { code, stdout, stderr } = await preflight({ 'git-file': 'charts/dcr/env/dev.yaml' });
  expect(code).toBe(2);
  expect(stderr).toBe(
    'MISSING: Nothing was changed. Missing: push charts/dcr/env/dev.yaml, read Application argocd/dcr-express-7, label pod dcr-synchronizer-0, read the cache in S3.\n',
  );
  expect(stdout).toMatch(
    /MISSING +label pod dcr-synchronizer-0: PATCH .*403 Forbidden .*cannot patch resource "pods".*Give the ServiceAccount this permission/,
  );
});

test.each([
  ['the Application is not there', () => control.kube.objects.delete(APPLICATION), 2, /read Application .*there is none/],
  [
    'the chart is not synced',
    () => control.kube.objects.delete('/apis/apps/v1/namespaces/dcr/statefulsets/dcr-farmer'),
    2,
    /read StatefulSet dcr-farmer: there is none in dcr/,
  ],
  [
    'the API server is down',
    () => {
      control.kube.down = 503;
    },
    3,
    /503/,
  ],
] as const)('%s: told, with the exit code that says whether trying again helps', async (_what, act, code, said) => {
  act();
  expect(await preflight()).toMatchObject({ code, stdout: expect.stringMatching(said) as never });
});

test('a guardian of an earlier run is not touched unless it is said so', async () => {
  control.pod({ 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': 'r-6' });
  control.says = { code: 2, details: 'GUARDIAN run=r-6', counters: {} };
  const before = control.remote.tip;
  expect(await preflight()).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(
      /^STANDS: pod dcr-synchronizer-0 of run r-6 says GUARDIAN run=r-6\. It may hold the only complete data set\. .*replaceGuardian/,
    ) as never,
  });
  expect(control.remote.tip).toBe(before);
});

test('replaceGuardian releases it by a commit first, and is ready when its pod is gone', async () => {
  control.pod({ 'dcr.example.io/state': 'guardian' });
  control.says = { code: 2, details: 'GUARDIAN run=r-6', counters: {} };
  const running = control.start(['preflight', '--replace-guardian']);
  await until(
    'the release',
    async () => (control.remote.history()[0]?.phase === 'release-guardian' ? true : undefined),
    20_000,
    running.child,
  );
  expect(control.remote.show()).toContain('synchronizer:\n  enabled: false');
  expect(control.remote.history()[0]).toMatchObject({ run: 'r-7' });
  control.kube.objects.delete(POD);
  expect(await running.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('ready: no synchronizer stands') as never });
  expect(control.remote.history()).toHaveLength(2);
});

test('a release that was begun is waited for, told or not; a pod that does not go is a time-out', async () => {
  control.remote.edit((values) => values.replace('synchronizer:\n  enabled: true', 'synchronizer:\n  enabled: false'), 'release');
  control.pod();
  control.silent = true;
  expect(await preflight({ timeout: '0s' })).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/TIMEOUT: The synchronizer is released in git but has not gone/) as never,
  });
});

test('the synchronizer of this very run does not stand in its own way', async () => {
  control.pod();
  expect(await preflight()).toMatchObject({ code: 0, stdout: expect.stringContaining('the synchronizer of this run stands') as never });
});

test('farmers that were started for no run, or another, would never join: refused', async () => {
  control.replicas('dcr-farmer', 3);
  expect(await preflight({ 'replace-guardian': 'true' })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^STANDS: 3 farmers run already, for run \(none\)/) as never,
  });
});

test('no secret is ever printed, whatever is refused', async () => {
  control.kube.down = 500;
  control.s3.fault = { status: 403, code: 'AccessDenied' };
  const { stdout, stderr } = await control.run(['preflight', '--format', 'json']);
  for (const secret of [KUBE_TOKEN, S3_KEYS.secretAccessKey]) expect(stdout + stderr).not.toContain(secret);
  expect(JSON.parse(stdout)).toMatchObject({ run: 'r-7', ready: false });
});
