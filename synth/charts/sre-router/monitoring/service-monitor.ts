import { ApiObject, type Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../../chart.js';
import { type Component, labels, partLabels } from '../names.js';
import type { SreRouterValues, V } from '../values.js';

/** The parts whose pods tell /metrics; each is a `role` in the series. */
export const rolesOf = (v: V): readonly Component[] => (v.router.topology === 'split' ? ['router', 'ingest', 'api'] : ['router']);

/** `job` is the release in all of them, `role` tells them apart: alerts and dashboard select by these. */
export const serviceMonitors: Template<typeof SreRouterValues> = (chart, v) => {
  if (!v.monitoring.serviceMonitor) return;
  for (const role of rolesOf(v)) scraped(chart, v, role);
};

/**
 * A headless Service of its own finds the pods: not every part has a Service else, and one with two ports or two Services would be scraped
 * twice. Its label is ours alone, for Argo CD may set app.kubernetes.io/instance to what it tracks by.
 */
function scraped(chart: Chart, v: V, role: Component): void {
  const { name, namespace } = v.release;
  const mark = { 'sre-router/metrics': `${name}-${role}` };
  new k8s.KubeService(chart, `${role}-metrics`, {
    metadata: { name: `${name}-${role}-metrics`, labels: { ...labels(v), ...mark } },
    spec: {
      clusterIp: 'None',
      // A pod that is not ready has the most to tell.
      publishNotReadyAddresses: true,
      selector: partLabels(v, role),
      ports: [{ name: 'metrics', port: 80, targetPort: k8s.IntOrString.fromString('http') }],
    },
  });
  new ApiObject(chart, role, {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: `${name}-${role}`, labels: { ...v.monitoring.labels, ...labels(v) } },
    spec: {
      namespaceSelector: { matchNames: [namespace] },
      selector: { matchLabels: mark },
      endpoints: [
        {
          port: 'metrics',
          path: '/metrics',
          interval: v.monitoring.interval,
          relabelings: [
            { targetLabel: 'job', replacement: name },
            { targetLabel: 'role', replacement: role },
          ],
        },
      ],
    },
  });
}
