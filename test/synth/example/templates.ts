import { ApiObject, type Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template, Values } from '#synth/chart.js';
import { addFields } from '#synth/newer-fields.js';
import { join, portion } from '#synth/twins.js';
import type { ExampleValues } from './values.js';

type V = Values<typeof ExampleValues>;
type ExampleTemplate = Template<typeof ExampleValues>;
type Role = 'app' | 'intake' | 'worker';

const labels = (role: Role): Record<string, string> => ({ 'app.kubernetes.io/name': 'example', 'app.kubernetes.io/component': role });
const usesKafka = (v: V): boolean => v.kafka.topics !== 'none';
const configName = (v: V): string => (v.app.existingConfig === '' ? `${v.release.name}-config` : v.app.existingConfig);

export const config: ExampleTemplate = (chart, v) => {
  if (v.app.existingConfig !== '') return;
  const kafka = `
kafka:
  prefix: ${v.kafka.prefix}
  brokers: [${join(v.kafka.brokers, ', ')}]
${v.kafka.tls ? '  tls: { ca: /etc/kafka/ca.crt }\n' : ''}`;
  new k8s.KubeConfigMap(chart, 'config', {
    metadata: { name: configName(v) },
    data: {
      'app.yaml': `# Read once, at start.
http:
  port: ${v.app.port}
log:
  level: ${v.app.logLevel}
  tracing: ${v.app.tracing}
${usesKafka(v) ? kafka : ''}${v.journal.enabled ? `\njournal:\n  maxBytes: ${v.journal.maxBytes}\n` : ''}
templates:
  greeting: "{{ .Input.body }} and \${{ data.labels.cluster }}"
`,
      'limits.json': JSON.stringify({ heapMi: 0, mode: v.mode }),
    },
  });
};

function deployment(chart: Chart, v: V, role: Role, checksum: string): void {
  const object = new k8s.KubeDeployment(chart, role, {
    metadata: { name: `${v.release.name}-${role}`, labels: labels(role) },
    spec: {
      replicas: v.app.replicas,
      selector: { matchLabels: labels(role) },
      template: {
        metadata: {
          labels: { ...v.app.podLabels, ...labels(role) },
          annotations: { ...v.app.podAnnotations, 'checksum/config': checksum },
        },
        spec: {
          priorityClassName: v.app.priorityClass,
          nodeSelector: v.app.nodeSelector,
          tolerations: v.app.tolerations,
          initContainers: v.app.tracing ? [{ name: 'tracer', image: 'registry.example/tracer:1' }] : undefined,
          containers: [
            {
              name: 'app',
              image: `${v.image.repository}:${v.image.tag}`,
              args: ['serve', ...(role === 'app' ? [] : ['--role', role]), `--log=${v.app.logLevel}`],
              env: [
                { name: 'GREETING', value: v.greeting },
                { name: 'HEAP_MI', value: String(portion(v.app.memoryMi, 75)) },
                ...(usesKafka(v) ? [{ name: 'BROKERS', value: join(v.kafka.brokers, ',') }] : []),
                ...v.app.extraEnv,
                { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
              ],
              ports: [{ name: 'http', containerPort: v.app.port }],
              resources: {
                requests: Object.fromEntries(Object.entries(v.app.requests).map(([key, amount]) => [key, k8s.Quantity.fromString(amount)])),
                limits: { memory: k8s.Quantity.fromString(`${v.app.memoryMi}Mi`) },
              },
              readinessProbe: { httpGet: { path: '/readyz', port: k8s.IntOrString.fromString('http') }, periodSeconds: 5 },
              volumeMounts: [
                { name: 'config', mountPath: '/etc/app' },
                ...(usesKafka(v) && v.kafka.tls ? [{ name: 'kafka', mountPath: '/etc/kafka', readOnly: true }] : []),
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: configName(v) } },
            ...(usesKafka(v) && v.kafka.tls ? [{ name: 'kafka', secret: { secretName: v.kafka.secretName } }] : []),
          ],
        },
      },
    },
  });
  addFields(object, { spec: { template: { spec: { affinity: v.app.affinity } } } });
  if (v.app.tracing) addFields(object, { spec: { template: { spec: { initContainers: [{ name: 'tracer', restartPolicy: 'Always' }] } } } });
}

export const app: ExampleTemplate = (chart, v, { checksum }) => {
  const covered = checksum('config.yaml');
  const roles: readonly Role[] = v.mode === 'single' ? ['app'] : ['intake', 'worker'];
  for (const role of roles) deployment(chart, v, role, covered);
  new k8s.KubeService(chart, 'service', {
    metadata: { name: v.release.name, labels: labels('app') },
    spec: {
      selector: labels(v.mode === 'single' ? 'app' : 'intake'),
      ports: [{ name: 'http', port: v.app.port, targetPort: k8s.IntOrString.fromString('http') }],
    },
  });
  if (v.budget)
    new k8s.KubePodDisruptionBudget(chart, 'budget', {
      metadata: { name: v.release.name },
      spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels: { 'app.kubernetes.io/name': 'example' } } },
    });
};

export const journal: ExampleTemplate = (chart, v) => {
  if (!v.journal.enabled) return;
  const name = `${v.release.name}-journal`;
  new k8s.KubeStatefulSet(chart, 'journal', {
    metadata: { name },
    spec: {
      serviceName: name,
      replicas: 1,
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { 'app.kubernetes.io/name': name } },
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': name } },
        spec: { containers: [{ name: 'journal', image: `${v.image.repository}:${v.image.tag}`, args: ['journal'] }] },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: k8s.Quantity.fromString(v.journal.storage) } } },
        },
      ],
    },
  });
};

/** The few fields of Strimzi's KafkaTopic that a chart sets. */
interface KafkaTopicSpec {
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string | number>>;
}

function kafkaTopic(chart: Chart, name: string, spec: KafkaTopicSpec): void {
  new ApiObject(chart, name.split('.').at(-1) ?? name, {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: { name, annotations: { 'helm.sh/resource-policy': 'keep' } },
    spec,
  });
}

export const topics: ExampleTemplate = (chart, v) => {
  if (v.kafka.topics !== 'strimzi') return;
  const common = { partitions: v.kafka.partitions, replicas: 3 };
  kafkaTopic(chart, `${v.kafka.prefix}.events`, { ...common, config: { 'retention.ms': v.kafka.retentionMs, 'cleanup.policy': 'delete' } });
  kafkaTopic(chart, `${v.kafka.prefix}.journal`, { ...common, config: { 'cleanup.policy': 'compact' } });
};

export const monitoring: ExampleTemplate = (chart, v) => {
  if (!v.monitoring) return;
  new ApiObject(chart, 'monitor', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: v.release.name },
    spec: {
      selector: { matchLabels: labels('app') },
      namespaceSelector: { matchNames: [v.release.namespace] },
      endpoints: [{ port: 'http', interval: '30s' }],
    },
  });
};

export const notes = (v: V): string => `The service is http://${v.release.name}.${v.release.namespace}.svc:${v.app.port}/.
${v.mode === 'split' ? '\nIntake and workers run apart.\n' : ''}${v.app.existingConfig === '' ? '' : `\nIts configuration is yours: ${v.app.existingConfig}\n`}
Alerts: {{ $labels.instance }}
`;
