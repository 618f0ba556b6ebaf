import { readFileSync } from 'node:fs';
import { bundle } from '#synth/chart.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge, defaultValues } from '#synth/values/parse-values.js';
import { readValues } from '#synth/values/read-values.js';

export const RELEASE = { name: 'rel', namespace: 'alerts' } as const;

const KAFKA = { log: { kind: 'kafka' }, kafka: { brokers: ['kafka-0:9092', 'kafka-1:9092'] } } as const;
const SECURE = {
  log: { kind: 'kafka' },
  kafka: { brokers: ['kafka:9093'], topics: 'strimzi', tls: { mode: 'mutual' }, sasl: { mechanism: 'scram-sha-512' } },
} as const;

/** Every delivery, bus, log and topology somewhere. */
export const INSTALLATIONS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'http over JetStream': {},
  'http over Kafka': {
    delivery: 'http',
    eventBus: { kind: 'kafka' },
    kafka: { brokers: ['kafka:9092'], topics: 'strimzi', replication: 1 },
  },
  kafka: { delivery: 'kafka', ...KAFKA },
  'kafka with TLS and a login': { delivery: 'kafka', ...SECURE, eventBus: { kind: 'kafka' } },
  bus: { delivery: 'bus', ...SECURE, eventBus: { kind: 'kafka' }, router: { topology: 'split', replicas: 3 } },
  'an existing bus': { delivery: 'bus', ...KAFKA, eventBus: { kind: 'existing', name: 'shared' } },
  direct: { delivery: 'direct' },
  'direct with everything': {
    delivery: 'direct',
    ...SECURE,
    router: {
      topology: 'split',
      replicas: 3,
      priorityClass: 'important',
      affinity: { nodeAffinity: {} },
      extraEnv: [{ name: 'TZ', value: 'UTC' }],
    },
    destinations: {
      slack: { enabled: true },
      jira: { enabled: true, baseUrl: 'https://jira.example', email: 'a@b.example' },
      sre: { enabled: true, baseUrl: 'https://sre.example' },
      filesSecret: 'files',
    },
    mappings: { bundled: true },
    networkPolicy: { dcrNamespaces: ['dcr'] },
    egressProxy: { url: 'http://proxy.example:3128' },
    caBundle: { configMap: 'ca' },
  },
};

/** Objects at the defaults with these values over them. */
export function rendered(values: Readonly<Record<string, unknown>> = {}): K8sObject[] {
  return bundle(sreRouterChart, deepMerge(defaultValues(sreRouterChart), values), RELEASE);
}

/** Objects of an environment of this repository. */
export function environment(name: string): K8sObject[] {
  const file = `charts/sre-router/env/${name}.yaml`;
  return bundle(sreRouterChart, readValues(sreRouterChart, file, readFileSync(file, 'utf8')).values, sreRouterChart.release);
}

export const ENVIRONMENTS = ['staging', 'prod'] as const;

/** All of a kind, as loose JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of many kinds, whose schemas are checked in schemas.test.ts.
export function ofKind(objects: readonly K8sObject[], kind: string): any[] {
  return objects.filter((object) => object.kind === kind);
}
