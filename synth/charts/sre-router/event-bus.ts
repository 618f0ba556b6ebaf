import type { Template } from '../../chart.js';
import { argoObject, kafkaClient } from './argo-parts.js';
import type { EventBusSpec } from './argo-types.js';
import { partLabels } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** What carries events between Argo Events' pods, unless there is one already. */
export const eventBus: Template<typeof SreRouterValues> = (chart, v) => {
  if (v.delivery === 'direct' || v.eventBus.kind === 'existing') return;
  const spec = v.eventBus.kind === 'jetstream' ? { jetstream: jetstream(v) } : { kafka: kafka(v) };
  argoObject(chart, v, 'EventBus', { component: 'eventbus', name: v.eventBus.name, spec });
};

/** Above the largest webhook body and what Argo wraps it in. */
const MAX_PAYLOAD = '2MB';

function jetstream(v: V): EventBusSpec['jetstream'] {
  const { version, replicas, storage, storageClass, maxMessages, maxAgeHours } = v.eventBus.jetstream;
  return {
    version,
    replicas,
    persistence: { accessMode: 'ReadWriteOnce', volumeSize: storage, storageClassName: storageClass },
    // discard 1: when full, new ones are refused and Alertmanager tries again; 0 would drop the oldest in silence.
    streamConfig: `maxAge: ${maxAgeHours}h
maxMsgs: ${maxMessages}
discard: 1
duplicates: 300s
replicas: ${replicas}
`,
    maxPayload: MAX_PAYLOAD,
    metadata: { labels: partLabels(v, 'eventbus') },
    nodeSelector: v.argoEvents.nodeSelector,
    tolerations: v.argoEvents.tolerations,
    priorityClassName: v.argoEvents.priorityClass,
  };
}

/** With delivery: bus the router reads this topic itself, so it is the router's raw. */
export function busTopic({ delivery, kafka: { prefix } }: V): string {
  return delivery === 'bus' ? `${prefix}.raw` : `${prefix}.bus`;
}

function kafka(v: V): EventBusSpec['kafka'] {
  return {
    ...kafkaClient(v),
    topic: busTopic(v),
    // Events of one name stay in order; the default spreads them.
    partitioner: 'hash',
    // A new Sensor begins with what waits. The group gets Argo's name: <namespace>-<sensor>.
    consumerGroup: { groupName: '', oldest: true, rebalanceStrategy: 'sticky' },
  };
}
