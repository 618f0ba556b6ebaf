import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { HelmChart } from '#synth/chart.js';
import { dcrChart } from '#synth/charts/dcr/chart.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge } from '#synth/values/parse-values.js';
import { Workspace } from '#synth/workspace.js';
import { startControlPlane } from '#test/support/control-plane.js';
import { allCrds, type CrdName, installCrds, removeCrds } from '#test/support/crds.js';
import { HELMS, HelmFolder } from '#test/support/helm.js';
import { Kube } from '#test/support/kube.js';
import { Processes } from '#test/support/processes.js';
import { HelmRelease, kindsOf } from '#test/support/release.js';
import { REPOSITORY, renderCase } from './chart-suite.js';

jest.setTimeout(120_000);

/** An API server that knows no kind beyond core Kubernetes. */
const processes = new Processes();
const files = new HelmFolder();
const crds = allCrds();
let kube: Kube;
let kubeconfig: string;
beforeAll(async () => {
  const plane = await startControlPlane(processes, { controllers: false });
  kube = new Kube(plane.access);
  kubeconfig = plane.kubeconfig;
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'argocd' } }, { manager: 'cluster' });
  await kube.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kafka' } }, { manager: 'cluster' });
});
afterAll(async () => {
  kube.close();
  files.close();
  await processes.close();
});

const MONITORING = ['podmonitors.monitoring.coreos.com', 'prometheusrules.monitoring.coreos.com'];
const WORKFLOWS = ['cronworkflows.argoproj.io', 'workflowtemplates.argoproj.io'];
const [BUS, SOURCES, SENSORS] = ['eventbus.argoproj.io', 'eventsources.argoproj.io', 'sensors.argoproj.io'] as const;
const TOPICS = ['kafkatopics.kafka.strimzi.io'];

/** In an order in which large CRDs come last: the server takes seconds to take them in or out. */
const CASES: readonly (readonly [chart: HelmChart, environment: string, over: Record<string, unknown>, needed: readonly CrdName[]])[] = [
  // The five-minute install.
  [sreRouterChart, 'staging', { delivery: 'direct' }, []],
  [sreRouterChart, 'prod', { delivery: 'direct', kafka: { topics: 'existing' } }, []],
  [dcrChart, 'staging', { monitoring: { enabled: false }, dcr: { workflow: { enabled: false } } }, []],
  [sreRouterChart, 'prod', { delivery: 'direct' }, TOPICS],
  [sreRouterChart, 'staging', { delivery: 'http' }, [BUS, SOURCES, SENSORS]],
  [sreRouterChart, 'prod', { delivery: 'kafka', eventBus: { kind: 'existing' } }, [SOURCES, SENSORS, ...TOPICS]],
  [sreRouterChart, 'prod', { delivery: 'bus', eventBus: { kind: 'kafka' }, kafka: { topics: 'existing' } }, [BUS, SOURCES]],
  [dcrChart, 'prod', { dcr: { workflow: { enabled: false } } }, MONITORING],
  [dcrChart, 'prod', { monitoring: { enabled: false } }, WORKFLOWS],
];
let installed: readonly CrdName[] = [];

/** The server knows these and no others. */
async function onlyCrds(needed: readonly CrdName[]): Promise<void> {
  const all = (names: readonly CrdName[]): K8sObject[] =>
    names.map((name) => crds.get(name) ?? { apiVersion: '', kind: '', metadata: { name } });
  await removeCrds(kube, all(installed.filter((name) => !needed.includes(name))));
  await installCrds(kube, all(needed.filter((name) => !installed.includes(name))));
  installed = needed;
}

const nameOf = (chart: HelmChart, environment: string, over: Record<string, unknown>): string =>
  `${chart.name} ${environment} ${JSON.stringify(over)}`;

test.each(CASES.map((one) => [nameOf(one[0], one[1], one[2]), one[3].join(', ') || 'no CRD', one] as const))(
  '%s is installed with %s',
  async (_name, _needed, [chart, environment, over, needed]) => {
    const { given } = new Workspace(REPOSITORY, [chart]).read(chart, environment);
    const values = deepMerge(given, over) as Record<string, unknown>;
    const namespace = `crds-${Math.random().toString(36).slice(2, 8)}`;
    const objects = renderCase(chart, values, namespace);
    // Each of them is really needed.
    const kinds = new Set(kindsOf(objects).map(({ kind }) => kind));
    const known = [...crds].filter(([, { spec }]) => kinds.has((spec as { names: { kind: string } }).names.kind));
    expect(known.map(([name]) => name).sort()).toEqual([...needed].sort());

    await onlyCrds(needed);
    await kube.namespace(namespace);
    for (const binary of Object.values(HELMS)) {
      const release = new HelmRelease(binary, kubeconfig, { name: chart.release.name, namespace });
      await release.install(join(REPOSITORY, 'charts', chart.name), files.values(values));
      await release.uninstall();
    }
  },
);
