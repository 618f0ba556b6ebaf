import { expect, test } from '@jest/globals';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { checkMappingFiles } from '#synth/charts/sre-router/mapping-files.js';
import { isTakenByZod } from '../equivalence.js';
import { ENVIRONMENTS, environment, INSTALLATIONS, ofKind, rendered } from './installations.js';

const kindsOf = (installation: string): string[] => [
  ...new Set(
    rendered(INSTALLATIONS[installation])
      .filter(({ apiVersion }) => apiVersion.includes('argoproj.io') || apiVersion.includes('strimzi') || apiVersion.includes('coreos'))
      .map(({ kind }) => kind),
  ),
];

test.each<[installation: string, kinds: string[]]>([
  ['direct', []],
  ['direct with everything', ['KafkaTopic']],
  ['http over JetStream', ['EventBus', 'EventSource', 'Sensor']],
  ['http over Kafka', ['KafkaTopic', 'EventBus', 'EventSource', 'Sensor']],
  ['bus', ['KafkaTopic', 'EventBus', 'EventSource']],
  ['an existing bus', ['EventSource']],
])('%s needs no CRDs but those of its values', (installation, kinds) => {
  expect(kindsOf(installation).sort()).toEqual([...kinds].sort());
});

test.each(Object.entries(INSTALLATIONS))('pods are restricted, drain before they end, and mount no token: %s', (_, values) => {
  for (const { spec } of ofKind(rendered(values), 'Deployment')) {
    const pod = spec.template.spec;
    const [container] = pod.containers;
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const [preStopMs] = /[0-9]+/.exec(container.lifecycle.preStop.exec.command.at(-1).split('{}').at(-1)) ?? [];
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(Number(preStopMs) / 1_000 + 20);
    const writable = container.volumeMounts.filter(({ readOnly }: { readOnly?: boolean }) => readOnly !== true);
    expect(writable.map(({ mountPath }: { mountPath: string }) => mountPath)).toContain('/tmp');
  }
});

test('accounts have no rights and no token, but the canary on Kafka, which elects through the API server', () => {
  const accounts = (installation: string): Record<string, boolean> =>
    Object.fromEntries(
      ofKind(rendered(INSTALLATIONS[installation]), 'ServiceAccount').map((account) => [
        account.metadata.name,
        account.automountServiceAccountToken,
      ]),
    );
  expect(accounts('direct')).toEqual({ rel: false });
  expect(accounts('http over JetStream')).toEqual({ rel: false, 'rel-events': false, 'rel-canary': false });
  expect(accounts('bus')).toEqual({ rel: false, 'rel-events': false, 'rel-canary': true });
  expect(ofKind(rendered(INSTALLATIONS['http over JetStream']), 'Role')).toEqual([]);
  expect(ofKind(rendered(INSTALLATIONS.bus), 'Role').map(({ rules }) => rules)).toEqual([
    [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
  ]);
});

test('what holds events outlives the release and its pruning', () => {
  for (const values of Object.values(INSTALLATIONS))
    for (const object of rendered(values))
      if (object.kind === 'KafkaTopic' || object.kind === 'PersistentVolumeClaim')
        expect(object.metadata.annotations).toEqual({
          'helm.sh/resource-policy': 'keep',
          'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
        });
});

test('who may reach the router follows the delivery', () => {
  const from = (values: Record<string, unknown>): unknown[] =>
    ofKind(rendered(values), 'NetworkPolicy')[0].spec.ingress.flatMap((rule: { from: object[] }) =>
      rule.from.map((peer) => Object.keys(peer)[0]),
    );
  expect(from({ delivery: 'http' })).toEqual(['namespaceSelector', 'podSelector']);
  expect(from({ delivery: 'direct' })).toEqual(['namespaceSelector', 'namespaceSelector']);
  expect(from(INSTALLATIONS['an existing bus'] ?? {})).toEqual(['namespaceSelector']);
  expect(rendered({ networkPolicy: { enabled: false } }).map(({ kind }) => kind)).not.toContain('NetworkPolicy');
});

test('the embedded log has one pod that is gone before the next begins, and Kafka’s pods take turns', () => {
  const [embedded] = ofKind(rendered({}), 'Deployment');
  expect(embedded.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  expect(isTakenByZod(sreRouterChart, { router: { replicas: 2 } })).toBe(false);
  const parts = ofKind(rendered(INSTALLATIONS.bus), 'Deployment').map(({ metadata, spec }) => [
    metadata.name,
    spec.template.spec.containers[0].args.at(-1),
    spec.strategy.type,
  ]);
  expect(parts).toEqual([
    ['rel', 'route', 'RollingUpdate'],
    ['rel-ingest', 'ingest', 'RollingUpdate'],
    ['rel-api', 'api', 'RollingUpdate'],
  ]);
});

test.each(ENVIRONMENTS)('the environment %s renders', (name) => {
  expect(environment(name).length).toBeGreaterThan(5);
});

test.each<[what: string, files: { file: string; name: string; text: string }[], refusal: RegExp]>([
  ['a file over 200 KiB', [{ file: 'a.json', name: 'a', text: 'x'.repeat(204_801) }], /a\.json: 204801 bytes, at most 204800/],
  [
    'more than 600 KiB in all',
    ['a', 'b', 'c', 'd'].map((name) => ({ file: `${name}.json`, name, text: 'x'.repeat(200_000) })),
    /800000 bytes in all/,
  ],
  ['a name that no ConfigMap can have', [{ file: 'My_Map.json', name: 'My_Map', text: '' }], /lower-case/],
  ['one name in two formats', ['a.json', 'a.yaml'].map((file) => ({ file, name: 'a', text: '' })), /two files are called a/],
])('mappings are refused: %s', (_, files, refusal) => {
  expect(() => checkMappingFiles(files)).toThrow(refusal);
});
