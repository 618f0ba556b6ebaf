import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { bundle, type Release } from '#synth/chart.js';
import { dcrChart } from '#synth/charts/dcr/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge, defaultValues, parseValues } from '#synth/values/parse-values.js';

export type Json = Record<string, unknown>;

const RELEASE: Release = { name: 'dcr', namespace: 'dcr' };

/** Values over the defaults; those that break the schema or a rule are an error of the test. */
export function valuesOf(change: Json = {}): Json {
  const checked = parseValues(dcrChart, deepMerge(defaultValues(dcrChart), change) as Json);
  if ('problems' in checked) throw new Error(JSON.stringify(checked.problems));
  return checked.values;
}

/** Why values over the defaults are refused; undefined: they are taken. */
export function refusalOf(change: Json): string | undefined {
  const checked = parseValues(dcrChart, deepMerge(defaultValues(dcrChart), change) as Json);
  return 'problems' in checked ? checked.problems.map(({ path, expected }) => `${path}: ${expected}`).join('\n') : undefined;
}

/** Everything that an installation may have. */
export const ALL: Json = {
  dcr: { workflow: { enabled: true, gitUrl: 'git@git.example.com:sre/values.git', routerUrl: 'http://router/ingest/events' } },
  monitoring: { enabled: true },
  priorityClasses: { create: true, guardian: 'dcr-guardian', farmer: 'dcr-farmer' },
};

/** The values that stand in charts/dcr/env/<name>.yaml. */
export const environment = (name: string): Json =>
  parse(readFileSync(new URL(`../../../charts/dcr/env/${name}.yaml`, import.meta.url), 'utf8')) as Json;

/** The objects of one installation, as the chart's code gives them; the Helms say the same (test/bundle/dcr.test.ts). */
export class Installation {
  readonly objects: readonly K8sObject[];

  constructor(change: Json = {}, release: Release = RELEASE) {
    this.objects = JSON.parse(JSON.stringify(bundle(dcrChart, valuesOf(change), release))) as K8sObject[];
  }

  of(kind: string): readonly K8sObject[] {
    return this.objects.filter((object) => object.kind === kind);
  }

  get(kind: string, name: string): K8sObject {
    const found = this.objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  }

  set(role: 'farmer' | 'synchronizer'): NodeSet {
    return this.get('StatefulSet', `dcr-${role}`) as unknown as NodeSet;
  }

  /** What the nodes read. */
  get properties(): Json {
    const { data } = this.get('ConfigMap', 'dcr-properties') as unknown as { data: Record<string, string> };
    return JSON.parse(data['dcr.json'] ?? '') as Json;
  }
}

export interface Probe {
  readonly exec?: { readonly command: readonly string[] };
  readonly httpGet?: { readonly path: string; readonly port: number };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly terminationGracePeriodSeconds?: number;
}

export interface Container {
  readonly name: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: Json }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

/** A StatefulSet, as far as the tests look at it. */
export interface NodeSet {
  readonly metadata: { readonly name: string; readonly annotations: Record<string, string> };
  readonly spec: {
    readonly replicas: number;
    readonly serviceName: string;
    readonly podManagementPolicy: string;
    readonly updateStrategy: Json;
    readonly selector: { readonly matchLabels: Record<string, string> };
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string>; readonly annotations: Record<string, string> };
      readonly spec: {
        readonly initContainers?: unknown;
        readonly containers: readonly Container[];
        readonly priorityClassName?: string;
        readonly terminationGracePeriodSeconds: number;
        readonly volumes: readonly { readonly name: string; readonly emptyDir?: Json }[];
      };
    };
  };
}

export function container(set: NodeSet, name: string): Container {
  const found = set.spec.template.spec.containers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no container ${name}`);
  return found;
}

/** The node's probes by name. */
export const probesOf = (set: NodeSet): Record<string, Probe> => {
  const { startupProbe, readinessProbe, livenessProbe } = container(set, 'node');
  return Object.fromEntries(Object.entries({ startupProbe, readinessProbe, livenessProbe }).filter(([, probe]) => probe)) as Record<
    string,
    Probe
  >;
};

/** Does a selector take these labels? */
export const selects = (selector: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>>): boolean =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);
