import { ApiObject } from 'cdk8s';
import type { Template } from '../../../chart.js';
import { labels } from '../names.js';
import type { SreRouterValues, V } from '../values.js';
import type { Alert } from './alert.js';
import { alertsOfFlow } from './alerts-of-flow.js';
import { alertsOfKafkaExporter, alertsOfKafkaLog } from './alerts-of-kafka.js';
import { alertsOfRuns } from './alerts-of-runs.js';

/** On every alert about the router, for Alertmanager: who routes these through the router hears nothing when it is the router that fails. */
const ABOUT = { about: 'sre-router' } as const;

/** All alerts that hold for these values. */
function alerts(v: V): Alert[] {
  const isKafka = v.log.kind === 'kafka';
  return [
    ...alertsOfFlow(v),
    ...alertsOfRuns(v),
    ...(isKafka ? alertsOfKafkaLog(v) : []),
    ...(isKafka && v.monitoring.kafkaExporter ? alertsOfKafkaExporter(v) : []),
  ];
}

export const prometheusRule: Template<typeof SreRouterValues> = (chart, v) => {
  if (!v.monitoring.rules) return;
  const { name, namespace } = v.release;
  new ApiObject(chart, 'rules', {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name, labels: { ...v.monitoring.labels, ...labels(v) } },
    spec: {
      groups: [
        {
          name: `${namespace}/${name}`,
          rules: alerts(v).map(({ name: alert, severity, expr, for: holds, summary, description }) => ({
            alert,
            expr: `${expr}\n`,
            ...(holds !== undefined && { for: holds }),
            // Sums have lost these two, and people with several installations need them.
            labels: { ...ABOUT, severity, namespace, job: name },
            annotations: { summary, description, runbook_url: `${v.monitoring.runbooks}#${alert.toLowerCase()}` },
          })),
        },
      ],
    },
  });
};
