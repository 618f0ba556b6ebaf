import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Control } from '#test/dcr/process/control.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let control: Control;
beforeEach(async () => {
  control = new Control();
  await control.open();
});
afterEach(() => control.close());

const git = (...args: string[]) => control.run(['git-set', ...args]);

test('status says what runs, failed and waits, how the node and the cache are, and who set which replicas', async () => {
  await git('farmers.enabled=true', 'dcr.runId=r-7', '--phase', 'scale-up');
  control.remote.edit((values) => values.replace('replicas: 20', 'replicas: 40'), 'more farmers');
  control.workflow('dcr-express-7', {
    phase: 'Running',
    nodes: { a: { type: 'Suspend', phase: 'Running', displayName: 'ask' }, b: { type: 'Pod', phase: 'Succeeded' } },
  });
  control.workflow('dcr-old', { phase: 'Failed', message: 'no progress' }, { createdAt: '2026-01-30T12:00:00Z' });
  control.replicas('dcr-farmer', 40);
  control.says = { code: 1, details: 'WAITING_FOR_FARMERS 17/20 run=r-7', counters: { farmers_registered: 17 } };
  const { code, stdout } = await control.run(['status']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/Runs\n {2}waiting {4}dcr-express-7 .*ask\n {2}failed {5}dcr-old .*no progress\n/);
  expect(stdout).toMatch(/Synchronizer\n {2}STARTING: WAITING_FOR_FARMERS 17\/20 run=r-7\n {2}farmers_registered 17\n/);
  expect(stdout).toContain('dcr-farmer: 40 of 40 ready');
  expect(stdout).toContain('no _SUCCESS in s3://cache/express-7');
  const [hand, run] = stdout.slice(stdout.indexOf('Replicas in git')).split('\n').slice(1);
  expect(hand).toMatch(/farmers on × 40 {2}synchronizer on {2}by hand \(Ada\)$/);
  expect(run).toMatch(/farmers on × 20 {2}synchronizer on {2}scale-up r-7$/);
});

test('a part that cannot be read says why, the rest is shown, and the exit code is 3', async () => {
  control.silent = true;
  control.kube.forbidden.add('list workflows');
  const { code, stdout } = await control.run(['status', '--format', 'json']);
  expect(code).toBe(3);
  const report = JSON.parse(stdout) as Record<string, { ok: boolean; why?: string }>;
  expect(
    Object.entries(report)
      .filter(([, part]) => !part.ok)
      .map(([name]) => name),
  ).toEqual(['workflows', 'synchronizer']);
  expect(report.workflows?.why).toContain('403');
});

const reap = (...args: string[]) => control.run(['reap', ...args]);
const up = () => git('farmers.enabled=true', 'dcr.runId=r-7', '--phase', 'scale-up');

test('farmers of a workflow that is gone are taken down once, with the run in the trailer', async () => {
  await up();
  expect(await reap('--dry-run')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^would take down: farmers are on since .* the workflow of run r-7 is gone/) as never,
  });
  expect(await reap()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^taken down/) as never });
  expect(control.remote.history()[0]).toMatchObject({ run: 'r-7', phase: 'reap' });
  expect(control.remote.show()).toContain('enabled: false # by the workflow\n  replicas: 20');
  expect(await reap()).toMatchObject({ code: 0, stdout: 'nothing to do: farmers are off\n' });
});

test('farmers of a workflow that was terminated are taken down; of one that runs or waits they are not', async () => {
  await up();
  for (const phase of ['Running', 'Pending', '']) {
    control.workflow('dcr-express-7', { phase }, { uid: 'r-7' });
    expect((await reap()).stdout).toMatch(/^nothing to do: workflow dcr-express-7 of run r-7 is/);
  }
  control.workflow('dcr-express-7', { phase: 'Failed' }, { uid: 'r-7' });
  expect((await reap()).stdout).toMatch(/^taken down/);
});

test('farmers set by hand are only reported, and so are those that a failed run was told to keep', async () => {
  control.remote.edit((values) => values.replace('enabled: false', 'enabled: true'), 'by hand');
  await git('dcr.runId=r-7', '--phase', 'scale-up');
  const tip = control.remote.tip;
  expect((await reap()).stdout).toMatch(/^reported: farmers are on since .*, set by hand by Ada/);
  control.remote.edit((values) => values.replace('enabled: true #', 'enabled: false #'), 'off');
  await up();
  control.workflow('dcr-express-7', { phase: 'Failed' }, { uid: 'r-7', parameters: [{ name: 'keepFarmersOnFailure', value: 'true' }] });
  expect((await reap()).stdout).toMatch(/^reported: .*was told to keep them/);
  expect(control.remote.history().filter(({ phase }) => phase === 'reap')).toEqual([]);
  expect(tip).not.toBe(control.remote.tip);
});
