import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { labels, WAVE, WAVE_ANNOTATION } from './common.js';
import type { ArgocdValues } from './values.js';

const kinds = (group: string, ...names: readonly string[]): { group: string; kind: string }[] => names.map((kind) => ({ group, kind }));

/** Every namespaced kind of charts/sre-router and charts/dcr, and no other: no Secret, for those come by another way. A test compares. */
export const NAMESPACED = [
  ...kinds('', 'ConfigMap', 'PersistentVolumeClaim', 'Service', 'ServiceAccount'),
  ...kinds('apps', 'Deployment', 'StatefulSet'),
  ...kinds('policy', 'PodDisruptionBudget'),
  ...kinds('networking.k8s.io', 'NetworkPolicy'),
  ...kinds('rbac.authorization.k8s.io', 'Role', 'RoleBinding'),
  ...kinds('argoproj.io', 'EventBus', 'EventSource', 'Sensor', 'WorkflowTemplate', 'CronWorkflow'),
  ...kinds('kafka.strimzi.io', 'KafkaTopic'),
  ...kinds('monitoring.coreos.com', 'ServiceMonitor', 'PodMonitor', 'PrometheusRule'),
];

/** What the Applications of this environment may touch, and where. */
export const project: Template<typeof ArgocdValues> = (chart, v) => {
  if (!v.project.create) return;
  const hasDcr = v.dcr.clusters.length > 0;
  const at = (namespace: string): object => ({ name: v.cluster, namespace });
  new ApiObject(chart, 'project', {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AppProject',
    metadata: {
      name: v.project.name,
      namespace: v.release.namespace,
      labels: labels(v),
      annotations: { [WAVE_ANNOTATION]: WAVE.project },
    },
    spec: {
      description: `SRE event router and DCR, ${v.environment}.`,
      sourceRepos: [v.source.repoUrl, ...(v.values.from === 'own' ? [v.values.repoUrl] : [])],
      destinations: [
        ...(v.router.enabled ? [at(v.router.namespace)] : []),
        ...(v.router.kafkaNamespace !== undefined ? [at(v.router.kafkaNamespace)] : []),
        ...(hasDcr ? [at(`${v.dcr.namespacePrefix}-*`)] : []),
        ...(hasDcr && v.dcr.workflows ? [at(v.release.namespace)] : []),
      ],
      clusterResourceWhitelist: [
        ...(v.sync.createNamespace ? kinds('', 'Namespace') : []),
        ...(hasDcr ? kinds('scheduling.k8s.io', 'PriorityClass') : []),
      ],
      namespaceResourceWhitelist: NAMESPACED,
      syncWindows: v.project.syncWindows,
    },
  });
};
