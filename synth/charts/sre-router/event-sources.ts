import type { Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import type { Template } from '../../chart.js';
import { argoObject, podTemplate } from './argo-parts.js';
import type { SecretKey, Webhook } from './argo-types.js';
import { type Component, partLabels, WEBHOOK_PORT } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** Type of the canary's events; mappings/canary.yaml takes them. */
export const CANARY_TYPE = 'canary.beat';

/** The ways into the bus: a webhook for each source of the router, and the canary. */
export const eventSources: Template<typeof SreRouterValues> = (chart, v) => {
  if (v.delivery === 'direct') return;
  const { webhook } = v;
  account(chart, v, 'webhook', `${v.release.name}-events`, false);
  argoObject(chart, v, 'EventSource', {
    component: 'webhook',
    name: v.release.name,
    spec: {
      eventBusName: v.eventBus.name,
      replicas: webhook.replicas,
      template: podTemplate(v, 'webhook', `${v.release.name}-events`),
      webhook: {
        alertmanager: endpoint('/alertmanager', webhook.maxBytes, webhook.alertmanagerSecret),
        adhoc: endpoint('/adhoc', webhook.maxBytes, webhook.adhocSecret),
      },
    },
  });
  webhookService(chart, v);
  if (v.canary.enabled) canary(chart, v);
};

const endpoint = (path: string, maxPayloadSize: number, authSecret: SecretKey): Webhook => ({
  endpoint: path,
  port: String(WEBHOOK_PORT),
  method: 'POST',
  url: '',
  maxPayloadSize,
  authSecret: { name: authSecret.name, key: authSecret.key },
});

/** Our own: Argo Events makes and remakes the one that an EventSource asks for. */
function webhookService(chart: Chart, v: V): void {
  const name = `${v.release.name}-webhook`;
  new k8s.KubeService(chart, 'webhook-service', {
    metadata: { name, labels: partLabels(v, 'webhook') },
    spec: {
      selector: { 'eventsource-name': v.release.name },
      ports: [{ name: 'http', port: WEBHOOK_PORT, targetPort: k8s.IntOrString.fromNumber(WEBHOOK_PORT), appProtocol: 'http' }],
    },
  });
  new k8s.KubePodDisruptionBudget(chart, 'webhook-budget', {
    metadata: { name, labels: partLabels(v, 'webhook') },
    spec: {
      maxUnavailable: k8s.IntOrString.fromNumber(1),
      unhealthyPodEvictionPolicy: 'AlwaysAllow',
      selector: { matchLabels: { 'eventsource-name': v.release.name } },
    },
  });
}

/** A calendar must not share an EventSource with webhooks: of it one pod works, of them all. */
function canary(chart: Chart, v: V): void {
  const name = `${v.release.name}-canary`;
  // On Kafka Argo Events elects the one pod that works through the API server; on JetStream through the bus.
  const asksKubernetes = v.eventBus.kind !== 'jetstream';
  account(chart, v, 'canary', name, asksKubernetes);
  if (asksKubernetes) {
    new k8s.KubeRole(chart, 'canary-role', {
      metadata: { name, labels: partLabels(v, 'canary') },
      rules: [{ apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] }],
    });
    new k8s.KubeRoleBinding(chart, 'canary-binding', {
      metadata: { name, labels: partLabels(v, 'canary') },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace: v.release.namespace }],
    });
  }
  argoObject(chart, v, 'EventSource', {
    component: 'canary',
    name,
    spec: {
      eventBusName: v.eventBus.name,
      replicas: 1,
      template: podTemplate(v, 'canary', name),
      calendar: { canary: { schedule: '* * * * *', timezone: 'UTC', metadata: { type: CANARY_TYPE } } },
    },
  });
}

function account(chart: Chart, v: V, component: Component, name: string, mountsToken: boolean): void {
  new k8s.KubeServiceAccount(chart, `${component}-account`, {
    metadata: { name, labels: partLabels(v, component) },
    automountServiceAccountToken: mountsToken,
  });
}
