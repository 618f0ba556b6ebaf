import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Control } from '#test/dcr/process/control.js';
import { until } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let control: Control;
let sha: string;
let before: string;
beforeEach(async () => {
  control = new Control();
  await control.open();
  before = control.remote.tip;
  await control.run(['git-set', 'farmers.enabled=true', 'dcr.runId=r-7', '--phase', 'scale-up']);
  sha = control.remote.tip;
});
afterEach(() => control.close());

const synced = (options: Record<string, string> = {}) =>
  control.start(['wait', '--phase', `synced:${sha}`], { poll: '50ms', timeout: '20s', ...options });

test('it waits until Argo CD has applied the commit, and says meanwhile what it is at', async () => {
  const waiting = synced();
  await until('it to look', async () =>
    waiting.stderr.includes(`is Synced at ${before.slice(0, 12)} (health Healthy); waiting for ${sha.slice(0, 12)}`) ? true : undefined,
  );
  control.synced({ status: 'OutOfSync', revision: sha }, { phase: 'Running' });
  await until('it to look again', async () =>
    waiting.stderr.includes('the commit is seen, not yet applied, a sync is running') ? true : undefined,
  );
  control.synced({ status: 'Synced', revision: sha });
  expect(await waiting.ended).toMatchObject({ code: 0, stdout: expect.stringContaining(`reached synced:${sha}`) as never });
});

test("a later commit of somebody else contains ours, and another repository's revision beside it is no matter", async () => {
  const later = control.remote.push({ 'other.yaml': 'a: 1\n' }, 'something else');
  control.synced({ status: 'Synced', revisions: ['f'.repeat(40), later] });
  expect(await synced().ended).toMatchObject({ code: 0 });
});

test('a later commit that names another run has superseded ours: exit 2', async () => {
  const later = control.remote.edit((values) => values.replace('"r-7"', '"r-8"'), 'another run');
  control.synced({ status: 'Synced', revision: later });
  expect(await synced().ended).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/SUPERSEDED: .*the values there name run r-8, not r-7/) as never,
  });
});

test('a sync of our commit that failed is exit 2 with its message', async () => {
  control.synced(
    { status: 'OutOfSync', revision: sha },
    { phase: 'Failed', message: 'admission webhook denied', syncResult: { revision: sha } },
  );
  expect(await synced().ended).toMatchObject({ code: 2, stderr: expect.stringMatching(/RUN_FAILED: .*admission webhook denied/) as never });
});

test('never in time is exit 4 with what was seen last, also when the API server is away', async () => {
  expect(await synced({ timeout: '300ms' }).ended).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/TIMEOUT: .*waiting for/) as never,
  });
  control.kube.down = 503;
  expect(await synced({ timeout: '300ms' }).ended).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/Seen last: could not look: GET .*503/) as never,
  });
});
