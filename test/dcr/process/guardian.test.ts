import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { Control, POD } from '#test/dcr/process/control.js';
import { until } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let control: Control;
beforeEach(async () => {
  control = new Control();
  await control.open();
  control.pod();
});
afterEach(() => control.close());

const label = (args: readonly string[] = [], options: Record<string, string> = {}) => control.run(['label-guardian', ...args], options);
const GUARDIAN = { 'dcr.example.io/state': 'guardian', 'dcr.example.io/run': 'r-7' };

test('a node that reports GUARDIAN for this run is labelled, and once more changes nothing', async () => {
  expect(await label()).toMatchObject({ code: 0, stdout: 'labelled: it says GUARDIAN run=r-7 (run r-7)\n' });
  expect(control.labels).toEqual(GUARDIAN);
  const patches = control.kube.requests.filter((line) => line.startsWith('PATCH')).length;
  expect(await label()).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kept: /) as never });
  expect(control.kube.requests.filter((line) => line.startsWith('PATCH'))).toHaveLength(patches);
});

test.each([
  ['a guardian of another run', 2, 'GUARDIAN run=r-6', 2],
  ['a guardian that names no run', 2, 'GUARDIAN', 2],
  ['one that has failed', 5, 'FAILED run=r-7', 2],
  ['one that still writes', 2, 'WRITING_CACHE run=r-7', 4],
  ['one that has begun anew', 1, 'WAITING_FOR_FARMERS 0/2 run=r-7', 4],
])('%s is not labelled, and loses the label that it has', async (_what, code, details, exit) => {
  control.says = { code, details, counters: {} };
  expect(await label([], { timeout: '0s' })).toMatchObject({
    code: exit,
    stderr: expect.stringMatching(/^(NOT_GUARDIAN|TIMEOUT): Not labelled: it says/) as never,
  });
  expect(control.labels).toEqual({});
  control.pod({ ...GUARDIAN, app: 'dcr' });
  expect(await label(['--reconcile'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^removed: /) as never });
  expect(control.labels).toEqual({ app: 'dcr' });
});

test('one that is on its way is waited for', async () => {
  control.says = { code: 2, details: 'WRITING_CACHE run=r-7', counters: {} };
  const waiting = control.start(['label-guardian']);
  await until('it to look', async () => (control.node.requests > 0 ? true : undefined));
  control.says = { code: 2, details: 'GUARDIAN run=r-7', counters: {} };
  expect(await waiting.ended).toMatchObject({ code: 0 });
  expect(control.labels).toEqual(GUARDIAN);
});

test('one that is silent for a moment keeps its label; without one it is tried again', async () => {
  control.silent = true;
  control.pod(GUARDIAN);
  expect(await label(['--reconcile'])).toMatchObject({ code: 0, stdout: 'kept: it does not answer\n' });
  control.pod();
  expect(await label([], { timeout: '0s' })).toMatchObject({ code: 4, stderr: expect.stringMatching(/^TIMEOUT: Not labelled/) as never });
  control.kube.objects.delete(POD);
  expect(await label([], { timeout: '0s' })).toMatchObject({ code: 4 });
  expect(await label(['--reconcile'])).toMatchObject({ code: 0 });
});

test('a pod that was made in between is not labelled for its predecessor', async () => {
  control.says = { ...control.says };
  const says = control.says;
  // The pod is replaced while the node is asked.
  Object.defineProperty(control, 'says', {
    get: () => {
      control.pod({}, 'uid-2');
      return says;
    },
  });
  expect(await label()).toMatchObject({ code: 3, stderr: expect.stringMatching(/^CONFLICT: .*409/) as never });
  expect(control.labels).toEqual({});
});

test('without --run-id the run is the one that git names', async () => {
  control.remote.edit((values) => values.replace('runId: ""', 'runId: "r-7"'), 'scale-up');
  expect(await label(['--reconcile'], { 'run-id': '' })).toMatchObject({ code: 0, stdout: expect.stringMatching(/^labelled/) as never });
  expect(control.labels).toEqual(GUARDIAN);
});
