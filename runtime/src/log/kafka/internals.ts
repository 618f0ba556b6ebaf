import kafkajs, { type Kafka } from 'kafkajs';
import Batch from 'kafkajs/src/consumer/batch.js';
import ConsumerGroupClass from 'kafkajs/src/consumer/consumerGroup.js';
import Emitter from 'kafkajs/src/instrumentation/emitter.js';
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js';

/**
 * kafkajs below its public surface: its protocol, its cluster metadata and its group protocol, without its consumer loop.
 * docs/decisions/0030 says why, and lists the defects that this answers.
 */
export interface Broker {
  readonly nodeId: number;
  fetch(request: {
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    isolationLevel: number;
    topics: readonly { topic: string; partitions: readonly { partition: number; fetchOffset: string; maxBytes: number }[] }[];
  }): Promise<{ responses: readonly { topicName: string; partitions: readonly PartitionData[] }[] }>;
  offsetFetch(request: { groupId: string; topics: readonly { topic: string; partitions: readonly { partition: number }[] }[] }): Promise<{
    responses: readonly { topic: string; partitions: readonly { partition: number; offset: string; metadata: string | null }[] }[];
  }>;
  deleteRecords(request: {
    topics: readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[];
  }): Promise<unknown>;
}

export interface PartitionData {
  readonly partition: number;
  readonly highWatermark: string;
  readonly lastStartOffset?: string;
}

export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addMultipleTargetTopics(topics: readonly string[]): Promise<void>;
  refreshMetadata(): Promise<void>;
  refreshMetadataIfNecessary(): Promise<void>;
  findBroker(broker: { nodeId: string | number }): Promise<Broker>;
  findGroupCoordinator(group: { groupId: string }): Promise<Broker>;
  findTopicPartitionMetadata(topic: string): readonly { readonly partitionId: number; readonly leader: number }[];
  /** Partitions by the id of their leader. */
  findLeaderForPartitions(topic: string, partitions: readonly number[]): Record<string, number[]>;
  fetchTopicsOffset(
    topics: readonly { topic: string; partitions: readonly { partition: number }[]; fromBeginning?: boolean; fromTimestamp?: number }[],
  ): Promise<readonly { topic: string; partitions: readonly { partition: number; offset: string }[] }[]>;
  removeBroker(address: { host: string; port: number }): void;
}

export interface ConsumerGroup {
  readonly memberId: string | null;
  readonly generationId: number | null;
  readonly coordinator: Broker | null;
  connect(): Promise<void>;
  /** Joins, and takes the assignment of the generation. Blocks until every member has joined. */
  joinAndSync(): Promise<void>;
  leave(): Promise<void>;
  assigned(): readonly { readonly topic: string; readonly partitions: readonly number[] }[];
  heartbeat(options: { interval: number }): Promise<void>;
  /** Fenced by generation. */
  commitOffsets(offsets: {
    topics: readonly { topic: string; partitions: readonly { partition: number; offset: string; metadata: string | null }[] }[];
  }): Promise<void>;
}

const READ_COMMITTED = 1;
const METADATA_MAX_AGE_MS = 60_000;

/** A cluster connection of its own: brokers answer one connection's requests in turn, so long polls must not share it with anything. */
export function openCluster(kafka: Kafka): Cluster {
  const create = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === 'private:Kafka:createCluster');
  if (create === undefined) throw new Error('kafkajs is not the release this router is built for (2.2.4)');
  const factory = (kafka as unknown as Record<symbol, (options: object) => Cluster>)[create];
  if (factory === undefined) throw new Error('kafkajs is not the release this router is built for (2.2.4)');
  return factory({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED });
}

export interface GroupOptions {
  readonly groupId: string;
  readonly topic: string;
  readonly assigner: object;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
}

/** The group protocol alone: join, sync, heartbeat, commit, leave. Nothing is fetched by it. */
export function openConsumerGroup(kafka: Kafka, cluster: Cluster, options: GroupOptions): ConsumerGroup {
  return new ConsumerGroupClass({
    cluster,
    logger: kafka.logger(),
    groupId: options.groupId,
    topics: [options.topic],
    topicConfigurations: { [options.topic]: { fromBeginning: true } },
    assigners: [options.assigner],
    sessionTimeout: options.sessionTimeoutMs,
    rebalanceTimeout: options.rebalanceTimeoutMs,
    // One try: the caller's own loop decides what follows from a failure.
    retry: { retries: 0 },
    autoCommit: false,
    autoCommitInterval: null,
    autoCommitThreshold: null,
    instrumentationEmitter: new Emitter(),
    isolationLevel: READ_COMMITTED,
    metadataMaxAge: METADATA_MAX_AGE_MS,
  });
}

export interface FetchedRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What a fetch from `fetchOffset` gave: records in order, without control records and aborted transactions, and where to go on.
 * A batch of which compaction removed the tail can come again without a record for us; then one offset is stepped over.
 */
export function recordsOf(topic: string, fetchOffset: number, data: PartitionData): { records: FetchedRecord[]; next: number } {
  const batch = new Batch(topic, String(fetchOffset), data);
  const last = batch.rawMessages.at(-1);
  const next = last === undefined ? fetchOffset : Math.max(fetchOffset + 1, Number(last.offset) + 1);
  const records = batch.messages.map(({ offset, timestamp, key, value, headers }) => ({
    offset: Number(offset),
    timestampMs: Number(timestamp),
    key,
    value,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, given]) => [name, String(Array.isArray(given) ? given[0] : (given ?? ''))]),
    ),
  }));
  return { records, next };
}

export const FETCH_ISOLATION = READ_COMMITTED;

/** Kafka's names for what went wrong; undefined for anything else. */
export function protocolErrorOf(error: unknown): { type: string; topic?: string; partition?: number } | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const { type, topic, partition } = at as { type?: unknown; topic?: string; partition?: number };
    if (typeof type === 'string')
      return { type, ...(topic === undefined ? {} : { topic }), ...(partition === undefined ? {} : { partition }) };
  }
  return undefined;
}

let isPatched = false;

/**
 * Defects a and b: every connection of kafkajs runs a timer each millisecond for ever (3.9–4.6 % of a core when idle, and a warning on Node 24),
 * because it computes the delay of "no throttling" as a negative number. Armed only while something is throttled or pending, as was meant.
 */
export function patchIdleTimer(): void {
  if (isPatched) return;
  isPatched = true;
  interface Queue {
    throttledUntil: number;
    throttleCheckTimeoutId: NodeJS.Timeout | null;
    pending: readonly unknown[];
    checkPendingRequests(): void;
  }
  RequestQueue.prototype.scheduleCheckPendingRequests = function (this: Queue): void {
    const throttledMs = this.throttledUntil - Date.now();
    if (this.throttleCheckTimeoutId !== null || (this.pending.length === 0 && throttledMs <= 0)) return;
    this.throttleCheckTimeoutId = setTimeout(
      () => {
        this.throttleCheckTimeoutId = null;
        this.checkPendingRequests();
      },
      throttledMs > 0 ? throttledMs : 10,
    );
  };
}

export const { CompressionTypes } = kafkajs;
