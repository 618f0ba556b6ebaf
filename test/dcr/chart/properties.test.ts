import { describe, expect, test } from '@jest/globals';
import { propertiesSchema } from '#test/dcr/properties.js';
import { ALL, container, Installation, type Json, type NodeSet, probesOf, refusalOf, selects } from './installation.js';

/** The fifteen properties of docs/dcr.md, as far as they can be seen in what is rendered. */
const ROLES = ['farmer', 'synchronizer'] as const;
const all = (change: Json = {}): Installation => new Installation({ ...ALL, ...change });

interface Service {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly clusterIP?: string; readonly publishNotReadyAddresses?: boolean; readonly selector: Record<string, string> };
}
const services = (installation: Installation): Service[] => installation.of('Service') as unknown as Service[];

test('property 1: the serviceName of each set is a headless Service of the bundle that publishes not-ready addresses and selects its pods', () => {
  for (const role of ROLES) {
    const { spec } = all().set(role);
    const service = services(all()).find(({ metadata }) => metadata.name === spec.serviceName);
    expect(service?.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    expect(selects(service?.spec.selector ?? { none: '' }, spec.template.metadata.labels)).toBe(true);
  }
});

test.each(['cluster.local', 'corp.example'])(
  'property 2: the name that a node registers is the one that DNS knows, in %s',
  (clusterDomain) => {
    const installation = new Installation({ clusterDomain }, { name: 'dcr', namespace: 'express-7' });
    for (const role of ROLES) {
      const set = installation.set(role);
      const { env } = container(set, 'node');
      const names = env.map(({ name }) => name);
      expect(env.find(({ name }) => name === 'DCR_NODE_NAME')?.value).toBe(
        `$(POD_NAME).${set.spec.serviceName}.express-7.svc.${clusterDomain}`,
      );
      // $(…) knows only what stands before it.
      expect(names.indexOf('POD_NAME')).toBeLessThan(names.indexOf('DCR_NODE_NAME'));
      for (const label of `${set.metadata.name}-99.${set.spec.serviceName}`.split('.')) expect(label.length).toBeLessThanOrEqual(63);
    }
    expect(installation.properties.farmerName).toBe(`dcr-farmer-{ordinal}.dcr-farmer.express-7.svc.${clusterDomain}`);
  },
);

test('property 3: only headless Services publish not-ready addresses; the donor has guardians alone', () => {
  for (const { metadata, spec } of services(all())) {
    expect([metadata.name, spec.publishNotReadyAddresses === true]).toEqual([metadata.name, spec.clusterIP === 'None']);
    if (spec.clusterIP === 'None') continue;
    expect(spec.selector).toMatchObject({ 'dcr.example.io/state': 'guardian' });
    for (const role of ROLES) expect(selects(spec.selector, all().set(role).spec.template.metadata.labels)).toBe(false);
  }
});

test.each([
  ['farmers.replicas', 1],
  ['farmers.replicas', 101],
  ['dcr.minFarmers', 1],
  ['dcr.minFarmers', 0],
  ['dcr.maxFarmers', 101],
  ['dcr.onInsufficientFarmers', 'fallback'],
  ['dcr.mode', 'dynamic'],
  ['farmers.replicas', null],
])('property 8: %s %p is refused by the schema', (path, value) => {
  const [outer = '', inner = ''] = path.split('.');
  expect(refusalOf({ [outer]: { [inner]: value } })).toContain(`${path}:`);
});

test.each([
  [{ dcr: { minFarmers: 10, maxFarmers: 9 }, farmers: { replicas: 0 } }, /minFarmers must be at most dcr.maxFarmers/],
  [{ dcr: { minFarmers: 8 }, farmers: { replicas: 4 } }, /replicas must be 0 or at least dcr.minFarmers/],
  [{ dcr: { maxFarmers: 10 }, farmers: { replicas: 11 } }, /replicas must be at most dcr.maxFarmers/],
  [{ farmers: { heapGi: 81, memoryGi: 100 } }, /heapGi must be at most 80 %/],
  [{ synchronizer: { heapGi: 81, memoryGi: 100 } }, /heapGi must be at most 80 %/],
  [{ probe: { kind: 'exec' } }, /exec needs probe.command/],
  [{ priorityClasses: { create: true } }, /create needs priorityClasses.guardian/],
  [{ dcr: { workflow: { enabled: true } } }, /enabled needs dcr.workflow.gitUrl/],
])('property 8 and 13: a rule between values refuses %j', (change, reason) => {
  expect(refusalOf(change)).toMatch(reason);
});

test.each([0, 2, 100])('property 8: what the nodes read is valid for them, with %i farmers, and says wait', (replicas) => {
  const { properties } = new Installation({ farmers: { replicas }, dcr: { runId: 'r-7', mode: 'balance' } });
  expect(propertiesSchema.parse(properties)).toEqual(properties);
  expect(properties).toMatchObject({
    expectedFarmers: replicas,
    minFarmers: 2,
    maxFarmers: 100,
    onInsufficientFarmers: 'wait',
    runId: 'r-7',
    mode: 'balance',
  });
});

test('property 9: all farmers at once: Parallel, no init container, nothing that refers to another farmer', () => {
  for (const role of ROLES) {
    const { spec } = all().set(role);
    expect(spec.podManagementPolicy).toBe('Parallel');
    // A pod with init containers is Pending, and a Pending pod is evicted under any budget.
    expect(spec.template.spec.initContainers).toBeUndefined();
    expect(JSON.stringify(spec.template.spec.containers)).not.toMatch(/dcr-farmer-\d/);
  }
});

interface Budget {
  readonly spec: {
    readonly maxUnavailable?: number;
    readonly minAvailable?: number;
    readonly unhealthyPodEvictionPolicy: string;
    readonly selector: { matchLabels: Record<string, string> };
  };
}
const budgetsOf = (installation: Installation, set: NodeSet): Budget[] =>
  (installation.of('PodDisruptionBudget') as unknown as Budget[]).filter(({ spec }) =>
    selects(spec.selector.matchLabels, set.spec.template.metadata.labels),
  );

test('property 10: the guardian is hard to lose', () => {
  const installation = all();
  const set = installation.set('synchronizer');
  expect(set.spec.updateStrategy).toEqual({ type: 'OnDelete' });
  expect(budgetsOf(installation, set).map(({ spec }) => [spec.maxUnavailable, spec.unhealthyPodEvictionPolicy])).toEqual([
    [0, 'IfHealthyBudget'],
  ]);
  expect(set.spec.template.metadata.annotations).toEqual({
    'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    'karpenter.sh/do-not-disrupt': 'true',
  });
  const classes = Object.fromEntries(installation.of('PriorityClass').map((object) => [object.metadata.name, object]));
  expect(classes).toMatchObject({ 'dcr-guardian': { value: 1_000_000 }, 'dcr-farmer': { value: 1_000, preemptionPolicy: 'Never' } });
  expect(set.spec.template.spec.priorityClassName).toBe('dcr-guardian');
  expect(installation.set('farmer').spec.template.spec.priorityClassName).toBe('dcr-farmer');
});

test("property 11: each pod has exactly one budget; the farmers' lets go of what cannot become ready", () => {
  const installation = all();
  for (const role of ROLES) expect(budgetsOf(installation, installation.set(role))).toHaveLength(1);
  expect(budgetsOf(installation, installation.set('farmer'))[0]?.spec).toMatchObject({
    maxUnavailable: 1,
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  });
  expect(installation.set('farmer').spec.updateStrategy).toEqual({ type: 'OnDelete' });
});

describe('property 13: memory', () => {
  const GRACE = { farmer: 120, synchronizer: 600 } as const;
  test.each(ROLES)('%s: request is limit, one heap of 80 %% at most, it ends when memory ends, nothing in memory but that', (role) => {
    const set = all().set(role);
    const { resources, env } = container(set, 'node');
    expect(resources.requests.memory).toBe(resources.limits.memory);
    const options = env.find(({ name }) => name === 'JAVA_TOOL_OPTIONS')?.value ?? '';
    const heaps = options.match(/-Xmx\d+g|-XX:(?:Max|Initial)RAMPercentage=\S+|-XX:MaxHeapSize=\S+/g) ?? [];
    expect(heaps).toHaveLength(1);
    expect(options.endsWith(heaps[0] ?? '-')).toBe(true);
    expect(Number(/-Xmx(\d+)g/.exec(options)?.[1])).toBeLessThanOrEqual(0.8 * Number.parseInt(resources.limits.memory ?? '', 10));
    expect(options).toContain('-XX:+ExitOnOutOfMemoryError');
    for (const { emptyDir } of set.spec.template.spec.volumes) expect(emptyDir?.medium).toBeUndefined();
    expect(set.spec.template.spec.terminationGracePeriodSeconds).toBe(GRACE[role]);
    for (const probe of Object.values(probesOf(set))) expect(probe.terminationGracePeriodSeconds ?? 0).toBeLessThanOrEqual(GRACE[role]);
  });

  test('a heap among the options of people does not win over heapGi', () => {
    const set = new Installation({ node: { javaOptions: ['-Xmx9g'], extraEnv: [{ name: 'JAVA_TOOL_OPTIONS', value: '-Xmx8g' }] } }).set(
      'farmer',
    );
    const { env } = container(set, 'node');
    expect(env.findLast(({ name }) => name === 'JAVA_TOOL_OPTIONS')?.value).toMatch(/-Xmx9g -Xmx60g$/);
  });
});

const WAVE = 'argocd.argoproj.io/sync-wave';

test('property 14: git is the only writer of scale, and Argo CD cannot wait for itself', () => {
  const { objects } = all();
  const kinds = new Set(objects.map(({ kind }) => kind));
  for (const kind of ['HorizontalPodAutoscaler', 'ScaledObject', 'Workflow', 'Application']) expect(kinds).not.toContain(kind);
  const text = JSON.stringify(objects);
  for (const word of ['argocd.argoproj.io/hook', 'ignoreDifferences', 'helm.sh/hook', 'Prune=confirm']) expect(text).not.toContain(word);
  const waves = objects.map(({ kind, metadata }) => [kind, Number((metadata.annotations as Record<string, string>)[WAVE])] as const);
  const last = Math.max(...waves.map(([, wave]) => wave));
  expect(waves.filter(([kind]) => kind === 'StatefulSet').map(([, wave]) => wave)).toEqual([last, last]);
  expect(waves.filter(([kind, wave]) => kind !== 'StatefulSet' && wave >= last)).toEqual([]);
});

test("property 14: the workflow's rights are these and no others; none writes a StatefulSet", () => {
  interface Role {
    readonly metadata: { readonly name: string; readonly namespace?: string };
    readonly rules: readonly { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[];
  }
  const roles = all().of('Role') as unknown as Role[];
  const rights = roles.flatMap(({ metadata, rules }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames = ['*'], verbs }) =>
      verbs.map((verb) => `${metadata.namespace ?? '-'}: ${verb} ${apiGroups}/${resources} ${resourceNames}`),
    ),
  );
  expect(rights.sort()).toEqual([
    '-: create argoproj.io/workflowtaskresults *',
    '-: get /pods dcr-synchronizer-0',
    '-: get apps/statefulsets dcr-synchronizer,dcr-farmer',
    '-: list argoproj.io/workflows *',
    '-: patch /pods dcr-synchronizer-0',
    '-: patch argoproj.io/workflowtaskresults *',
    'argocd: get argoproj.io/applications dcr',
  ]);
  expect(all().of('ClusterRole')).toEqual([]);
});

test('nodes have no rights in Kubernetes, and two accounts for S3', () => {
  const installation = new Installation({
    synchronizer: { serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/writer' } },
    farmers: { serviceAccountAnnotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/reader' } },
  });
  const accounts = Object.fromEntries(
    installation.of('ServiceAccount').map(({ metadata }) => [metadata.name, (metadata.annotations as Json)['eks.amazonaws.com/role-arn']]),
  );
  expect(accounts).toEqual({ 'dcr-synchronizer': 'arn:aws:iam::1:role/writer', 'dcr-farmer': 'arn:aws:iam::1:role/reader' });
  expect(installation.of('Role')).toEqual([]);
  for (const role of ROLES)
    expect(installation.set(role).spec.template.spec).toMatchObject({
      automountServiceAccountToken: false,
      serviceAccountName: `dcr-${role}`,
    });
});
