import type { V } from './values.js';

/** Parts of the installation, each with pods of its own. */
export type Component = 'router' | 'ingest' | 'api' | 'webhook' | 'canary' | 'sensor' | 'eventbus';

/** The parts that run the router itself. */
export const ROUTER_PARTS: readonly Component[] = ['router', 'ingest', 'api'];

/** What every object of an installation carries. */
export const labels = (v: V): Record<string, string> => ({
  'app.kubernetes.io/name': 'sre-router',
  'app.kubernetes.io/instance': v.release.name,
});

/** What makes an object one of a part. Deployments select by these, so they must never change. */
export const partLabels = (v: V, component: Component): Record<string, string> => ({
  ...labels(v),
  'app.kubernetes.io/component': component,
});

/** Port of the webhooks of Argo Events. 7777 is taken, by its metrics. */
export const WEBHOOK_PORT = 12_000;

/** Port of the router, in its pods and of its Services. */
export const HTTP_PORT = 8080;

/** Where things are in the router's pods. */
export const PATHS = {
  config: '/etc/sre-router/config',
  mappings: '/etc/sre-router/mappings',
  tokens: '/etc/sre-router/tokens',
  slack: '/etc/sre-router/slack',
  jira: '/etc/sre-router/jira',
  sre: '/etc/sre-router/sre',
  kafkaCa: '/etc/sre-router/kafka-ca',
  kafkaCert: '/etc/sre-router/kafka-cert',
  kafkaLogin: '/etc/sre-router/kafka-login',
  files: '/etc/sre-router/files',
  ca: '/etc/sre-router/ca',
  log: '/var/lib/sre-router/log',
  scratch: '/var/lib/sre-router/scratch',
} as const;

/** Things that outlive the release: neither Helm nor Argo CD deletes them. */
export const KEPT = { 'helm.sh/resource-policy': 'keep', 'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false' } as const;
