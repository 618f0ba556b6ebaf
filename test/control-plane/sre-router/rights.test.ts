import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { casesOf, renderCase } from '#test/control-plane/chart-suite.js';
import { type OpenPlane, openControlPlane } from '#test/support/control-plane.js';
import { ownRightsOf } from '#test/support/rights.js';

jest.setTimeout(120_000);

let open: OpenPlane;
beforeAll(async () => {
  open = await openControlPlane();
});
afterAll(() => open.close());

test.each(casesOf(sreRouterChart, {}).map(({ name, given }) => [name, given] as const))(
  '%s: no account of the router may do anything in Kubernetes',
  async (_name, given) => {
    const namespace = `sre-router-${Math.random().toString(36).slice(2, 8)}`;
    await open.kube.namespace(namespace);
    const objects = renderCase(sreRouterChart, given, namespace).filter(
      ({ apiVersion, kind }) => kind === 'ServiceAccount' || apiVersion.startsWith('rbac.'),
    );
    for (const object of objects) await open.kube.apply({ ...object, metadata: { ...object.metadata, namespace } });
    const accounts = objects.filter(({ kind }) => kind === 'ServiceAccount').map(({ metadata }) => metadata.name);
    expect(accounts).toContain('sre-router');
    for (const name of accounts) expect([name, await ownRightsOf(open.kube, { namespace, name }, namespace)]).toEqual([name, []]);
  },
);
