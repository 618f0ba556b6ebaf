import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { join } from '../../twins.js';
import { fqdn, LAST, PROPERTIES, placement, type Role, SET, selector, type V } from './names.js';
import { probeContainer, probesOf } from './probes.js';
import type { DcrValues } from './values.js';

/** Pods of these must not be moved for the convenience of others: their heap is hours of work. Values are texts. */
const STAY = { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false', 'karpenter.sh/do-not-disrupt': 'true' };

/** Time to leave the topology and give work back (farmer), or to stop the pump and abort uploads (synchronizer). */
const GRACE_SECONDS: Readonly<Record<Role, number>> = { farmer: 120, synchronizer: 600 };

type Size = Pick<V['farmers'], 'heapGi' | 'memoryGi' | 'cpu' | 'nodeSelector' | 'tolerations'>;

export const farmers: Template<typeof DcrValues> = (chart, v) => {
  const priority = v.priorityClasses.farmer;
  new k8s.KubeStatefulSet(chart, 'farmers', {
    metadata: { name: SET.farmer, labels: selector('farmer'), annotations: LAST },
    spec: {
      ...setSpec('farmer', v.farmers.enabled ? v.farmers.replicas : 0),
      minReadySeconds: 30,
      template: podTemplate(v, 'farmer', v.farmers, priority === '' ? undefined : priority),
    },
  });
};

export const synchronizer: Template<typeof DcrValues> = (chart, v) => {
  const priority = v.priorityClasses.guardian;
  new k8s.KubeStatefulSet(chart, 'synchronizer', {
    metadata: { name: SET.synchronizer, labels: selector('synchronizer'), annotations: LAST },
    spec: {
      ...setSpec('synchronizer', v.synchronizer.enabled ? 1 : 0),
      template: podTemplate(v, 'synchronizer', v.synchronizer, priority === '' ? undefined : priority),
    },
  });
};

/** Parallel: all at once, none waits for another to be ready. OnDelete: a changed template rolls no guardian and no farmer at work. */
function setSpec(role: Role, replicas: number): Omit<k8s.StatefulSetSpec, 'template'> {
  return {
    replicas,
    serviceName: SET[role],
    podManagementPolicy: 'Parallel',
    updateStrategy: { type: 'OnDelete' },
    selector: { matchLabels: selector(role) },
  };
}

/** Nothing in here depends on a count or a run: the toggles change spec.replicas, and no pod. */
function podTemplate(v: V, role: Role, size: Size, priorityClassName: string | undefined): k8s.PodTemplateSpec {
  return {
    metadata: { labels: { ...selector(role), 'dcr.example.io/cluster': v.cluster }, annotations: STAY },
    spec: {
      serviceAccountName: SET[role],
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: GRACE_SECONDS[role],
      priorityClassName,
      ...placement(v, size),
      ...(role === 'farmer' ? { topologySpreadConstraints: [spread()] } : {}),
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      // No init container: a Pending pod can be evicted under any budget. The node itself waits for its name (docs/dcr-node.md).
      containers: [nodeContainer(v, role, size), ...(v.probe.kind === 'thrift' ? [probeContainer(v)] : [])],
      volumes: [
        { name: 'properties', configMap: { name: PROPERTIES } },
        // Over its limit a pod is evicted, under whatever budget: so the synchronizer has none.
        { name: 'scratch', emptyDir: role === 'farmer' ? { sizeLimit: k8s.Quantity.fromString(`${v.farmers.scratchGi}Gi`) } : {} },
      ],
    },
  };
}

function nodeContainer(v: V, role: Role, size: Size): k8s.Container {
  const memory = k8s.Quantity.fromString(`${size.memoryGi}Gi`);
  const field = (name: string, fieldPath: string): k8s.EnvVar => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: 'node',
    image: `${v.image.repository}:${v.image.tag}`,
    ...(v.node.command.length > 0 ? { command: v.node.command } : {}),
    ...(v.node.args.length > 0 ? { args: v.node.args } : {}),
    env: [
      ...v.node.extraEnv,
      field('POD_NAME', 'metadata.name'),
      field('POD_IP', 'status.podIP'),
      { name: 'DCR_ROLE', value: role },
      { name: 'DCR_NODE_NAME', value: fqdn(v, role, '$(POD_NAME)') },
      { name: 'DCR_PROPERTIES', value: '/etc/dcr/dcr.json' },
      { name: 'DCR_PORT', value: String(v.node.port) },
      // Of two settings of a JVM the last one holds: the heap is heapGi, whatever stands before it.
      { name: 'JAVA_TOOL_OPTIONS', value: `-XX:+ExitOnOutOfMemoryError ${join(v.node.javaOptions, ' ')} -Xmx${size.heapGi}g` },
    ],
    ports: [
      { name: 'tcp-thrift', containerPort: v.node.port },
      ...(v.probe.kind === 'http' ? [{ name: 'probe', containerPort: v.probe.port }] : []),
    ],
    ...probesOf(v, role),
    resources: { requests: { memory, cpu: k8s.Quantity.fromString(size.cpu) }, limits: { memory } },
    securityContext: { allowPrivilegeEscalation: false },
    volumeMounts: [
      // The whole folder: a single file mounted by subPath would never change.
      { name: 'properties', mountPath: '/etc/dcr', readOnly: true },
      { name: 'scratch', mountPath: '/scratch' },
    ],
  };
}

/** A heap of 60 GB and more has a machine to itself anyway; a rule that must hold would be slow to schedule with 100 farmers. */
function spread(): k8s.TopologySpreadConstraint {
  return {
    maxSkew: 1,
    topologyKey: 'kubernetes.io/hostname',
    whenUnsatisfiable: 'ScheduleAnyway',
    labelSelector: { matchLabels: selector('farmer') },
  };
}
