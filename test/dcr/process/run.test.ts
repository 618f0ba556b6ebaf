import { afterEach, expect, jest, test } from '@jest/globals';
import { Cluster } from '#test/dcr/process/cluster.js';
import { until } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let cluster: Cluster;
afterEach(() => cluster.close());

/** Short enough for a test, long enough to be seen: simulated minutes. */
const MINUTE = 60_000;
const TIMES = {
  bootMs: MINUTE,
  historyMs: 2 * MINUTE,
  units: 60,
  unitMs: MINUTE,
  parts: 4,
  partMs: 2 * MINUTE,
  tickMs: 30_000,
  heartbeatMs: 30_000,
};
const SYNC = 'dcr-synchronizer-0';

const wait = (phase: string, port: number, options: Record<string, string> = {}) =>
  cluster.dcrctl(['wait', '--phase', phase], { 'node-port': String(port), poll: '30s', timeout: '3d', ...options });

test('a run from registration to the cache: each phase is waited for by a process of its own, started when the one before has ended', async () => {
  cluster = new Cluster();
  await cluster.open({ mode: 'static', expectedFarmers: 3 });
  const sync = await cluster.node(SYNC, TIMES);
  expect(await wait('registered', sync.port).ended).toMatchObject({ code: 0 });
  // Too few for a while, then enough.
  const farmers = wait('farmers:2', sync.port);
  await cluster.node('dcr-farmer-0', TIMES);
  await until('the wait to say how many there are', async () => (/WAITING_FOR_FARMERS 1\/2/.test(farmers.stderr) ? true : undefined));
  await Promise.all(['dcr-farmer-1', 'dcr-farmer-2'].map((name) => cluster.node(name, TIMES)));
  expect(await farmers.ended).toMatchObject({ code: 0 });
  expect(await wait('rebuilt', sync.port).ended).toMatchObject({ code: 0 });
  const written = await wait('cache-written', sync.port).ended;
  expect(written).toMatchObject({ code: 0, stdout: expect.stringContaining('is of this run: 4 objects, 4096 bytes, 60 rows') as never });
  // The manifest came last.
  expect(cluster.s3.requests.filter((line) => line.startsWith('PUT')).at(-1)).toBe('PUT cache/express-7/_SUCCESS');
});

test('a wait that is killed in the middle goes on when it is started again', async () => {
  cluster = new Cluster();
  await cluster.open({ expectedFarmers: 2 });
  // Slow until it is told otherwise, so that the middle lasts as long as the test needs it.
  const sync = await cluster.node(SYNC, TIMES);
  await sync.fault({ fault: 'slow', factor: 1e6 });
  await Promise.all(['dcr-farmer-0', 'dcr-farmer-1'].map((name) => cluster.node(name, TIMES)));
  const first = wait('rebuilt', sync.port);
  await until('the rebuild to be seen', async () => (first.stderr.includes('REBUILDING') ? true : undefined));
  first.child.process.kill('SIGTERM');
  expect(await first.ended).toMatchObject({
    code: 3,
    stderr: expect.stringContaining('STOPPED: Stopped. Run the same command again') as never,
  });
  const second = wait('rebuilt', sync.port);
  await until('the second to look', async () => (second.stderr.includes('REBUILDING') ? true : undefined));
  second.child.process.kill('SIGKILL');
  await second.ended;
  await sync.fault({ fault: 'none' });
  expect(await wait('rebuilt', sync.port).ended).toMatchObject({ code: 0 });
});

test('a rebuild of 30 h that moves is not touched by a time-out of 5 h; one that stands still is', async () => {
  cluster = new Cluster(10_000);
  await cluster.open({ expectedFarmers: 2 });
  const long = { ...TIMES, units: 3_600, partMs: 1_000 * 60 * MINUTE, tickMs: 4 * MINUTE, heartbeatMs: 4 * MINUTE };
  const sync = await cluster.node(SYNC, long);
  await Promise.all(['dcr-farmer-0', 'dcr-farmer-1'].map((name) => cluster.node(name, long)));
  expect(await wait('farmers:2', sync.port, { poll: '5m', timeout: '100d' }).ended).toMatchObject({ code: 0 });
  const moving = await wait('rebuilt', sync.port, { timeout: '5h', poll: '5m' }).ended;
  expect(moving.code).toBe(0);
  await sync.fault({ fault: 'pause' });
  const still = await wait('cache-written', sync.port, { timeout: '5h', poll: '5m' }).ended;
  expect(still).toMatchObject({
    code: 4,
    stderr: expect.stringMatching(/TIMEOUT: cache-written: no progress for 5h\. Seen last: .*PAUSED_MANUAL/) as never,
  });
});

test('no phase is true for a node of another run, whatever it has reached', async () => {
  cluster = new Cluster();
  await cluster.open({ runId: 'r-0', expectedFarmers: 2 });
  const sync = await cluster.node(SYNC, TIMES);
  await Promise.all(['dcr-farmer-0', 'dcr-farmer-1'].map((name) => cluster.node(name, TIMES)));
  expect(await wait('cache-written', sync.port, { 'run-id': 'r-0' }).ended).toMatchObject({ code: 0 });
  const others = await Promise.all(
    ['registered', 'farmers:2', 'rebuilt', 'cache-written'].map((phase) => wait(phase, sync.port, { timeout: '10m' }).ended),
  );
  for (const { code, stderr } of others) {
    expect(code).toBe(4);
    expect(stderr).toMatch(/it is of run r-0, not of r-1/);
  }
  expect(others[3]?.stderr).toContain('_SUCCESS in s3://cache/express-7 is of run r-0, not r-1');
});

test('a stale manifest does not keep a synchronizer from rebuilding; its own, after a restart without farmers, does', async () => {
  cluster = new Cluster();
  await cluster.open({ runId: 'r-0', expectedFarmers: 2 });
  const first = await cluster.node(SYNC, TIMES);
  const farmers = await Promise.all(['dcr-farmer-0', 'dcr-farmer-1'].map((name) => cluster.node(name, TIMES)));
  expect(await wait('cache-written', first.port, { 'run-id': 'r-0' }).ended).toMatchObject({ code: 0 });
  await Promise.all([...farmers, first].map(({ child }) => child.kill('SIGTERM')));

  cluster.properties = { runId: 'r-1' };
  const stale = await cluster.node(SYNC, TIMES);
  const waiting = wait('farmers:2', stale.port);
  await until('it to wait for farmers', async () => (waiting.stderr.includes('WAITING_FOR_FARMERS 0/2 run=r-1') ? true : undefined));
  await waiting.child.kill('SIGTERM');
  await stale.child.kill('SIGKILL');

  cluster.properties = { runId: 'r-0' };
  const guardian = await cluster.node(SYNC, TIMES);
  expect(await wait('rebuilt', guardian.port, { 'run-id': 'r-0' }).ended).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('GUARDIAN') as never,
  });
});

test('a failed node ends the wait at once with exit 2 and its reason', async () => {
  cluster = new Cluster();
  await cluster.open();
  const sync = await cluster.node(SYNC, TIMES);
  const waiting = wait('farmers:2', sync.port);
  await until('the node to be seen', async () => (waiting.stderr.includes('WAITING_FOR_FARMERS') ? true : undefined));
  await sync.fault({ fault: 'fail', text: 'topology store is full' });
  expect(await waiting.ended).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/RUN_FAILED: farmers:2: .*FAILED topology store is full/) as never,
  });
});

test('a node that crashes, hangs or is slow is waited out and shown', async () => {
  cluster = new Cluster();
  await cluster.open();
  const sync = await cluster.node(SYNC, TIMES);
  const waiting = wait('farmers:2', sync.port, { 'node-timeout': '300ms' });
  await until('the node to be seen', async () => (waiting.stderr.includes('WAITING_FOR_FARMERS') ? true : undefined));
  await sync.fault({ fault: 'hang' });
  await until('the hang to be seen', async () => (waiting.stderr.includes('does not answer: 127.0.0.1:') ? true : undefined));
  await sync.fault({ fault: 'none' });
  await sync.child.kill('SIGKILL');
  await until('the crash to be seen', async () => (/no connection: connect ECONNREFUSED/.test(waiting.stderr) ? true : undefined));
  waiting.child.process.kill('SIGTERM');
  expect((await waiting.ended).code).toBe(3);
});

test('the deadlock over real sockets: a node that registers before its name resolves is broken by an impatient pump, and ends itself', async () => {
  cluster = new Cluster();
  await cluster.open({}, '0s');
  const node = await cluster.node(SYNC, TIMES, ['--no-dns-gate', '--name', 'dcr-synchronizer-0.not-published.dcr.svc.cluster.local']);
  expect(await until('the node to end', async () => node.child.process.exitCode ?? undefined)).toBe(1);
});

test('the same node with the gate does not register before its name resolves', async () => {
  cluster = new Cluster();
  await cluster.open({}, '0s');
  const node = await cluster.node(SYNC, TIMES, ['--name', 'dcr-synchronizer-0.not-published.dcr.svc.cluster.local']);
  const waiting = wait('registered', node.port);
  await until('the node to look for its name', async () => (waiting.stderr.includes('BOOTING run=r-1') ? true : undefined));
  await waiting.child.kill('SIGTERM');
  expect(node.child.exited).toBe(false);
});
