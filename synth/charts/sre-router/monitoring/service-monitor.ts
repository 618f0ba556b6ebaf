import { ApiObject, type Chart } from 'cdk8s';
import type { Installation, Monitored } from './monitored.js';

/** One ServiceMonitor a role. `job` is the release in all of them, `role` tells them apart: alerts and dashboard select by these. */
export function serviceMonitors(chart: Chart, v: Monitored, { targets, labels }: Installation): void {
  const { enabled, interval, labels: selectable } = v.monitoring.serviceMonitor;
  if (!enabled) return;
  const { name, namespace } = v.release;
  for (const { role, port, labels: selected } of targets)
    new ApiObject(chart, role, {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: { name: `${name}-${role}`, labels: { ...selectable, ...labels } },
      spec: {
        namespaceSelector: { matchNames: [namespace] },
        selector: { matchLabels: selected },
        endpoints: [
          {
            port,
            path: '/metrics',
            interval,
            relabelings: [
              { targetLabel: 'job', replacement: name },
              { targetLabel: 'role', replacement: role },
            ],
          },
        ],
      },
    });
}
