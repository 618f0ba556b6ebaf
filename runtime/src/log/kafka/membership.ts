import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import { stickyAssigner } from './assigner.js';
import { type Cluster, type ConsumerGroup, openCluster, openConsumerGroup, protocolErrorOf } from './internals.js';

export interface MembershipOptions {
  readonly groupId: string;
  readonly topic: string;
  /** A member that is not heard of for this long loses its partitions. */
  readonly sessionTimeoutMs: number;
  /** How long others wait for a member to join again. */
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatMs: number;
}

export interface MembershipPorts {
  readonly clock: Clock;
  /**
   * The partitions change hands soon: start no more effects. The member joins again when this resolves; heartbeats go on meanwhile, and resolving later than
   * rebalanceTimeout costs the membership.
   */
  rebalancing(): Promise<void>;
  /** What this member has from now on. */
  assigned(partitions: readonly number[], generation: number): void;
  /** The group has just said that it knows us: the lease is young. */
  alive?(): void;
  /** The partitions are somebody else's, as far as anybody knows. */
  lost(reason: string): void;
  failed(error: Error): void;
}

export interface Commit {
  readonly partition: number;
  readonly offset: number;
  readonly metadata: string;
}

const RETRY_MS = 500;
/** Answers that say that the partitions were given away. */
const GONE = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']);

/**
 * Membership of a consumer group, and nothing else: join, heartbeat, commit, leave. The loop is ours: it heartbeats whatever handlers do (j), drains before it
 * joins again (p), and begins anew after any failure (l, m), since kafkajs' own loop stops silently after errors that it takes for final.
 *
 * Delivery guarantees: between `assigned` and `lost` (or the next `rebalancing`) nobody else is told to own the same partitions, as long as `leaseMs` is young.
 */
export class Membership {
  readonly #kafka: Kafka;
  readonly #options: MembershipOptions;
  readonly #ports: MembershipPorts;
  #cluster: Cluster | undefined;
  #group: ConsumerGroup | undefined;
  #owned: { partitions: readonly number[]; generation: number } = { partitions: [], generation: -1 };
  #lastOkMs = Number.NEGATIVE_INFINITY;
  #stopped = false;
  #wake: () => void = () => undefined;
  #running: Promise<void> | undefined;

  constructor(kafka: Kafka, options: MembershipOptions, ports: MembershipPorts) {
    this.#kafka = kafka;
    this.#options = options;
    this.#ports = ports;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** How long ago the group last knew us, in milliseconds. An effect begins only while this is below half the session time-out. */
  get leaseAgeMs(): number {
    return this.#ports.clock.nowMs() - this.#lastOkMs;
  }

  /** Fenced: rejects when the group has moved on to a generation that we are not in. */
  async commit(commits: readonly Commit[]): Promise<void> {
    const group = this.#group;
    if (group === undefined || commits.length === 0) return;
    const partitions = commits.map(({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata }));
    await group.commitOffsets({ topics: [{ topic: this.#options.topic, partitions }] });
  }

  /** What is committed for a partition; undefined: nothing. */
  async committed(partition: number): Promise<{ offset: number; metadata: string } | undefined> {
    const { groupId, topic } = this.#options;
    const cluster = this.#cluster;
    if (cluster === undefined) return undefined;
    const coordinator = await cluster.findGroupCoordinator({ groupId });
    const { responses } = await coordinator.offsetFetch({ groupId, topics: [{ topic, partitions: [{ partition }] }] });
    const found = responses.find((response) => response.topic === topic)?.partitions.find((given) => given.partition === partition);
    return found === undefined || Number(found.offset) < 0 ? undefined : { offset: Number(found.offset), metadata: found.metadata ?? '' };
  }

  /** Leaves the group, so that others have the partitions at once. The caller has drained before. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
    await this.#group?.leave().catch(() => undefined);
    await this.#cluster?.disconnect().catch(() => undefined);
  }

  async #run(): Promise<void> {
    let rejoin = true;
    while (!this.#stopped) {
      try {
        if (rejoin) {
          await this.#join();
          rejoin = false;
        }
        await this.#sleep(this.#options.heartbeatMs);
        if (!this.#stopped) await this.#heartbeat();
      } catch (thrown) {
        if (this.#stopped) return;
        rejoin = await this.#failed(thrown, rejoin);
      }
    }
  }

  async #join(): Promise<void> {
    const group = await this.#open();
    await group.joinAndSync();
    if (this.#stopped) return;
    // The answer may have waited for a process that was stopped meanwhile; only a heartbeat says that the session is alive now.
    await this.#heartbeat();
    const partitions = group.assigned().flatMap((given) => (given.topic === this.#options.topic ? given.partitions : []));
    this.#owned = { partitions, generation: group.generationId ?? -1 };
    this.#ports.assigned(partitions, this.#owned.generation);
  }

  async #open(): Promise<ConsumerGroup> {
    if (this.#group !== undefined) return this.#group;
    const { topic, groupId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options;
    const cluster = openCluster(this.#kafka);
    try {
      await cluster.connect();
      await cluster.addMultipleTargetTopics([topic]);
    } catch (error) {
      await cluster.disconnect().catch(() => undefined);
      throw error;
    }
    const assigner = stickyAssigner({
      topic,
      partitions: () => cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
      owned: () => this.#owned,
    });
    const group = openConsumerGroup(this.#kafka, cluster, { groupId, topic, assigner, sessionTimeoutMs, rebalanceTimeoutMs });
    this.#cluster = cluster;
    this.#group = group;
    return group;
  }

  async #heartbeat(): Promise<void> {
    const sentMs = this.#ports.clock.nowMs();
    await this.#group?.heartbeat({ interval: 0 });
    this.#lastOkMs = sentMs;
    this.#ports.alive?.();
  }

  /** Resolves with whether to join again. */
  async #failed(thrown: unknown, joining: boolean): Promise<boolean> {
    const type = protocolErrorOf(thrown)?.type;
    if (type === 'REBALANCE_IN_PROGRESS') {
      if (!joining) await this.#drain();
      return true;
    }
    if (type !== undefined && GONE.has(type)) {
      this.#giveUp(type);
      return true;
    }
    this.#ports.failed(asError(thrown));
    // A broker or its coordinator role went away: the membership may well be alive, so it is kept until its session is over.
    if (this.leaseAgeMs > this.#options.sessionTimeoutMs) {
      this.#giveUp(type ?? 'no answer from the group within its session time-out');
      await this.#close();
      await this.#sleep(RETRY_MS);
      return true;
    }
    await this.#sleep(RETRY_MS);
    if (!joining) await this.#findCoordinator().catch(() => undefined);
    return joining;
  }

  async #findCoordinator(): Promise<void> {
    const [group, cluster] = [this.#group, this.#cluster];
    if (group === undefined || cluster === undefined) return;
    if (!cluster.isConnected()) await cluster.connect();
    await cluster.refreshMetadata();
    (group as { coordinator: unknown }).coordinator = await cluster.findGroupCoordinator({ groupId: this.#options.groupId });
  }

  /** Heartbeats go on while handlers finish what is under way. */
  async #drain(): Promise<void> {
    let isDrained = false;
    const drained = this.#ports.rebalancing().finally(() => {
      isDrained = true;
      this.#wake();
    });
    while (!isDrained && !this.#stopped) {
      await this.#sleep(this.#options.heartbeatMs);
      const sentMs = this.#ports.clock.nowMs();
      // Each answers that a rebalance is in progress, which also says that we are still known.
      await this.#group?.heartbeat({ interval: 0 }).catch((error: unknown) => {
        if (protocolErrorOf(error)?.type === 'REBALANCE_IN_PROGRESS') this.#lastOkMs = sentMs;
      });
    }
    await drained;
  }

  #giveUp(reason: string): void {
    this.#lastOkMs = Number.NEGATIVE_INFINITY;
    if (this.#owned.partitions.length > 0) this.#ports.lost(reason);
    this.#owned = { partitions: [], generation: this.#owned.generation };
  }

  async #close(): Promise<void> {
    const cluster = this.#cluster;
    this.#group = undefined;
    this.#cluster = undefined;
    await cluster?.disconnect().catch(() => undefined);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#ports.clock.after(ms, wake);
      this.#wake = wake;
    });
  }
}
