import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { join, json, jsonMembers } from '../../twins.js';
import { HTTP_PORT, labels, PATHS } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** The router's configuration file. What has no value here is set by router.extraEnv. */
export const config: Template<typeof SreRouterValues> = (chart, v) => {
  new k8s.KubeConfigMap(chart, 'config', {
    metadata: { name: `${v.release.name}-config`, labels: labels(v) },
    data: { 'router.yaml': routerYaml(v) },
  });
};

/** Steps under way may finish for this long; the pod's grace and its preStop leave room for it (pod.ts). */
const GRACE_SECONDS = 20;

function routerYaml(v: V): string {
  return `http: { host: 0.0.0.0, port: ${HTTP_PORT}, auth: { tokensFile: ${PATHS.tokens}/tokens.json } }
log:
  retention: ${v.log.retentionDays}d
${v.log.kind === 'kafka' ? kafkaLog(v) : embeddedLog()}mappings: ${PATHS.mappings}
sources: {
  alertmanager: { kind: alertmanager${v.sources.alertmanagerKey === '' ? '' : `, key: ${json(v.sources.alertmanagerKey)}`} },
  adhoc: { kind: adhoc },
  events: { kind: cloudevents },
  argo: { kind: argo, sources: { canary: adhoc } },
${Object.keys(v.sources.more).length > 0 ? `  ${jsonMembers(v.sources.more)},\n` : ''}  }
destinations: {
${slack(v)}${jira(v)}${sre(v)}${Object.keys(v.destinations.more).length > 0 ? `  ${jsonMembers(v.destinations.more)},\n` : ''}  }
incidents: { reopenWithin: ${v.incidents.reopenWithinMinutes}m, expireAfter: ${v.incidents.expireAfterHours}h, dedupeWindow: ${v.incidents.dedupeWindowMinutes}m }
workflow: { grace: ${GRACE_SECONDS}s }
`;
}

const embeddedLog = (): string => `  kind: embedded
  dir: ${PATHS.log}
`;

function kafkaLog({ kafka }: V): string {
  const tls = {
    none: '',
    server: `  tls: { caFile: ${PATHS.kafkaCa}/ca.crt }\n`,
    mutual: `  tls: { caFile: ${PATHS.kafkaCa}/ca.crt, certFile: ${PATHS.kafkaCert}/tls.crt, keyFile: ${PATHS.kafkaCert}/tls.key }\n`,
  }[kafka.tls.mode];
  const sasl = `  sasl: { mechanism: ${kafka.sasl.mechanism}, usernameFile: ${PATHS.kafkaLogin}/username, passwordFile: ${PATHS.kafkaLogin}/password }\n`;
  return `  kind: kafka
  brokers: [${join(kafka.brokers, ', ')}]
  prefix: "${kafka.prefix}"
  group: "${kafka.group}"
  clientId: sre-router
  sessionTimeout: 15s
  partitions: ${kafka.partitions}
  rawPartitions: ${kafka.rawPartitions}
  replication: ${kafka.replication}
  scratchDir: ${PATHS.scratch}
${kafka.sasl.mechanism === 'none' ? '' : sasl}${tls}`;
}

function slack({ destinations: { slack } }: V): string {
  return slack.enabled ? `  slack: { kind: slack, baseUrl: "${slack.baseUrl}", tokenFile: ${PATHS.slack}/token },\n` : '';
}

function jira({ destinations: { jira } }: V): string {
  if (!jira.enabled) return '';
  const login = jira.kind === 'cloud' ? `version: 3, auth: basic, email: "${jira.email}"` : 'version: 2, auth: bearer';
  return `  jira: { kind: jira, baseUrl: "${jira.baseUrl}", ${login}, tokenFile: ${PATHS.jira}/token },\n`;
}

function sre({ destinations: { sre } }: V): string {
  if (!sre.enabled) return '';
  const known =
    sre.idempotencyHeader === '' ? '' : `, idempotency: { header: ${sre.idempotencyHeader}, keepFor: ${sre.idempotencyKeepFor} }`;
  return `  sre: { kind: sre, baseUrl: "${sre.baseUrl}", tokenFile: ${PATHS.sre}/token${known} },\n`;
}
