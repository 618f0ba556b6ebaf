import { ApiObject, type Chart } from 'cdk8s';
import type { Template } from '../../chart.js';
import { product } from '../../twins.js';
import { busTopic } from './event-bus.js';
import { KEPT, labels } from './names.js';
import type { SreRouterValues, V } from './values.js';

/** A topic as `sre-router topics` wants it. */
export interface TopicSpec {
  readonly topic: string;
  readonly partitions: number;
  readonly replication: number;
  readonly config: Readonly<Record<string, string>>;
}

const DAY_MS = 86_400_000;
const DLQ_RETENTION_DAYS = 30;
/** limits.event (900 kB) and its envelope; records of raw carry whole batches. */
const EVENT_BYTES = 1_048_588;
const RAW_BYTES = 2_097_176;
/** A dead letter is a record of raw with where it comes from and what is wrong with it. */
const DLQ_BYTES = RAW_BYTES + 65_536;

/** The router's topics: the same as its own `topics --format strimzi` says for the same settings. */
export function topicSpecs({ kafka, log }: V): readonly TopicSpec[] {
  const { prefix, partitions, rawPartitions, replication } = kafka;
  const common = { 'cleanup.policy': 'delete', 'min.insync.replicas': replication === 1 ? '1' : '2' };
  const kept = (ms: number | string): Record<string, string> => ({ ...common, 'retention.ms': String(ms), 'retention.bytes': '-1' });
  const retentionMs = product(log.retentionDays, DAY_MS);
  const [eventBytes, rawBytes, dlqBytes] = [EVENT_BYTES, RAW_BYTES, DLQ_BYTES].map((bytes) => ({ 'max.message.bytes': String(bytes) }));
  return [
    { topic: `${prefix}.raw`, partitions: rawPartitions, replication, config: { ...kept(retentionMs), ...rawBytes } },
    { topic: `${prefix}.events`, partitions, replication, config: { ...kept(retentionMs), ...eventBytes } },
    {
      topic: `${prefix}.journal`,
      partitions,
      replication,
      // Live state must never disappear by age or size; the owner of a partition cuts off what is not needed any more.
      config: { ...kept('-1'), ...eventBytes },
    },
    {
      topic: `${prefix}.dlq`,
      partitions: rawPartitions,
      replication,
      config: { ...kept(DLQ_RETENTION_DAYS * DAY_MS), ...dlqBytes },
    },
  ];
}

/** Longer than the day for which the Sensor tries again. */
const BUS_RETENTION_DAYS = 3;

/** Topics of a Kafka EventBus and of the Sensor on it, which names them so. */
function busTopicSpecs(v: V): readonly TopicSpec[] {
  const { rawPartitions: partitions, replication } = v.kafka;
  const config = {
    'cleanup.policy': 'delete',
    'min.insync.replicas': replication === 1 ? '1' : '2',
    'retention.ms': String(BUS_RETENTION_DAYS * DAY_MS),
    'retention.bytes': '-1',
    'max.message.bytes': String(RAW_BYTES),
  };
  const bus = busTopic(v);
  return [bus, `${bus}-${v.release.name}-trigger`, `${bus}-${v.release.name}-action`].map((topic) => ({
    topic,
    partitions,
    replication,
    config,
  }));
}

/** KafkaTopics of Strimzi, which outlive the release: with them would go the events. */
export const topics: Template<typeof SreRouterValues> = (chart, v) => {
  if (v.kafka.topics !== 'strimzi') return;
  if (v.log.kind === 'kafka') for (const spec of topicSpecs(v)) kafkaTopic(chart, v, spec);
  const hasSensor = v.delivery === 'http' || v.delivery === 'kafka';
  if (hasSensor && v.eventBus.kind === 'kafka') for (const spec of busTopicSpecs(v)) kafkaTopic(chart, v, spec);
};

function kafkaTopic(chart: Chart, v: V, { topic, partitions, replication, config }: TopicSpec): void {
  new ApiObject(chart, topic.split('.').at(-1) ?? topic, {
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: {
      name: topic,
      namespace: v.kafka.strimzi.namespace,
      labels: { ...labels(v), 'strimzi.io/cluster': v.kafka.strimzi.cluster },
      annotations: KEPT,
    },
    spec: { partitions, replicas: replication, config },
  });
}
