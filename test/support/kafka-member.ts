import type { Kafka } from 'kafkajs';
import { systemClock } from '#runtime/clock.js';
import type { LateFact } from '#runtime/journal/late-facts.js';
import { connectKafka } from '#runtime/log/kafka/connect.js';
import { type OpenKafka, openKafka } from '#runtime/log/kafka/open-kafka.js';
import { createMissing, topicSpecs, withAdmin } from '#runtime/log/kafka/topics.js';
import type { LogRecord } from '#runtime/log/log.js';
import type { KafkaCluster } from './kafka.js';

let topics = 0;

/** Fresh topics with this many partitions; resolves with their prefix, which tests also use as the group. */
export async function makeTopics(cluster: KafkaCluster, partitions: number): Promise<string> {
  topics += 1;
  const prefix = `t${process.pid}-${topics}`;
  const specs = topicSpecs({ prefix, partitions, rawPartitions: 2, replication: Math.min(3, cluster.size), retentionMs: 604_800_000 });
  await withAdmin(cluster.client(), (admin) => createMissing(admin, specs, new Map()));
  return prefix;
}

type Warn = (message: string, fields: Readonly<Record<string, unknown>>) => void;

export function connect(cluster: KafkaCluster, warn: Warn = () => undefined): Kafka {
  return connectKafka(
    { brokers: cluster.brokers, clientId: 'test' },
    { secret: () => '', log: (level, message, fields) => (level === 'warn' ? warn(message, fields) : undefined) },
  );
}

/** Log and journal of one member; `prefix` is the group's name too. */
export function openMember(
  cluster: KafkaCluster,
  prefix: string,
  partitions: number,
  options: { sessionTimeoutMs?: number; warn?: Warn; gap?: (partition: number, from: number, to: number) => void } = {},
): OpenKafka {
  const { sessionTimeoutMs = 6_000, warn = () => undefined, gap = () => undefined } = options;
  return openKafka(
    { prefix, group: prefix, partitions, dlqPartitions: 2, sessionTimeoutMs },
    { kafka: connect(cluster, warn), clock: systemClock, warn, gap },
  );
}

/** A member of the group that remembers what it is given, and in its journal where to go on. */
export class KafkaMember {
  readonly kafka: OpenKafka;
  readonly got: LogRecord[] = [];
  readonly owned = new Set<number>();
  /** Every partition it was given, in order. */
  readonly assignments: number[] = [];
  readonly gaps: [number, number][] = [];
  readonly warnings: string[] = [];
  readonly told: LateFact[] = [];

  constructor(cluster: KafkaCluster, prefix: string, partitions: number, options: { sessionTimeoutMs?: number } = {}) {
    this.kafka = openMember(cluster, prefix, partitions, {
      ...options,
      warn: (message, fields) => void this.warnings.push(`${message} ${String(fields.err ?? '')}`),
      gap: (_partition, from, to) => void this.gaps.push([from, to]),
    });
  }

  async start(): Promise<void> {
    const { log, journal } = this.kafka;
    await log.consume({
      assigned: async (partition) => {
        this.owned.add(partition);
        this.assignments.push(partition);
        return ((await journal.get(partition, 'L')) as number | undefined) ?? 0;
      },
      deliver: (partition, records) => {
        this.got.push(...records);
        const next = (records.at(-1)?.offset ?? -1) + 1;
        journal.put(partition, [{ key: 'L', value: next }]).then(
          () => log.commit(partition, next),
          () => undefined,
        );
      },
      revoked: async (partition) => {
        this.owned.delete(partition);
      },
      quiet: async () => undefined,
      wake: () => undefined,
      late: (_partition, facts) => void this.told.push(...facts),
    });
  }

  /** Values, as numbers in rising order, each once. */
  seen(): string[] {
    return [...new Set(this.got.map(({ value }) => value.toString()))].sort((a, b) => Number(a) - Number(b));
  }

  close(): Promise<void> {
    return this.kafka.close();
  }
}
