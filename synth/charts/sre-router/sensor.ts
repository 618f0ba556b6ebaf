import type { Template } from '../../chart.js';
import { argoObject, kafkaClient, podTemplate } from './argo-parts.js';
import type { Parameter, Trigger } from './argo-types.js';
import { CANARY_TYPE } from './event-sources.js';
import { HTTP_PORT } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** What carries events from the bus to the router. One dependency and one trigger an event name; every trigger is tried again for a day. */
export const sensor: Template<typeof SreRouterValues> = (chart, v) => {
  if (v.delivery === 'direct' || v.delivery === 'bus') return;
  const { name } = v.release;
  const events: readonly EventName[] = v.canary.enabled ? ['alertmanager', 'adhoc', 'canary'] : ['alertmanager', 'adhoc'];
  argoObject(chart, v, 'Sensor', {
    component: 'sensor',
    name,
    spec: {
      eventBusName: v.eventBus.name,
      replicas: v.sensor.replicas,
      revisionHistoryLimit: 3,
      template: podTemplate(v, 'sensor', `${name}-events`),
      // Any change here makes JetStream skip what waits: what may change belongs into the router.
      dependencies: events.map((event) => ({
        name: event,
        eventSourceName: event === 'canary' ? `${name}-canary` : name,
        eventName: event,
      })),
      triggers: events.map((event) => (v.delivery === 'http' ? httpTrigger(v, event) : kafkaTrigger(v, event))),
    },
  });
};

type EventName = 'alertmanager' | 'adhoc' | 'canary';

/** A day of tries. The factor is 1: a router that is back gets its events at once. No dead-letter trigger: it would go where this fails. */
const RETRY: Pick<Trigger, 'atLeastOnce' | 'retryStrategy'> = {
  atLeastOnce: true,
  retryStrategy: { steps: 8_640, duration: '10s', factor: 1, jitter: 0.1 },
};
/** The router answers within 8 s. */
const TIMEOUT_SECONDS = 15;
const ACCEPTED = 202;

function httpTrigger(v: V, event: EventName): Trigger {
  const { secret } = v.sensor;
  return {
    template: {
      name: event,
      conditions: event,
      http: {
        url: `http://${v.release.name}.${v.release.namespace}.svc:${HTTP_PORT}/ingest/argo`,
        method: 'POST',
        timeout: TIMEOUT_SECONDS,
        headers: { 'Content-Type': 'application/json' },
        secureHeaders: [{ name: 'Authorization', valueFrom: { secretKeyRef: { name: secret.name, key: secret.key } } }],
        payload: payload(event),
      },
    },
    // Without it any status would count as success.
    policy: { status: { allow: [ACCEPTED] } },
    ...RETRY,
  };
}

function kafkaTrigger(v: V, event: EventName): Trigger {
  return {
    template: {
      name: event,
      conditions: event,
      kafka: {
        ...kafkaClient(v),
        topic: `${v.kafka.prefix}.raw`,
        requiredAcks: -1,
        compress: true,
        parameters: [{ src: { dependencyName: event, ...KEYS[event] }, dest: 'partitioningKey' }],
        payload: payload(event),
      },
    },
    ...RETRY,
  };
}

/** What keeps the order in raw: the group of alerts, what the caller says belongs together. */
const KEYS: Readonly<Record<EventName, Omit<Parameter['src'], 'dependencyName'>>> = {
  alertmanager: { dataKey: 'body.groupKey', value: 'unkeyed' },
  adhoc: { dataKey: 'body.correlationid', value: 'unkeyed' },
  canary: { value: 'canary' },
};

/** {event, header, body} as docs/sources.md has it; the canary's body is made here, for a calendar has none. */
function payload(event: EventName): readonly Parameter[] {
  const of = (src: Omit<Parameter['src'], 'dependencyName'>, dest: string): Parameter => ({ src: { dependencyName: event, ...src }, dest });
  const context = ['id', 'source', 'subject', 'time'].map((key) => of({ contextKey: key }, `event.${key}`));
  if (event === 'canary') return [...context, of({ value: CANARY_TYPE }, 'body.type'), of({ dataKey: 'eventTime' }, 'body.data.at')];
  return [...context, of({ dataKey: 'header', useRawData: true }, 'header'), of({ dataKey: 'body', useRawData: true }, 'body')];
}
