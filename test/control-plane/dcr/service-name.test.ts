import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { K8sObject } from '#synth/k8s-object.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import type { KubeError } from '#test/support/kube.js';
import { until } from '#test/support/processes.js';
import { Installation, PLAIN } from './installation.js';

jest.setTimeout(120_000);

const OLD = 'dcr-headless-old';
let plane: OpenPlane;
let dcr: Installation;
beforeAll(async () => {
  plane = await openControlPlane();
});
afterEach(() => dcr.close());
afterAll(() => plane.close());

/** Today's farmers: governed by another Service, which does not publish addresses that are not ready. */
function asToday(object: K8sObject): K8sObject {
  if (object.kind !== 'StatefulSet' || object.metadata.name !== 'dcr-farmer') return object;
  return { ...object, spec: { ...(object.spec as object), serviceName: OLD, podManagementPolicy: 'OrderedReady' } };
}

/** The set of today with both farmers up, and the chart's sync refused: what the runbook starts from. */
async function stuck(): Promise<Record<string, string>> {
  dcr = new Installation(plane, PLAIN);
  await dcr.open();
  await dcr.sync({ farmers: { enabled: true, replicas: 2 }, synchronizer: { enabled: false } }, asToday);
  // One after the other: the second is made when the first is ready.
  await until('the first farmer', async () => (dcr.player.running.length === 1 ? true : undefined));
  dcr.player.ready('dcr-farmer-0', true);
  await dcr.running(2, 0);
  const refused = await dcr.sync().catch((error: KubeError) => error.answer);
  expect(refused).toMatchObject({
    status: 422,
    body: { reason: 'Invalid', message: expect.stringMatching(/updates to statefulset spec for fields other than/) as never },
  });
  return await dcr.podUids();
}

const subdomains = async (): Promise<unknown[]> => (await plane.kube.list('v1', 'Pod', dcr.namespace)).map(({ spec }) => spec.subdomain);

test('a set with another serviceName is moved by deleting it with its pods: the next sync makes all of it anew, found by name', async () => {
  const before = await stuck();
  await dcr.kube.remove(dcr.ref('StatefulSet', 'dcr-farmer'), { propagationPolicy: 'Foreground' });
  await until('the set to go', async () => ((await dcr.get('StatefulSet', 'dcr-farmer')) === undefined ? true : undefined));
  expect(await dcr.podNames()).toEqual([]);
  await dcr.sync();
  await dcr.running(2, 0);
  expect(Object.values(await dcr.podUids()).filter((uid) => Object.values(before).includes(uid))).toEqual([]);
  expect(await subdomains()).toEqual(['dcr-farmer', 'dcr-farmer']);
  for (const pod of await dcr.podNames()) await dcr.resolves(pod);
});

test('a set that is orphaned and made anew adopts pods that nobody finds by name, until each of them is deleted', async () => {
  const before = await stuck();
  await dcr.kube.remove(dcr.ref('StatefulSet', 'dcr-farmer'), { propagationPolicy: 'Orphan' });
  await until('the set to go', async () => ((await dcr.get('StatefulSet', 'dcr-farmer')) === undefined ? true : undefined));
  await dcr.sync();
  await until('both to be adopted', async () => ((await dcr.get('StatefulSet', 'dcr-farmer')).status.replicas === 2 ? true : undefined));
  expect(await dcr.podUids()).toEqual(before);
  expect(await subdomains()).toEqual([OLD, OLD]);
  // The pods' own addresses are published, but under no name of theirs.
  await until('their endpoints', async () => ((await dcr.endpoints('dcr-farmer')).length === 2 ? true : undefined));
  expect((await dcr.endpoints('dcr-farmer')).map(({ hostname }) => hostname)).toEqual([undefined, undefined]);
  expect(await dcr.lookUp(dcr.fqdn('dcr-farmer-0'))).toEqual([]);
  for (const name of ['dcr-farmer-0', 'dcr-farmer-1']) {
    await dcr.kube.remove(dcr.ref('Pod', name));
    await until(`another ${name}`, async () => ((await dcr.podUids())[name] ?? before[name]) !== before[name] || undefined);
  }
  await dcr.running(2, 0);
  expect(await subdomains()).toEqual(['dcr-farmer', 'dcr-farmer']);
  for (const pod of await dcr.podNames()) await dcr.resolves(pod);
});
