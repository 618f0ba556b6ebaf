import { afterEach, expect, jest, test } from '@jest/globals';
import { KUBE_TOKEN, type KubeStandIn, startKube } from '#test/dcr/kube-api.js';
import { Cluster } from '#test/dcr/process/cluster.js';
import { POD } from '#test/dcr/process/control.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let cluster: Cluster;
let kube: KubeStandIn;
afterEach(async () => {
  await cluster.close();
  await kube.close();
});

const MINUTE = 60_000;
const TIMES = {
  bootMs: MINUTE,
  historyMs: MINUTE,
  units: 20,
  unitMs: MINUTE,
  parts: 2,
  partMs: MINUTE,
  readMs: 5 * MINUTE,
  tickMs: 30_000,
  heartbeatMs: 30_000,
};

test('a donor is labelled only while it has the data: after the cache, not while its restarted container reads it back, and again without any farmer', async () => {
  cluster = new Cluster();
  kube = await startKube();
  await cluster.open({ expectedFarmers: 2 });
  const sync = await cluster.node('dcr-synchronizer-0', TIMES);
  kube.objects.set(POD, { metadata: { name: 'dcr-synchronizer-0', uid: 'u' }, status: { podIP: '10.0.0.1' } });
  const labels = (): unknown =>
    (kube.objects.get(POD) as { metadata: { labels?: Record<string, string> } }).metadata.labels?.['dcr.example.io/state'];
  const options = {
    'node-port': String(sync.port),
    'kube-api': kube.url,
    'token-file': cluster.processes.file('kube-token', KUBE_TOKEN),
    namespace: 'dcr',
    poll: '30s',
    timeout: '10d',
  };
  const run = (...args: string[]) => cluster.dcrctl(args, options).ended;

  expect(await run('label-guardian', '--timeout', '0s')).toMatchObject({ code: 4 });
  const farmers = await Promise.all(['dcr-farmer-0', 'dcr-farmer-1'].map((name) => cluster.node(name, TIMES)));
  expect(await run('wait', '--phase', 'cache-written')).toMatchObject({ code: 0 });
  // The manifest stands a moment before the node says GUARDIAN; this is waited for.
  expect(await run('label-guardian')).toMatchObject({ code: 0 });
  expect(labels()).toBe('guardian');
  await Promise.all(farmers.map(({ child }) => child.kill('SIGTERM')));

  await sync.fault({ fault: 'lose-cache', times: { readMs: 1e12 } });
  expect(await run('label-guardian', '--reconcile')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^removed: /) as never });
  expect(labels()).toBeUndefined();
  await sync.fault({ fault: 'lose-cache' });
  expect(await run('wait', '--phase', 'rebuilt')).toMatchObject({ code: 0, stdout: expect.stringContaining('GUARDIAN') as never });
  expect(await run('label-guardian', '--reconcile')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^labelled: /) as never });
  expect(labels()).toBe('guardian');
});
