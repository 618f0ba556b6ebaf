import { z } from 'zod';
import { annotationMap, labelMap, url } from '../../../value-types.js';

/** Seconds, below 100: alerts look back two minutes at least and need several scrapes in that time. */
const scrapeInterval = (): z.ZodString => z.string().regex(/^[1-9][0-9]?s$/);

/** What watches the router. Every kind beyond core Kubernetes has its boolean. */
export const monitoring = z
  .strictObject({
    serviceMonitor: z.boolean().default(false).describe('Scraping: a ServiceMonitor for each role. Needs the prometheus-operator.'),
    rules: z
      .boolean()
      .default(false)
      .describe('Alerts about the router, with docs/runbooks.md. Needs the prometheus-operator, and monitoring.serviceMonitor.'),
    dashboard: z
      .boolean()
      .default(false)
      .describe("A Grafana dashboard as a ConfigMap, labelled as Grafana's sidecar looks for it. One for all installations is enough."),
    interval: scrapeInterval().default('30s').describe('How often the routers are scraped, in seconds.'),
    labels: labelMap().default({}).describe('Labels that your Prometheus selects ServiceMonitors and PrometheusRules by, e.g. release.'),
    runbooks: url()
      .default('https://git.example/sre-router/docs/runbooks.md')
      .describe('Where your people read docs/runbooks.md; the runbook_url of an alert is this and #<alert in lower case>.'),
    watchdog: z
      .boolean()
      .default(false)
      .describe('Alert when no alert arrives for ten minutes. For where Alertmanager repeats an always firing alert to the router.'),
    kafkaExporter: z
      .boolean()
      .default(false)
      .describe('Alerts on lag and replicas. For where a Kafka exporter (kafka_exporter, as Strimzi has it) is scraped.'),
    thresholds: z
      .strictObject({
        oldestSeconds: z.int().min(60).max(604_800).default(3_600).describe('Alert when a run is unfinished for longer, in seconds.'),
        queueSeconds: z
          .int()
          .min(1)
          .max(3_600)
          .default(10)
          .describe('Alert when one event in a hundred waits longer to be looked at, in seconds.'),
        waitingCount: z.int().min(1).max(100_000).default(100).describe('Alert when more steps wait for one destination.'),
        lagCount: z.int().min(1).max(10_000_000).default(10_000).describe('Kafka: alert when more records wait.'),
      })
      .prefault({})
      .describe('From where on the alerts fire.'),
    dashboardLabels: labelMap().default({}).describe('More labels for it, where your sidecar looks for others than grafana_dashboard.'),
    dashboardAnnotations: annotationMap().default({}).describe('Annotations for it, e.g. grafana_folder.'),
  })
  .prefault({})
  .describe('What watches the router: docs/monitoring.md.');
