import { ApiObject, type Chart } from 'cdk8s';
import { join } from '../../twins.js';
import type { EventBusSpec, EventSourceSpec, KafkaSasl, KafkaTls, PodTemplate, SensorSpec } from './argo-types.js';
import { type Component, partLabels } from './names.js';
import type { V } from './values.js';

/** What Argo Events' objects have in common. */

/** Consumers before those who send to them: consumers of JetStream see only what comes after them. */
const WAVES = { EventBus: 0, Sensor: 1, EventSource: 2 } as const;

interface Kinds {
  EventBus: EventBusSpec;
  EventSource: EventSourceSpec;
  Sensor: SensorSpec;
}

export function argoObject<K extends keyof Kinds>(
  chart: Chart,
  v: V,
  kind: K,
  { component, name, spec }: { readonly component: Component; readonly name: string; readonly spec: Kinds[K] },
): void {
  new ApiObject(chart, `${kind}-${component}`.toLowerCase(), {
    apiVersion: 'argoproj.io/v1alpha1',
    kind,
    metadata: { name, labels: partLabels(v, component), annotations: { 'argocd.argoproj.io/sync-wave': String(WAVES[kind]) } },
    spec,
  });
}

const USER_ID = 65_532;

export function podTemplate(v: V, component: Component, serviceAccountName: string): PodTemplate {
  const { cpu, memoryMi, nodeSelector, tolerations, priorityClass } = v.argoEvents;
  const memory = `${memoryMi}Mi`;
  return {
    metadata: { labels: partLabels(v, component) },
    serviceAccountName,
    container: {
      resources: { requests: { cpu, memory }, limits: { memory } },
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER_ID,
      runAsGroup: USER_ID,
      fsGroup: USER_ID,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: partLabels(v, component) } },
          },
        ],
      },
    },
    nodeSelector,
    tolerations,
    priorityClassName: priorityClass,
  };
}

/** Of sarama: with headers and idempotent producers. */
const KAFKA_VERSION = '2.8.0';

interface KafkaClient {
  readonly url: string;
  readonly version: string;
  readonly tls: KafkaTls | undefined;
  readonly sasl: KafkaSasl | undefined;
}

/** How Argo Events reaches the brokers: as the router does. */
export function kafkaClient({ kafka: { brokers, tls, sasl } }: V): KafkaClient {
  const { caSecret, clientSecret } = tls;
  const key = (name: string): { name: string; key: string } => ({ name: clientSecret.name, key: name });
  const { name, usernameKey, passwordKey } = sasl.secret;
  return {
    url: join(brokers, ','),
    version: KAFKA_VERSION,
    tls:
      tls.mode === 'none'
        ? undefined
        : {
            caCertSecret: { name: caSecret.name, key: caSecret.key },
            ...(tls.mode === 'mutual' && { clientCertSecret: key(clientSecret.certKey), clientKeySecret: key(clientSecret.keyKey) }),
          },
    sasl:
      sasl.mechanism === 'none'
        ? undefined
        : {
            mechanism: { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' }[sasl.mechanism],
            userSecret: { name, key: usernameKey },
            passwordSecret: { name, key: passwordKey },
          },
  };
}
