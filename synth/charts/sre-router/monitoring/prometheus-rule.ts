import { ApiObject, type Chart } from 'cdk8s';
import type { Alert } from './alert.js';
import { alertsOfFlow } from './alerts-of-flow.js';
import { alertsOfKafkaExporter, alertsOfKafkaLog } from './alerts-of-kafka.js';
import { alertsOfRuns } from './alerts-of-runs.js';
import type { Installation, Monitored } from './monitored.js';

/** On every alert about the router, for Alertmanager: who routes these through the router hears nothing when it is the router that fails. */
export const ABOUT = { about: 'sre-router' } as const;

/** All alerts that hold for these values. */
export function alerts(v: Monitored, installation: Installation): Alert[] {
  const isKafka = v.log.kind === 'kafka';
  return [
    ...alertsOfFlow(v, installation),
    ...alertsOfRuns(v),
    ...(isKafka ? alertsOfKafkaLog(v) : []),
    ...(isKafka && v.monitoring.rules.kafkaExporter ? alertsOfKafkaExporter(v) : []),
  ];
}

export function prometheusRule(chart: Chart, v: Monitored, installation: Installation): void {
  const { enabled, labels, runbooks } = v.monitoring.rules;
  if (!enabled) return;
  const { name, namespace } = v.release;
  new ApiObject(chart, 'rules', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name, labels: { ...labels, ...installation.labels } },
    spec: {
      groups: [
        {
          name: `${namespace}/${name}`,
          rules: alerts(v, installation).map(({ name: alert, severity, expr, for: holds, summary, description }) => ({
            alert,
            expr: `${expr}\n`,
            ...(holds !== undefined && { for: holds }),
            // Sums have lost these two, and people with several installations need them.
            labels: { ...ABOUT, severity, namespace, job: name },
            annotations: { summary, description, runbook_url: `${runbooks}#${alert.toLowerCase()}` },
          })),
        },
      ],
    },
  });
}
