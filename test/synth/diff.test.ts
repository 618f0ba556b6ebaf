import { describe, expect, test } from '@jest/globals';
import { compareObjects } from '#synth/diff/compare.js';
import { dangersOf } from '#synth/diff/danger.js';
import { markdownReport, textReport } from '#synth/diff/report.js';
import type { K8sObject } from '#synth/k8s-object.js';

const object = (kind: string, name: string, spec: unknown, apiVersion = 'v1'): K8sObject => ({
  apiVersion,
  kind,
  metadata: { name },
  spec,
});
const template = (fields: object): object => ({
  metadata: { labels: { 'app.kubernetes.io/component': 'synchronizer' }, annotations: { 'karpenter.sh/do-not-disrupt': 'true' } },
  spec: { priorityClassName: 'dcr-guardian', ...fields },
});
const guardian = (fields: object, inner: object = {}): K8sObject =>
  object('StatefulSet', 'dcr-sync', { replicas: 1, updateStrategy: { type: 'OnDelete' }, template: template(inner), ...fields }, 'apps/v1');
const topic = (name: string, partitions: number): K8sObject => object('KafkaTopic', name, { partitions }, 'kafka.strimzi.io/v1');
const sensor = (dependencies: unknown[], conditions?: string): K8sObject =>
  object('Sensor', 's', { dependencies, triggers: [{ template: { name: 't', conditions } }] });
const workload = (spec: object): K8sObject => object('Deployment', 'd', { replicas: 2, selector: { matchLabels: { a: 'b' } }, ...spec });

describe('a danger', () => {
  test.each<[string, K8sObject, K8sObject | undefined, string | undefined]>([
    [
      'an immutable field of a StatefulSet',
      object('StatefulSet', 's', { serviceName: 'a', replicas: 1 }),
      object('StatefulSet', 's', { serviceName: 'b', replicas: 1 }),
      'immutable-field: spec.serviceName: the API server refuses',
    ],
    [
      'a volume claim of a StatefulSet',
      object('StatefulSet', 's', { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { a: 1 } }] }),
      object('StatefulSet', 's', { volumeClaimTemplates: [{ metadata: { name: 'd' }, spec: { a: 2 } }] }),
      'immutable-field: spec.volumeClaimTemplates[0].spec.a',
    ],
    [
      'replicas and template of a StatefulSet may change',
      object('StatefulSet', 's', { replicas: 1, template: { a: 1 } }),
      object('StatefulSet', 's', { replicas: 3, template: { a: 2 } }),
      undefined,
    ],
    [
      'the selector of a workload',
      workload({}),
      workload({ selector: { matchLabels: { a: 'c' } } }),
      'selector: the selector of a workload cannot change',
    ],
    [
      'the selector of a Service',
      object('Service', 's', { selector: { a: 'b' } }),
      object('Service', 's', { selector: { a: 'c' } }),
      'selector: other pods get the traffic',
    ],
    [
      'any change of partitions of events',
      topic('x.events', 12),
      topic('x.events', 24),
      'partitions: partitions 12 → 24: the order of keys',
    ],
    ['any change of partitions of the journal', topic('x.journal', 12), topic('x.journal', 24), 'partitions: partitions 12 → 24'],
    ['fewer partitions of any topic', topic('x.raw', 12), topic('x.raw', 6), 'partitions: partitions 12 → 6: Kafka cannot take'],
    ['more partitions of another topic are fine', topic('x.raw', 12), topic('x.raw', 24), undefined],
    [
      'another kind of bus',
      object('EventBus', 'default', { jetstream: {} }),
      object('EventBus', 'default', { kafka: {} }),
      'event-bus: the bus changes its kind (jetstream → kafka)',
    ],
    [
      'another stream of the bus',
      object('EventBus', 'default', { jetstream: { streamConfig: 'a' } }),
      object('EventBus', 'default', { jetstream: { streamConfig: 'b' } }),
      'event-bus: streamConfig changes',
    ],
    [
      'a dependency of a Sensor',
      sensor([{ name: 'a', eventName: 'x' }]),
      sensor([{ name: 'a', eventName: 'y' }]),
      'sensor-dependencies: spec.dependencies[a].eventName',
    ],
    ['the conditions of a Sensor', sensor([], 'a && b'), sensor([], 'a || b'), 'sensor-dependencies: spec.triggers[0].template.conditions'],
    ['a deletion', workload({}), undefined, 'deletion: the object goes'],
    ['replicas to 0', workload({}), workload({ replicas: 0 }), 'replicas-zero: replicas 2 → 0'],
    ['fewer replicas are fine', workload({}), workload({ replicas: 1 }), undefined],
    [
      'a disruption budget',
      object('PodDisruptionBudget', 'p', { maxUnavailable: 1 }),
      object('PodDisruptionBudget', 'p', { maxUnavailable: 2 }),
      'disruption: how many pods may be evicted',
    ],
    [
      'the priority class of pods',
      workload({ template: { spec: { priorityClassName: 'a' } } }),
      workload({ template: { spec: { priorityClassName: 'b' } } }),
      'priority: the priority class of pods changes',
    ],
    [
      'a priority class',
      object('PriorityClass', 'p', { value: 1 }),
      object('PriorityClass', 'p', { value: 2 }),
      'priority: the priority of pods changes',
    ],
    ['the guardian scaled down', guardian({}), guardian({ replicas: 0 }), 'guardian: the guardian is scaled from 1 to 0'],
    [
      'the guardian restarted by a new template',
      guardian({}),
      guardian({ updateStrategy: { type: 'RollingUpdate' } }, { image: 'b' }),
      'guardian: a new pod template restarts the guardian',
    ],
    [
      'the guardian left open to autoscalers',
      guardian({}),
      guardian({ template: { ...template({}), metadata: {} } }),
      'guardian: karpenter.sh/do-not-disrupt changes',
    ],
    ['a new template of the guardian waits for a person', guardian({}), guardian({}, { image: 'b' }), undefined],
    [
      "the guardian's budget",
      object('PodDisruptionBudget', 'dcr-sync', {
        maxUnavailable: 0,
        selector: { matchLabels: { 'app.kubernetes.io/component': 'synchronizer' } },
      }),
      object('PodDisruptionBudget', 'dcr-sync', {
        maxUnavailable: 1,
        selector: { matchLabels: { 'app.kubernetes.io/component': 'synchronizer' } },
      }),
      "guardian: the guardian's disruption budget changes",
    ],
  ])('%s', (_, before, after, says) => {
    const dangers = dangersOf(compareObjects([before], after ? [after] : [])).map(({ flag, reason }) => `${flag}: ${reason}`);
    if (says === undefined) expect(dangers).toEqual([]);
    else expect(dangers.find((each) => each.startsWith(says))).toBeDefined();
  });

  test('of more weight stands first, whatever the order of objects', () => {
    const changes = compareObjects([workload({}), topic('x.events', 1)], [workload({ replicas: 0 }), topic('x.events', 2)]);
    expect(dangersOf(changes).map(({ flag }) => flag)).toEqual(['partitions', 'replicas-zero']);
  });
});

describe('a comparison', () => {
  test('does not count the order of keys, of objects, or of members that have a name', () => {
    const a = object('X', 'x', {
      a: 1,
      b: [
        { name: 'p', v: 1 },
        { name: 'q', v: 2 },
      ],
    });
    const b = {
      spec: {
        b: [
          { v: 1, name: 'p' },
          { v: 2, name: 'q' },
        ],
        a: 1,
      },
      kind: 'X',
      metadata: { name: 'x' },
      apiVersion: 'v1',
    } as K8sObject;
    expect(compareObjects([a, object('Y', 'y', {})], [object('Y', 'y', {}), b])).toEqual([]);
  });

  test('finds a member that was put first by its name', () => {
    const [change] = compareObjects(
      [object('X', 'x', { env: [{ name: 'b', value: '1' }] })],
      [
        object('X', 'x', {
          env: [
            { name: 'a', value: '0' },
            { name: 'b', value: '2' },
          ],
        }),
      ],
    );
    expect(change?.fields).toEqual([
      { path: 'spec.env[b].value', from: '1', to: '2' },
      { path: 'spec.env[a]', from: undefined, to: { name: 'a', value: '0' } },
    ]);
  });

  test('tells objects of one name in two namespaces apart', () => {
    const one = { ...object('X', 'x', 1), metadata: { name: 'x', namespace: 'a' } };
    expect(compareObjects([one], [{ ...one, metadata: { name: 'x', namespace: 'b' } }]).map(({ kind }) => kind)).toEqual([
      'removed',
      'added',
    ]);
  });
});

describe('a report', () => {
  const many = Array.from({ length: 300 }, (_, index) => ({
    chart: 'c',
    environment: `env${index}`,
    changes: compareObjects([workload({})], [workload({ replicas: 0, note: 'x'.repeat(300) })]),
  }));

  test('for a pull request shows dangers and a table first, and stays below the limit of a comment', () => {
    const text = markdownReport(many);
    expect(text.length).toBeLessThan(61_000);
    expect(text).toMatch(/^### Look twice\n\n\* \*\*replicas-zero\*\* `c\/env0` `Deployment\/d`: replicas 2 → 0\n/);
    expect(text).toContain('| chart | environment | added | changed | removed | dangers |');
    expect(text).toMatch(/…and \d+ more dangers?|…and \d+ more environments/);
    expect(markdownReport(many.slice(0, 1))).toContain('<details><summary>c/env0</summary>\n\n```diff\n~ Deployment/d\n');
  });

  test('leaves out environments in which nothing changes', () => {
    const quiet = { chart: 'c', environment: 'quiet', changes: [] };
    expect(textReport([quiet])).toBe('Nothing changes.\n');
    expect(markdownReport([quiet, ...many.slice(0, 1)])).not.toContain('quiet');
  });

  test('cannot be broken out of by a value', () => {
    const changes = compareObjects([object('X', 'x', { a: 'y' })], [object('X', 'x', { a: '```\n</details>' })]);
    expect(markdownReport([{ chart: 'c', environment: 'e', changes }]).match(/```/g)).toHaveLength(2);
  });
});
