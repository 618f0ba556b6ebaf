import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { until } from '#test/support/processes.js';
import { type Given, Installation, PLAIN, SYNCHRONIZER } from './installation.js';

jest.setTimeout(120_000);

let plane: OpenPlane;
const open: Installation[] = [];
beforeAll(async () => {
  plane = await openControlPlane();
});
afterEach(async () => {
  for (const installation of open.splice(0)) await installation.close();
});
afterAll(() => plane.close());

async function install(given: Given = {}, schedules?: (name: string) => boolean): Promise<Installation> {
  const installation = new Installation(plane, PLAIN);
  open.push(installation);
  await installation.open({ ...(schedules === undefined ? {} : { schedules }) });
  await installation.sync(given);
  return installation;
}

test('all farmers are there at once and found by name while none is ready; the donor has nobody', async () => {
  const dcr = await install({ farmers: { enabled: true, replicas: 5 } });
  await dcr.running(5);
  for (const pod of await dcr.podNames()) await dcr.resolves(pod);
  const farmers = await dcr.endpoints('dcr-farmer');
  expect(farmers.map(({ hostname, conditions }) => [hostname, conditions.ready, conditions.serving]).sort()).toEqual(
    [0, 1, 2, 3, 4].map((ordinal) => [`dcr-farmer-${ordinal}`, true, false]),
  );
  expect(await dcr.endpoints('dcr-donor')).toEqual([]);
});

test('the donor is found only while the pod that is labelled guardian is ready', async () => {
  const dcr = await install();
  await dcr.running(0);
  dcr.player.ready(SYNCHRONIZER, true);
  const isDonor = async (is: boolean): Promise<void> => {
    await until(`a donor: ${is}`, async () =>
      (await dcr.endpoints('dcr-donor')).some(({ conditions }) => conditions.ready) === is ? true : undefined,
    );
  };
  const pod = await dcr.kube.pathOf(dcr.ref('Pod', SYNCHRONIZER));
  const body = { metadata: { labels: { 'dcr.example.io/state': 'guardian' } } };
  await dcr.kube.do(pod, { method: 'PATCH', body, type: 'application/merge-patch+json' });
  await isDonor(true);
  dcr.player.ready(SYNCHRONIZER, false);
  await isDonor(false);
});

test('eviction of the guardian is refused whenever it runs, not ready and ready', async () => {
  const dcr = await install();
  await dcr.running(0);
  for (const [ready, healthy] of [
    [false, 0],
    [true, 1],
  ] as const) {
    dcr.player.ready(SYNCHRONIZER, ready);
    await dcr.budget('dcr-synchronizer', 1, healthy);
    const { status, body } = await dcr.kube.evict(dcr.namespace, SYNCHRONIZER);
    expect([status, body.details?.causes?.[0]?.message]).toEqual([
      429,
      `The disruption budget dcr-synchronizer needs 1 healthy pods and has ${healthy} currently`,
    ]);
  }
  expect(dcr.player.running).toEqual([SYNCHRONIZER]);
});

test('what the budget cannot hold: a Pending pod, and with AlwaysAllow one that is not ready; so no init container, and IfHealthyBudget', async () => {
  let scheduled = false;
  const dcr = await install({}, () => scheduled);
  await until('the pod', async () => ((await dcr.podNames()).length === 1 ? true : undefined));
  await dcr.budget('dcr-synchronizer', 1, 0);
  expect((await dcr.kube.evict(dcr.namespace, SYNCHRONIZER)).status).toBe(201);
  scheduled = true;
  await dcr.running(0);
  const budget = await dcr.kube.pathOf(dcr.ref('PodDisruptionBudget', 'dcr-synchronizer'));
  const body = { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } };
  await dcr.kube.do(budget, { method: 'PATCH', body, type: 'application/merge-patch+json' });
  await dcr.budget('dcr-synchronizer', 1, 0);
  expect((await dcr.kube.evict(dcr.namespace, SYNCHRONIZER)).status).toBe(201);
});

test('farmers are evicted one at a time, and one that cannot become ready holds up no drain', async () => {
  const dcr = await install({ farmers: { enabled: true } });
  await dcr.running(3);
  for (const ordinal of [0, 1, 2]) dcr.player.ready(`dcr-farmer-${ordinal}`, true);
  await dcr.budget('dcr-farmer', 3, 3);
  const evict = async (ordinal: number): Promise<number> => (await dcr.kube.evict(dcr.namespace, `dcr-farmer-${ordinal}`)).status;
  /** Evicts it, and waits for the one in its place. */
  const replace = async (name: string): Promise<void> => {
    const { [name]: old } = await dcr.podUids();
    expect((await dcr.kube.evict(dcr.namespace, name)).status).toBe(201);
    await until(`another ${name}`, async () => ((await dcr.podUids())[name] !== old ? true : undefined));
    await dcr.running(3);
  };
  await replace('dcr-farmer-0');
  await dcr.budget('dcr-farmer', 3, 2);
  expect(await evict(1)).toBe(429);
  // Not ready, as one that crashes again and again.
  await replace('dcr-farmer-0');
  dcr.player.ready('dcr-farmer-0', true);
  await dcr.budget('dcr-farmer', 3, 3);
  await replace('dcr-farmer-1');
});

test('20 → 40 farmers in the middle of a run: 20 more, none of those at work is touched, and the nodes read the new count', async () => {
  const dcr = await install({ farmers: { enabled: true, replicas: 20 } });
  await dcr.running(20);
  const before = await dcr.podUids();
  await dcr.sync({ farmers: { replicas: 40 } });
  await dcr.running(40);
  expect(await dcr.podUids()).toMatchObject(before);
  const properties = await dcr.get('ConfigMap', 'dcr-properties');
  expect(JSON.parse(properties.data['dcr.json'])).toMatchObject({ expectedFarmers: 40 });
  const { currentRevision, updateRevision } = (await dcr.get('StatefulSet', 'dcr-farmer')).status;
  expect(updateRevision).toBe(currentRevision);
  // The workflow's scale-down leaves the count, so that git shows what was used last.
  await dcr.sync({ farmers: { enabled: false } });
  await dcr.running(0);
  await dcr.sync({ farmers: { enabled: true } });
  expect((await dcr.get('StatefulSet', 'dcr-farmer')).spec.replicas).toBe(40);
});

test('farmers off, replicas 0 and the synchronizer off take away pods and no object', async () => {
  const dcr = await install({ farmers: { enabled: true } });
  await dcr.running(3);
  const objects = dcr.objects().filter(({ kind }) => kind !== 'PriorityClass');
  const uids = async (): Promise<unknown[]> =>
    await Promise.all(objects.map(async (object) => [object.kind, (await dcr.kube.get(object))?.metadata.uid]));
  const before = await uids();
  await dcr.sync({ farmers: { enabled: false } });
  await dcr.running(0);
  await dcr.sync({ farmers: { enabled: true } });
  await dcr.running(3);
  await dcr.sync({ farmers: { replicas: 0 } });
  await dcr.running(0);
  await dcr.sync({ synchronizer: { enabled: false } });
  await dcr.running(0, 0);
  expect(await uids()).toEqual(before);
  expect((await dcr.get('StatefulSet', 'dcr-synchronizer')).spec.replicas).toBe(0);
});

test('another image or another run starts no pod anew: the guardian goes when a person deletes it', async () => {
  const dcr = await install({ farmers: { enabled: true } });
  await dcr.running(3);
  const before = await dcr.podUids();
  await dcr.sync({ image: { tag: '2.0.0' }, dcr: { runId: 'r-2' } });
  await until('both sets to see the change', async () => {
    const sets = await Promise.all(['dcr-farmer', 'dcr-synchronizer'].map((name) => dcr.get('StatefulSet', name)));
    return sets.every(
      ({ metadata, status }) => status.observedGeneration === metadata.generation && status.updateRevision !== status.currentRevision,
    )
      ? true
      : undefined;
  });
  expect(await dcr.podUids()).toEqual(before);
  await dcr.kube.remove(dcr.ref('Pod', SYNCHRONIZER));
  await until('the new one', async () => {
    const pod = await dcr.get('Pod', SYNCHRONIZER);
    return pod?.spec.containers[0].image.endsWith(':2.0.0') === true ? true : undefined;
  });
});

test('two installations in one cluster do not see each other, and one of them makes the priority classes for both', async () => {
  const classes = { guardian: 'dcr-guardian-two', farmer: 'dcr-farmer-two' };
  const [one, two] = await Promise.all([
    install({ cluster: 'express-7', farmers: { enabled: true }, priorityClasses: { ...classes, create: true } }),
    install({ cluster: 'express-8', farmers: { enabled: true, replicas: 2 }, priorityClasses: classes }),
  ]);
  await one.running(3);
  await two.running(2);
  for (const dcr of [one, two]) for (const pod of await dcr.podNames()) await dcr.resolves(pod);
  expect(one.player.pod(SYNCHRONIZER).pod.ip).not.toBe(two.player.pod(SYNCHRONIZER).pod.ip);
  expect(await two.lookUp(two.fqdn('dcr-farmer-2'))).toEqual([]);
  await one.sync({ farmers: { enabled: false }, synchronizer: { enabled: false } });
  await one.running(0, 0);
  await two.running(2);
  expect((await two.get('Pod', SYNCHRONIZER)).spec).toMatchObject({ priority: 1_000_000, priorityClassName: classes.guardian });
});
