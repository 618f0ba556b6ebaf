import { ApiObject } from 'cdk8s';
import type { Template } from '../../chart.js';
import { nodeAlerts, readinessAlerts, setAlerts, workflowAlerts } from './alerts.js';
import { FIRST } from './names.js';
import type { DcrValues } from './values.js';

/** Which nodes Prometheus asks, and what it alerts on. */
export const monitoring: Template<typeof DcrValues> = (chart, v) => {
  if (!v.monitoring.enabled) return;
  const metadata = { name: 'dcr', labels: v.monitoring.labels, annotations: FIRST };
  const hasMetrics = v.probe.kind !== 'exec';
  if (hasMetrics)
    new ApiObject(chart, 'nodes', {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PodMonitor',
      metadata,
      spec: {
        selector: { matchLabels: { 'app.kubernetes.io/name': 'dcr' } },
        podMetricsEndpoints: [
          {
            port: 'probe',
            path: v.probe.kind === 'http' ? `${v.probe.path}/metrics` : '/metrics',
            interval: '30s',
            relabelings: [{ sourceLabels: ['__meta_kubernetes_pod_label_dcr_example_io_role'], targetLabel: 'role' }],
          },
        ],
      },
    });
  new ApiObject(chart, 'rules', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata,
    spec: {
      groups: [
        { name: 'dcr-sets', rules: setAlerts(v) },
        hasMetrics ? { name: 'dcr-nodes', rules: nodeAlerts(v) } : { name: 'dcr-readiness', rules: readinessAlerts(v) },
        ...(v.dcr.workflow.enabled ? [{ name: 'dcr-workflow', rules: workflowAlerts(v) }] : []),
      ],
    },
  });
};
