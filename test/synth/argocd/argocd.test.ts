import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { bundle } from '#synth/chart.js';
import { argocdChart } from '#synth/charts/argocd/chart.js';
import { NAMESPACED } from '#synth/charts/argocd/project.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge, defaultValues } from '#synth/values/parse-values.js';
import { Workspace } from '#synth/workspace.js';
import { StrictSchemas } from '#test/support/strict-schemas.js';
import { testEquivalence } from '../equivalence.js';

testEquivalence(argocdChart);

const { UPSTREAM_SCHEMAS } = process.env;
const RELEASE = { name: 'argocd', namespace: 'argocd' };
const CLUSTERS = { dcr: { clusters: [{ name: 'express-7', values: 'prod' }] } };
const workspace = new Workspace('.', [argocdChart]);

const objectsAt = (values: object): K8sObject[] => bundle(argocdChart, deepMerge(defaultValues(argocdChart), values), RELEASE);
const ofKind = (objects: readonly K8sObject[], kind: string): Json => objects.find((object) => object.kind === kind) as unknown as Json;

interface Json {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string>; readonly finalizers?: readonly string[] };
  readonly spec: Record<string, unknown>;
}

const ENVIRONMENTS = workspace.environments(argocdChart).map((name) => [name, objectsFor(name)] as const);
function objectsFor(name: string): K8sObject[] {
  return bundle(argocdChart, workspace.read(argocdChart, name).values, RELEASE);
}

test.each(ENVIRONMENTS)('environment %s makes objects that Argo CD’s CRDs take, where they are at hand', (_, objects) => {
  expect(objects.map(({ apiVersion }) => apiVersion)).toEqual(objects.map(() => 'argoproj.io/v1alpha1'));
  expect(objects.map(({ metadata }) => metadata.namespace)).toEqual(objects.map(() => 'argocd'));
  if (UPSTREAM_SCHEMAS === undefined) return;
  const schemas = new StrictSchemas(UPSTREAM_SCHEMAS, '1.27');
  for (const object of objects) {
    expect(schemas.problems(object)).toEqual([]);
    const spec = { ...(object as unknown as Json).spec, ignoreDifference: [] };
    expect(schemas.problems({ ...object, spec } as K8sObject).join()).toContain('ignoreDifference');
  }
});

test('the values file of each environment is where Argo CD looks for it', () => {
  for (const [, objects] of ENVIRONMENTS) {
    const { source } = ofKind(objects, 'Application').spec as { source?: { path: string; helm: { valueFiles: string[] } } };
    const file = `${source?.path}/${source?.helm.valueFiles[0]}`;
    if (source !== undefined && existsSync(source.path)) expect([file, existsSync(file)]).toEqual([file, true]);
  }
  expect(ENVIRONMENTS.map(([name]) => name)).toEqual(['own-values', 'prod', 'staging']);
});

test('a repository of one’s own is a second source, and the project allows it', () => {
  const own = { values: { from: 'own', repoUrl: 'git@git.example:us/values.git', path: 'sre' }, environment: 'prod' };
  const objects = objectsAt({ ...own, ...CLUSTERS });
  expect(ofKind(objects, 'Application').spec).toMatchObject({
    sources: [
      { path: 'charts/sre-router', helm: { releaseName: 'sre-router', valueFiles: ['$values/sre/sre-router/prod.yaml'] } },
      { repoURL: 'git@git.example:us/values.git', ref: 'values' },
    ],
  });
  expect(ofKind(objects, 'Application').spec).not.toHaveProperty('source');
  expect(ofKind(objects, 'ApplicationSet').spec).toMatchObject({
    template: { spec: { sources: [{ helm: { valueFiles: ['$values/sre/dcr/{{ .values }}.yaml'] } }, {}] } },
  });
  expect(ofKind(objects, 'AppProject').spec.sourceRepos).toEqual([
    'https://git.example/sre/sre-router.git',
    'git@git.example:us/values.git',
  ]);
});

test('the project allows no cluster-wide kind but namespaces, and PriorityClasses where there is a DCR', () => {
  const allowed = (values: object): unknown => ofKind(objectsAt(values), 'AppProject').spec.clusterResourceWhitelist;
  const namespace = { group: '', kind: 'Namespace' };
  const priority = { group: 'scheduling.k8s.io', kind: 'PriorityClass' };
  expect(allowed({})).toEqual([namespace]);
  expect(allowed(CLUSTERS)).toEqual([namespace, priority]);
  expect(allowed({ ...CLUSTERS, sync: { createNamespace: false } })).toEqual([priority]);
  expect(allowed({ sync: { createNamespace: false } })).toEqual([]);
});

test('the project allows every kind that the other charts have', () => {
  const allowed = new Set([
    'scheduling.k8s.io/PriorityClass',
    ...NAMESPACED.map(({ group, kind }) => (group === '' ? kind : `${group}/${kind}`)),
  ]);
  const charts = readdirSync('charts').filter((name) => name !== 'argocd');
  const made = charts.flatMap((name) =>
    readdirSync(`charts/${name}/templates`).flatMap((file) =>
      [...readFileSync(`charts/${name}/templates/${file}`, 'utf8').matchAll(/^apiVersion: (?:(\S+)\/)?\S+\nkind: (\S+)$/gm)].map(
        ([, group, kind]) => (group === undefined ? kind : `${group}/${kind}`),
      ),
    ),
  );
  expect(made.filter((kind) => !allowed.has(kind ?? ''))).toEqual([]);
  expect(allowed).not.toContain('Secret');
});

test('the namespaces of the project are those of its Applications, and of the topics', () => {
  const values = { ...CLUSTERS, cluster: 'west', router: { namespace: 'alerts', kafkaNamespace: 'kafka' } };
  const objects = objectsAt(values);
  expect(ofKind(objects, 'AppProject').spec.destinations).toEqual([
    { name: 'west', namespace: 'alerts' },
    { name: 'west', namespace: 'kafka' },
    { name: 'west', namespace: 'dcr-*' },
  ]);
  const withWorkflows = objectsAt(deepMerge(values, { dcr: { workflows: true } }) as object);
  expect(ofKind(withWorkflows, 'AppProject').spec.destinations).toContainEqual({ name: 'west', namespace: 'argocd' });
  expect(ofKind(objects, 'Application').spec.destination).toEqual({ name: 'west', namespace: 'alerts' });
  expect(ofKind(objects, 'ApplicationSet').spec).toMatchObject({
    template: { spec: { destination: { name: 'west', namespace: 'dcr-{{ .name }}' } } },
  });
});

test('waves: the project, then the router, then what reports to it; all applied by the server, and replicas are git’s', () => {
  const objects = objectsAt(CLUSTERS);
  const waves = objects.map(({ kind, metadata }) => [kind, (metadata as Json['metadata']).annotations['argocd.argoproj.io/sync-wave']]);
  expect(Object.fromEntries(waves)).toEqual({ AppProject: '-1', Application: '0', ApplicationSet: '1' });
  const { template } = ofKind(objects, 'ApplicationSet').spec as { template: Json };
  for (const { spec, metadata } of [ofKind(objects, 'Application'), template]) {
    expect(spec.syncPolicy).toMatchObject({
      automated: { prune: true, selfHeal: true },
      syncOptions: expect.arrayContaining(['ServerSideApply=true', 'CreateNamespace=true']),
    });
    expect(spec).not.toHaveProperty('ignoreDifferences');
    expect(metadata.annotations['argocd.argoproj.io/compare-options']).toBe('ServerSideDiff=true');
  }
});

test('deleting an Application leaves what runs, unless cascade is set', () => {
  const finalizers = (values: object): unknown[] => {
    const objects = objectsAt({ ...CLUSTERS, ...values });
    const { template, syncPolicy } = ofKind(objects, 'ApplicationSet').spec as { template: Json; syncPolicy: object };
    return [ofKind(objects, 'Application').metadata.finalizers, template.metadata.finalizers, syncPolicy];
  };
  expect(finalizers({})).toEqual([undefined, undefined, { preserveResourcesOnDeletion: true }]);
  const cascading = ['resources-finalizer.argocd.argoproj.io'];
  expect(finalizers({ cascade: true })).toEqual([cascading, cascading, { preserveResourcesOnDeletion: false }]);
});

test('a person syncs where automated is off', () => {
  expect(ofKind(objectsAt({ sync: { automated: false } }), 'Application').spec.syncPolicy).not.toHaveProperty('automated');
});
