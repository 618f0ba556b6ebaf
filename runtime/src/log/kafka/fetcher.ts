import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import { type Cluster, FETCH_ISOLATION, type FetchedRecord, openCluster, protocolErrorOf, recordsOf } from './internals.js';
import { offsetOf, type PartitionAt } from './read-partition.js';
import { tolerateUnreadable } from './unreadable-batch.js';

export interface FetcherPorts {
  readonly clock: Clock;
  /** In order, never overlapping for one partition; must not throw. `next`: where reading goes on. */
  records(at: PartitionAt, records: readonly FetchedRecord[], next: number): void;
  /** With every answer, before its records: the offset behind the last durable record. */
  end?(at: PartitionAt, end: number): void;
  /** The offset asked for is gone (retention, truncation). Answers where to go on, or undefined to stop reading this partition. */
  outOfRange(at: PartitionAt, asked: number, first: number, end: number): number | undefined;
  failed(error: Error): void;
}

export interface FetcherOptions {
  /** Longest wait of one request; a change of what is read takes effect within it. */
  readonly maxWaitMs: number;
  readonly maxPartitionBytes: number;
  /** Batches that cannot be inflated are read as records that say so (unreadable-batch.ts). Default: they fail, and are asked for again and again. */
  readonly toleratesUnreadable?: boolean;
}

const MAX_RESPONSE_BYTES = 16_777_216;
const RETRY_MS = 250;

interface Position extends PartitionAt {
  next: number;
  /** Tells an answer to an earlier position of the same partition. */
  readonly epoch: number;
}

const nameOf = ({ topic, partition }: PartitionAt): string => `${topic}/${partition}`;

/**
 * Reads any number of partitions: one long poll a broker, over connections of its own.
 *
 * Delivery guarantees: records of a partition are given in offset order, each once, from the offset asked for, without gaps but those that the log has. There
 * is no consumer group behind it: nothing is committed, reset or given again because others come and go (defects k, n, o, r).
 */
export class Fetcher {
  readonly #kafka: Kafka;
  readonly #ports: FetcherPorts;
  readonly #options: FetcherOptions;
  readonly #positions = new Map<string, Position>();
  /** By name; also of what is not read yet. */
  readonly #paused = new Set<string>();
  /** By the id of the broker that leads what they read. */
  readonly #loops = new Map<string, Promise<void>>();
  #cluster: Cluster | undefined;
  #starting: Promise<void> | undefined;
  #again = false;
  #epochs = 0;
  #closed = false;
  readonly #sleepers = new Set<() => void>();

  constructor(kafka: Kafka, ports: FetcherPorts, options: FetcherOptions) {
    this.#kafka = kafka;
    this.#ports = ports;
    this.#options = options;
  }

  /** Reads on from `next`; replaces an earlier position. */
  read(at: PartitionAt, next: number): void {
    this.#positions.set(nameOf(at), { ...at, next, epoch: this.#epochs++ });
    this.#start();
  }

  /** Also forgets that it was paused. */
  drop(at: PartitionAt): void {
    this.#positions.delete(nameOf(at));
    this.#paused.delete(nameOf(at));
  }

  pause(at: PartitionAt, paused: boolean): void {
    if (paused) this.#paused.add(nameOf(at));
    else if (this.#paused.delete(nameOf(at))) this.#start();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#positions.clear();
    for (const wake of this.#sleepers) wake();
    await this.#starting;
    // A long poll under way ends with its connection.
    await this.#cluster?.disconnect().catch(() => undefined);
    await Promise.all(this.#loops.values());
  }

  /** Sees to it that every broker that leads something wanted has a loop. */
  #start(): void {
    this.#again = true;
    this.#starting ??= this.#startLoops().finally(() => {
      this.#starting = undefined;
    });
  }

  async #startLoops(): Promise<void> {
    while (this.#again && !this.#closed) {
      this.#again = false;
      try {
        const cluster = await this.#connect();
        await cluster.addMultipleTargetTopics([...new Set([...this.#positions.values()].map(({ topic }) => topic))]);
        for (const leader of this.#byLeader(cluster).keys()) {
          if (this.#loops.has(leader)) continue;
          this.#loops.set(
            leader,
            this.#loop(cluster, leader).finally(() => this.#loops.delete(leader)),
          );
        }
      } catch (thrown) {
        await this.#recover(thrown);
        this.#again = true;
      }
    }
  }

  async #connect(): Promise<Cluster> {
    if (this.#cluster === undefined) {
      const cluster = openCluster(this.#kafka);
      await cluster.connect();
      this.#cluster = cluster;
    }
    return this.#cluster;
  }

  /** What to read, by leader. Throws while a partition has none. */
  #byLeader(cluster: Cluster): Map<string, Position[]> {
    const partitions = new Map<string, number[]>();
    for (const { topic, partition } of this.#positions.values()) {
      if (!this.#paused.has(nameOf({ topic, partition }))) partitions.set(topic, [...(partitions.get(topic) ?? []), partition]);
    }
    const found = new Map<string, Position[]>();
    for (const [topic, list] of partitions) {
      for (const [leader, led] of Object.entries(cluster.findLeaderForPartitions(topic, list))) {
        const positions = led.flatMap((partition) => this.#positions.get(nameOf({ topic, partition })) ?? []);
        found.set(leader, [...(found.get(leader) ?? []), ...positions]);
      }
    }
    return found;
  }

  /** Ends when the broker leads nothing that is wanted; after a failure the leaders are looked up again. */
  async #loop(cluster: Cluster, leader: string): Promise<void> {
    while (!this.#closed) {
      try {
        await cluster.refreshMetadataIfNecessary();
        const byLeader = this.#byLeader(cluster);
        if ([...byLeader.keys()].some((other) => !this.#loops.has(other))) this.#start();
        const wanted = byLeader.get(leader);
        if (wanted === undefined) return;
        await this.#fetch(cluster, leader, wanted);
      } catch (thrown) {
        await this.#recover(thrown);
      }
    }
  }

  async #fetch(cluster: Cluster, leader: string, wanted: readonly Position[]): Promise<void> {
    const broker = await cluster.findBroker({ nodeId: leader });
    const asked = new Map(wanted.map((position) => [nameOf(position), { next: position.next, epoch: position.epoch }]));
    const byTopic = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>();
    for (const { topic, partition, next } of wanted) {
      const partitions = byTopic.get(topic) ?? [];
      byTopic.set(topic, partitions);
      partitions.push({ partition, fetchOffset: String(next), maxBytes: this.#options.maxPartitionBytes });
    }
    const request = {
      maxWaitTime: this.#options.maxWaitMs,
      minBytes: 1,
      maxBytes: MAX_RESPONSE_BYTES,
      isolationLevel: FETCH_ISOLATION,
      topics: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
    };
    const fetching = (): ReturnType<typeof broker.fetch> => broker.fetch(request);
    const { responses } = await (this.#options.toleratesUnreadable === true ? tolerateUnreadable(fetching) : fetching());
    for (const { topicName, partitions } of responses) {
      for (const data of partitions) {
        const name = nameOf({ topic: topicName, partition: data.partition });
        const given = asked.get(name);
        const position = this.#positions.get(name);
        // Dropped, moved or paused while the answer was on its way: what was not given is fetched again when it is wanted.
        if (given === undefined || position === undefined || position.epoch !== given.epoch || this.#paused.has(name)) continue;
        this.#ports.end?.(position, Number(data.highWatermark));
        const { records, next } = recordsOf(topicName, given.next, data);
        if (next === given.next) continue;
        position.next = next;
        this.#ports.records(position, records, next);
      }
    }
  }

  async #recover(thrown: unknown): Promise<void> {
    const cluster = this.#cluster;
    if (this.#closed) return;
    const kind = protocolErrorOf(thrown);
    try {
      if (cluster !== undefined && kind?.type === 'OFFSET_OUT_OF_RANGE' && kind.topic !== undefined && kind.partition !== undefined)
        return await this.#outOfRange(cluster, { topic: kind.topic, partition: kind.partition });
    } catch (error) {
      this.#ports.failed(asError(error));
    }
    this.#ports.failed(asError(thrown));
    const { host, port } = thrown as { host?: string; port?: number };
    if (host !== undefined && port !== undefined) cluster?.removeBroker({ host, port });
    await this.#sleep(RETRY_MS);
    if (this.#closed || cluster === undefined) return;
    if (!cluster.isConnected()) await cluster.connect().catch(() => undefined);
    await cluster.refreshMetadata().catch(() => undefined);
  }

  async #outOfRange(cluster: Cluster, at: PartitionAt): Promise<void> {
    const position = this.#positions.get(nameOf(at));
    if (position === undefined) return;
    const [first, end] = [await offsetOf(cluster, at, 'first'), await offsetOf(cluster, at, 'end')];
    const next = this.#ports.outOfRange(at, position.next, first, end);
    if (next === undefined) this.drop(at);
    else position.next = next;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        this.#sleepers.delete(wake);
        resolve();
      };
      const cancel = this.#ports.clock.after(ms, wake);
      this.#sleepers.add(wake);
    });
  }
}
