import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { casesOf, renderCase } from '#test/control-plane/chart-suite.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { ownRightsOf } from '#test/support/rights.js';
import { DELIVERIES } from './deliveries.js';

jest.setTimeout(120_000);

let open: OpenPlane;
beforeAll(async () => {
  open = await openControlPlane();
});
afterAll(() => open.close());

/** By account. All others may do nothing; on Kafka, Argo Events elects the one canary through the API server. */
const LEASES = ['create', 'get', 'update'].map((verb) => `${verb} leases.coordination.k8s.io`);
const EXPECTED: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'prod bus on Kafka': { 'sre-router-canary': LEASES },
  'staging bus on Kafka': { 'sre-router-canary': LEASES },
};

test.each(casesOf(sreRouterChart, { variants: DELIVERIES }).map(({ name, given }) => [name, given] as const))(
  '%s: no account may do more in Kubernetes than it must, the router nothing',
  async (name, given) => {
    const namespace = `sre-router-${Math.random().toString(36).slice(2, 8)}`;
    await open.kube.namespace(namespace);
    const isAboutRights = ({ apiVersion, kind }: K8sObject): boolean => kind === 'ServiceAccount' || apiVersion.startsWith('rbac.');
    const objects = renderCase(sreRouterChart, given, namespace).filter(isAboutRights);
    for (const object of objects) await open.kube.apply({ ...object, metadata: { ...object.metadata, namespace } });
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
    expect(accounts).toContain('sre-router');
    for (const account of accounts)
      expect([account, await ownRightsOf(open.kube, { namespace, name: account }, namespace)]).toEqual([
        account,
        EXPECTED[name]?.[account] ?? [],
      ]);
  },
);
