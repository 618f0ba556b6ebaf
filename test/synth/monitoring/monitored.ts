import { bundle } from '#synth/chart.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge, defaultValues, parseValues } from '#synth/values/parse-values.js';

/** What the rules of the chart ask for beside the monitoring. */
const INSTALLED = { mappings: { bundled: false } };

/** Everything that can be watched, switched on. */
export const EVERYTHING = {
  router: { topology: 'split' },
  log: { kind: 'kafka' },
  kafka: { brokers: ['kafka:9092'] },
  monitoring: { serviceMonitor: true, rules: true, dashboard: true, watchdog: true, kafkaExporter: true },
};

export const RELEASE = { name: 'rel', namespace: 'alerts' };

/** Objects at the defaults with these values over them. */
export function monitored(values: object = EVERYTHING): K8sObject[] {
  const given = deepMerge(INSTALLED, values);
  const parsed = parseValues(sreRouterChart, deepMerge(defaultValues(sreRouterChart), given) as Record<string, unknown>);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return bundle(sreRouterChart, parsed.values, RELEASE);
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
  const texts = objects.flatMap((object) => {
    const { data = {} } = object as K8sObject & { data?: Record<string, string> };
    return data['sre-router.json'] ?? [];
  });
  return (JSON.parse(texts[0] ?? '') as { panels: Shown[] }).panels;
}

export function queriesOf(objects: readonly K8sObject[]): string[] {
  return panelsOf(objects).flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
}
