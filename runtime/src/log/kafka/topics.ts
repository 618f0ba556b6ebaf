import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { RouterError } from '../../errors.js';

export interface TopicOptions {
  readonly prefix: string;
  /** Of events and journal. Never changed afterwards. */
  readonly partitions: number;
  /** Of raw and dlq. */
  readonly rawPartitions: number;
  readonly replication: number;
  /** Events and raw records are kept this long. */
  readonly retentionMs: number;
}

export interface TopicSpec {
  readonly topic: string;
  readonly role: 'raw' | 'events' | 'journal' | 'dlq';
  readonly partitions: number;
  readonly replication: number;
  readonly config: Readonly<Record<string, string>>;
  readonly why: string;
}

export interface TopicFinding {
  readonly topic: string;
  /** missing: it is not there. wrong: it must not be used so. advice: it works, and could be safer. */
  readonly severity: 'missing' | 'wrong' | 'advice';
  /** A restart or patience cannot help: another prefix is needed. */
  readonly isFinal: boolean;
  readonly what: string;
  readonly remedy: string;
}

const DAY_MS = 86_400_000;
const DLQ_RETENTION_MS = 30 * DAY_MS;
/** limits.event (900 kB) and its envelope; raw records carry whole batches. */
const EVENT_BYTES = 1_048_588;
export const RAW_BYTES = 2_097_176;
/** A dead letter is a record of raw with headers that say what is wrong. */
export const DLQ_ROOM_BYTES = 65_536;

/** What the router needs, topic by topic. */
export function topicSpecs({ prefix, partitions, rawPartitions, replication, retentionMs }: TopicOptions): readonly TopicSpec[] {
  const inSync = String(Math.max(1, Math.min(2, replication - 1)));
  const common = { 'cleanup.policy': 'delete', 'min.insync.replicas': inSync };
  const timed = (ms: number): Record<string, string> => ({ ...common, 'retention.ms': String(ms), 'retention.bytes': '-1' });
  return [
    {
      topic: `${prefix}.raw`,
      role: 'raw',
      partitions: rawPartitions,
      replication,
      config: { ...timed(retentionMs), 'max.message.bytes': String(RAW_BYTES) },
      why: 'What Kafka triggers, a Kafka EventBus or anybody else writes; split into events by the ingest role.',
    },
    {
      topic: `${prefix}.events`,
      role: 'events',
      partitions,
      replication,
      config: { ...timed(retentionMs), 'max.message.bytes': String(EVENT_BYTES) },
      why: 'One message is one event; the key is the ordering key.',
    },
    {
      topic: `${prefix}.journal`,
      role: 'journal',
      partitions,
      replication,
      config: { ...common, 'retention.ms': '-1', 'retention.bytes': '-1', 'max.message.bytes': String(EVENT_BYTES) },
      why: 'Live state: it must never disappear by age or size. Its owners cut off what is not needed any more.',
    },
    {
      topic: `${prefix}.dlq`,
      role: 'dlq',
      partitions: rawPartitions,
      replication,
      config: { ...timed(DLQ_RETENTION_MS), 'max.message.bytes': String(RAW_BYTES + DLQ_ROOM_BYTES) },
      why: 'Records of raw that could not be read, as they came, with the reason in their headers. One that did not fit would stop its partition.',
    },
  ];
}

/** What is there, as far as it matters. */
export interface TopicState {
  readonly partitions: number;
  readonly replication: number;
  readonly config: Readonly<Record<string, string>>;
}

/** What is missing or wrong. Pure. `actual` has no entry for a topic that is not there. */
export function checkTopics(specs: readonly TopicSpec[], actual: ReadonlyMap<string, TopicState>): readonly TopicFinding[] {
  const findings: TopicFinding[] = [];
  for (const spec of specs) {
    const state = actual.get(spec.topic);
    const find = (severity: TopicFinding['severity'], what: string, remedy: string, isFinal = false): void =>
      void findings.push({ topic: spec.topic, severity, isFinal, what, remedy });
    if (state === undefined) {
      find('missing', `there is no topic ${spec.topic}`, 'sre-router topics --apply creates it.');
      continue;
    }
    if (state.replication < 3)
      find('advice', `replication ${state.replication}: one broker's disk can take everything with it`, 'Use 3 replicas in production.');
    for (const [name, expected] of Object.entries(spec.config)) {
      const found = state.config[name];
      const problem = configProblem(spec, name, expected, found);
      if (problem !== undefined)
        find(
          problem,
          `${name} is ${found ?? 'unknown'}, expected ${expected}. ${spec.why}`,
          `kafka-configs --alter --topic ${spec.topic} --add-config ${name}=${expected}`,
        );
    }
  }
  return [...findings, ...countFindings(specs, actual)];
}

/** Events and journal are one: they must have as many. A dead letter goes to the partition of its record. */
function countFindings(specs: readonly TopicSpec[], actual: ReadonlyMap<string, TopicState>): readonly TopicFinding[] {
  const findings: TopicFinding[] = [];
  const of = (role: TopicSpec['role']): { topic: string; count: number | undefined } => {
    const topic = specs.find((spec) => spec.role === role)?.topic ?? '';
    return { topic, count: actual.get(topic)?.partitions };
  };
  const [raw, events, journal, dlq] = [of('raw'), of('events'), of('journal'), of('dlq')];
  if (events.count !== undefined && journal.count !== undefined && events.count !== journal.count)
    findings.push({
      topic: journal.topic,
      severity: 'wrong',
      isFinal: true,
      what: `${events.topic} has ${events.count} partitions and ${journal.topic} has ${journal.count}; they must be the same`,
      remedy: 'Partition counts cannot be lowered: move to a new prefix, see docs/operations.md.',
    });
  const asked = specs.find(({ topic }) => topic === events.topic)?.partitions;
  if (events.count !== undefined && events.count !== asked)
    findings.push({
      topic: events.topic,
      severity: 'advice',
      isFinal: false,
      what: `it has ${events.count} partitions, and log.partitions is ${asked}: the count stays as it is`,
      remedy: `Set log.partitions to ${events.count}, so that nobody expects otherwise.`,
    });
  if (raw.count !== undefined && dlq.count !== undefined && dlq.count < raw.count)
    findings.push({
      topic: dlq.topic,
      severity: 'wrong',
      isFinal: false,
      what: `${raw.topic} has ${raw.count} partitions and ${dlq.topic} has only ${dlq.count}: a record without a place in it would stop its partition`,
      remedy: `kafka-topics --alter --topic ${dlq.topic} --partitions ${raw.count}`,
    });
  return findings;
}

function configProblem(spec: TopicSpec, name: string, expected: string, found: string | undefined): 'wrong' | 'advice' | undefined {
  if (found === undefined || found === expected) return undefined;
  switch (name) {
    case 'cleanup.policy':
      // Compaction would drop events of one key, and journal records, which have no keys.
      return 'wrong';
    case 'retention.ms':
    case 'retention.bytes': {
      const isLonger = Number(found) < 0 || (Number(expected) >= 0 && Number(found) >= Number(expected));
      if (isLonger) return undefined;
      return spec.role === 'journal' ? 'wrong' : 'advice';
    }
    case 'max.message.bytes':
      return Number(found) >= Number(expected) ? undefined : spec.role === 'raw' ? 'advice' : 'wrong';
    case 'min.insync.replicas':
      return Number(found) >= Number(expected) ? undefined : 'advice';
    default:
      return undefined;
  }
}

/** Asks the brokers. Rejects while they do not answer, or without the right to describe topics. */
export async function readTopics(admin: Admin, specs: readonly TopicSpec[]): Promise<ReadonlyMap<string, TopicState>> {
  const existing = new Set(await admin.listTopics());
  const there = specs.filter(({ topic }) => existing.has(topic));
  const states = new Map<string, TopicState>();
  if (there.length === 0) return states;
  const { topics } = await admin.fetchTopicMetadata({ topics: there.map(({ topic }) => topic) });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: there.map(({ topic }) => ({ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic })),
  });
  for (const { name, partitions } of topics) {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    states.set(name, {
      partitions: partitions.length,
      replication: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      config: Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue])),
    });
  }
  return states;
}

/** Creates what is missing and changes nothing else. Resolves with the names of the topics it made. */
export async function createMissing(
  admin: Admin,
  specs: readonly TopicSpec[],
  actual: ReadonlyMap<string, TopicState>,
): Promise<readonly string[]> {
  const missing = specs.filter(({ topic }) => !actual.has(topic));
  if (missing.length === 0) return [];
  const creating = admin.createTopics({
    waitForLeaders: true,
    topics: missing.map(({ topic, partitions, replication, config }) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: replication,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    })),
  });
  await creating.catch((error: unknown) => Promise.reject(refusal(error)));
  return missing.map(({ topic }) => topic);
}

/** kafkajs says no more than "Topic creation errors". */
function refusal(error: unknown): unknown {
  const { errors } = error as { errors?: readonly { topic?: string; message: string }[] };
  if (errors === undefined) return error;
  const each = errors.map(({ topic, message }) => `${topic ?? '?'}: ${message}`).join('; ');
  return new RouterError(
    'CONFIG_INVALID',
    `The brokers refuse to create ${each}. See log.partitions, log.rawPartitions, log.replication, and what our user may do.`,
    { cause: error },
  );
}

/** Runs `work` with an admin client of its own. */
export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin({ retry: { retries: 3 } });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}

/** Strimzi's KafkaTopic resources (kafka.strimzi.io/v1), for the Kafka resource named `cluster`. A topic's name that Kubernetes does not take is given beside. */
export function strimziTopics(specs: readonly TopicSpec[], cluster: string): readonly object[] {
  return specs.map(({ topic, partitions, replication, config }) => ({
    apiVersion: 'kafka.strimzi.io/v1',
    kind: 'KafkaTopic',
    metadata: { name: resourceName(topic), labels: { 'strimzi.io/cluster': cluster } },
    spec: {
      ...(resourceName(topic) === topic ? {} : { topicName: topic }),
      partitions,
      replicas: replication,
      config: { ...config },
    },
  }));
}

/** A DNS subdomain name, RFC 1123. */
function resourceName(topic: string): string {
  return topic
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .split('.')
    .map((label) => label.replaceAll(/^-+|-+$/g, ''))
    .filter((label) => label !== '')
    .join('.');
}
