import type { Kafka } from 'kafkajs';
import { RouterError } from '../../errors.js';
import { type Cluster, FETCH_ISOLATION, type FetchedRecord, openCluster, protocolErrorOf, recordsOf } from './internals.js';

export interface PartitionAt {
  readonly topic: string;
  readonly partition: number;
}

/** The first offset that is there, or the one behind the last. */
export async function offsetOf(cluster: Cluster, { topic, partition }: PartitionAt, which: 'first' | 'end'): Promise<number> {
  await cluster.addMultipleTargetTopics([topic]);
  const [found] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition }], fromBeginning: which === 'first' }]);
  const offset = found?.partitions.find((given) => given.partition === partition)?.offset;
  if (offset === undefined) throw new Error(`no offsets of ${topic}/${partition}`);
  return Number(offset);
}

const TRIES = 20;
const RETRY_MS = 300;
const MAX_WAIT_MS = 500;
const MAX_PARTITION_BYTES = 8_388_608;

/** Reads partitions once, from an offset to the end they have at that moment. Connections are its own and stay open until `close`. */
export class PartitionReader {
  readonly #kafka: Kafka;
  readonly #after: (ms: number) => Promise<void>;
  #cluster: Cluster | undefined;

  constructor(kafka: Kafka, after: (ms: number) => Promise<void>) {
    this.#kafka = kafka;
    this.#after = after;
  }

  /**
   * Resolves with the end, or with `to` where that comes before. `from` undefined, or before what is there: the first record; a function is told what is
   * there. Rejects after some tries, or when records are cut off meanwhile.
   */
  async read(
    at: PartitionAt,
    from: number | undefined | ((first: number, end: number) => number),
    take: (record: FetchedRecord) => void,
    to = Number.POSITIVE_INFINITY,
  ): Promise<number> {
    let next: number | undefined;
    let end: number | undefined;
    for (let tries = 1; ; tries += 1) {
      try {
        const cluster = await this.#connect();
        const first = await offsetOf(cluster, at, 'first');
        end ??= Math.min(to, await offsetOf(cluster, at, 'end'));
        if (next !== undefined && next < first)
          throw new RouterError('NOT_FOUND', `${at.topic}/${at.partition} was cut off while it was read`);
        next ??= Math.max((typeof from === 'function' ? from(first, end) : from) ?? first, first);
        while (next < end) {
          next = await this.#fetch(cluster, at, next, end, take);
          tries = 1;
        }
        return end;
      } catch (error) {
        if (tries >= TRIES || error instanceof RouterError) throw error;
        await this.#recover(error);
      }
    }
  }

  async close(): Promise<void> {
    await this.#cluster?.disconnect().catch(() => undefined);
    this.#cluster = undefined;
  }

  async #fetch(cluster: Cluster, at: PartitionAt, next: number, end: number, take: (record: FetchedRecord) => void): Promise<number> {
    const { topic, partition } = at;
    await cluster.refreshMetadataIfNecessary();
    const [leader] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
    if (leader === undefined) throw new Error(`${topic}/${partition} has no leader`);
    const broker = await cluster.findBroker({ nodeId: leader });
    const { responses } = await broker.fetch({
      maxWaitTime: MAX_WAIT_MS,
      minBytes: 1,
      maxBytes: MAX_PARTITION_BYTES,
      isolationLevel: FETCH_ISOLATION,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(next), maxBytes: MAX_PARTITION_BYTES }] }],
    });
    const data = responses[0]?.partitions[0];
    if (data === undefined) throw new Error(`${topic}/${partition}: empty answer`);
    const found = recordsOf(topic, next, data);
    for (const record of found.records) if (record.offset < end) take(record);
    return found.next;
  }

  async #connect(): Promise<Cluster> {
    if (this.#cluster === undefined) {
      const cluster = openCluster(this.#kafka);
      await cluster.connect();
      this.#cluster = cluster;
    }
    return this.#cluster;
  }

  async #recover(error: unknown): Promise<void> {
    // The connection may be at fault: begin with a new one, unless the cluster merely asks for patience.
    if (protocolErrorOf(error) === undefined) await this.close();
    await this.#after(RETRY_MS);
    await this.#cluster?.refreshMetadata().catch(() => undefined);
  }
}
