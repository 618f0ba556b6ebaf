import { k8s } from 'cdk8s-plus-27';
import { z } from 'zod';
import { bundle, defineChart, type Values } from '#synth/chart.js';
import { dashboard } from '#synth/charts/sre-router/monitoring/dashboard.js';
import type { Installation } from '#synth/charts/sre-router/monitoring/monitored.js';
import { prometheusRule } from '#synth/charts/sre-router/monitoring/prometheus-rule.js';
import { serviceMonitors } from '#synth/charts/sre-router/monitoring/service-monitor.js';
import { Monitoring } from '#synth/charts/sre-router/monitoring/values.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { dnsName } from '#synth/value-types.js';
import { deepMerge, defaultValues } from '#synth/values/parse-values.js';

/** A chart of the router's monitoring alone, with the values of the router that it reads. */
const MonitoredValues = z.strictObject({
  router: z
    .strictObject({ topology: z.enum(['single', 'split']).default('single').describe('One deployment, or ingest and router apart.') })
    .prefault({})
    .describe('The router.'),
  log: z
    .strictObject({ kind: z.enum(['embedded', 'kafka']).default('embedded').describe('Where events live.') })
    .prefault({})
    .describe('The log.'),
  kafka: z
    .strictObject({
      prefix: dnsName().default('sre-router').describe('Prefix of the topics.'),
      group: dnsName().default('sre-router').describe('Consumer group.'),
      partitions: z.int().min(1).max(1000).default(12).describe('Partitions of events and journal.'),
    })
    .prefault({})
    .describe('Kafka.'),
  canary: z
    .strictObject({ enabled: z.boolean().default(false).describe('An event every minute.') })
    .prefault({})
    .describe('The canary.'),
  monitoring: Monitoring,
});
type V = Values<typeof MonitoredValues>;

const NAME = { 'app.kubernetes.io/name': 'sre-router' };

function installation(v: V): Installation {
  const roles = v.router.topology === 'single' ? ['router'] : ['ingest', 'router'];
  return {
    targets: roles.map((role) => ({ role, port: 'http', labels: { ...NAME, 'app.kubernetes.io/component': role } })),
    labels: { ...NAME, 'app.kubernetes.io/instance': v.release.name },
    canaryType: 'canary.beat',
  };
}

export const monitoredChart = defineChart({
  name: 'monitored',
  values: MonitoredValues,
  templates: {
    'services.yaml': (chart, v) => {
      for (const { role, labels } of installation(v).targets)
        new k8s.KubeService(chart, role, {
          metadata: { name: `${v.release.name}-${role}`, labels },
          spec: { selector: labels, ports: [{ name: 'http', port: 80 }] },
        });
    },
    'alerts.yaml': (chart, v) => prometheusRule(chart, v, installation(v)),
    'dashboard.yaml': (chart, v) => dashboard(chart, v, installation(v)),
    'service-monitors.yaml': (chart, v) => serviceMonitors(chart, v, installation(v)),
  },
});

/** Everything that can be watched, switched on. */
export const EVERYTHING = {
  router: { topology: 'split' },
  log: { kind: 'kafka' },
  canary: { enabled: true },
  monitoring: {
    serviceMonitor: { enabled: true },
    rules: { enabled: true, watchdog: true, kafkaExporter: true },
    dashboard: { enabled: true },
  },
} as const;

export const RELEASE = { name: 'rel', namespace: 'alerts' };

/** Objects at the defaults with these values over them. */
export function monitored(values: object = EVERYTHING): K8sObject[] {
  return bundle(monitoredChart, deepMerge(defaultValues(monitoredChart), values), RELEASE);
}

export interface RenderedAlert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

interface Groups {
  readonly spec: { readonly groups: readonly { readonly name: string; readonly rules: readonly RenderedAlert[] }[] };
}

/** The groups of the PrometheusRule, as Prometheus gets them. */
export function groupsOf(objects: readonly K8sObject[]): Groups['spec']['groups'] {
  const rule = objects.find(({ kind }) => kind === 'PrometheusRule') as unknown as Groups | undefined;
  return rule?.spec.groups ?? [];
}

export function alertsOf(objects: readonly K8sObject[] = monitored()): RenderedAlert[] {
  return groupsOf(objects).flatMap(({ rules }) => rules);
}

interface Shown {
  readonly title: string;
  readonly id: number;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

/** The dashboard's panels, as Grafana gets them. */
export function panelsOf(objects: readonly K8sObject[]): readonly Shown[] {
  const { data } = objects.find(({ kind }) => kind === 'ConfigMap') as K8sObject & { data: Record<string, string> };
  return (JSON.parse(data['sre-router.json'] ?? '') as { panels: Shown[] }).panels;
}

export function queriesOf(objects: readonly K8sObject[]): string[] {
  return panelsOf(objects).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
