import { afterAll, afterEach, beforeAll, expect, jest, test } from '@jest/globals';
import type { K8sObject } from '#synth/k8s-object.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { until } from '#test/support/processes.js';
import { type Given, Installation, PLAIN, SYNCHRONIZER } from './installation.js';
import { RealNodes, type RealNodesOptions } from './real-nodes.js';

jest.setTimeout(120_000);

let plane: OpenPlane;
let dcr: Installation;
let nodes: RealNodes;
beforeAll(async () => {
  plane = await openControlPlane();
});
afterEach(async () => {
  await dcr.close();
  await nodes.close();
});
afterAll(() => plane.close());

/** The same chart but for one field: DNS waits until a pod is ready. */
function readinessGatesDns(object: K8sObject): K8sObject {
  const spec = object.spec as { clusterIP?: string } | undefined;
  if (object.kind !== 'Service' || spec?.clusterIP !== 'None') return object;
  return { ...object, spec: { ...spec, publishNotReadyAddresses: false } };
}

async function install(options: RealNodesOptions, given: Given, as?: (object: K8sObject) => K8sObject): Promise<void> {
  nodes = new RealNodes(plane.plane, options);
  await nodes.open();
  dcr = new Installation(plane, PLAIN);
  const objects = dcr.objects({ ...nodes.given, ...given });
  const properties = objects.find(({ metadata }) => metadata.name === 'dcr-properties') as K8sObject & { data: Record<string, string> };
  await dcr.open({ script: nodes.script(properties.data['dcr.json'] ?? '') });
  await dcr.sync({}, as);
}

/** A minute is 4 s here: long for controllers and CoreDNS. */
const TODAY: RealNodesOptions = {
  factor: 15,
  patience: '60s',
  dnsGate: false,
  lateStatus: true,
  times: { bootMs: 5_000, historyMs: 120_000 },
};

test.each([
  ['that gives up at once', '0s'],
  ['that is patient for a minute', '60s'],
])('where DNS waits for readiness, the pump %s breaks the synchronizer, which ends itself, again and again', async (_what, patience) => {
  await install({ ...TODAY, patience }, {}, readinessGatesDns);
  await until('two lives', async () => (nodes.pod(SYNCHRONIZER).container.restarts.exit >= 2 ? true : undefined));
  const why = async (): Promise<string | undefined> => (await nodes.registered()).find(({ broken }) => broken !== undefined)?.broken;
  expect(await until('one to be given up', why)).toBe(`${dcr.fqdn(SYNCHRONIZER)} does not resolve`);
  expect(await dcr.lookUp(dcr.fqdn(SYNCHRONIZER))).toEqual([]);
  expect(nodes.pod(SYNCHRONIZER)).toMatchObject({ readyMs: undefined, container: { restarts: { startup: 0, liveness: 0 } } });
});

test('the same node and the same patient pump find each other once DNS does not wait', async () => {
  await install(TODAY, {});
  await until('the synchronizer to be ready', async () => nodes.pod(SYNCHRONIZER).readyMs);
  expect(nodes.pod(SYNCHRONIZER).container.restartCount).toBe(0);
  const registered = await nodes.registered();
  expect(registered).toMatchObject([{ name: dcr.fqdn(SYNCHRONIZER), reachedMs: expect.any(Number) }]);
  expect(registered[0]).not.toHaveProperty('broken');
});

test('where DNS waits for readiness, a synchronizer that waits for its own name never registers, until its startup probe kills it', async () => {
  await install({ ...TODAY, factor: 300, dnsGate: true }, {}, readinessGatesDns);
  await until('the startup probe', async () => (nodes.pod(SYNCHRONIZER).container.restarts.startup >= 1 ? true : undefined));
  expect(await nodes.registered()).toEqual([]);
  expect(nodes.pod(SYNCHRONIZER)).toMatchObject({ readyMs: undefined, container: { restarts: { exit: 0 } } });
});

test('as generated, each node is found by name before it is ready, all start together, and the run ends with a guardian and no restart', async () => {
  const times = { bootMs: 10_000, historyMs: 30_000, units: 12, unitMs: 20_000, parts: 2, partMs: 5_000 };
  const options = { factor: 20, patience: '120s', dnsGate: true, lateStatus: true, times };
  await install(options, { farmers: { enabled: true, replicas: 3 } });
  const state = async (): Promise<true | undefined> => (nodes.pod(SYNCHRONIZER).status?.state === 'GUARDIAN' ? true : undefined);
  await until('the guardian', state, 60_000);
  const registered = await nodes.registered();
  expect(registered.map(({ name }) => name).sort()).toEqual((await dcr.podNames()).map((pod) => dcr.fqdn(pod)));
  for (const { name, broken, reachedMs, registeredMs } of registered) {
    const pod = nodes.pod(name.split('.')[0] ?? '');
    expect([name, broken, reachedMs === undefined]).toEqual([name, undefined, false]);
    expect(pod.readyMs).toBeGreaterThan(registeredMs);
  }
  expect(nodes.pods.map(({ name, container }) => [name, container.restartCount]).sort()).toEqual(
    (await dcr.podNames()).map((pod) => [pod, 0]),
  );
});
