import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import type { Assignment, LogRecord, Position } from '../log.js';
import { partitionOfKey } from '../partition-of-key.js';
import { Fetcher } from './fetcher.js';
import type { Flusher } from './flusher.js';
import type { FetchedRecord } from './internals.js';
import type { KafkaJournal } from './kafka-journal.js';
import { Membership, type MembershipOptions } from './membership.js';

export interface KafkaLogPorts {
  readonly kafka: Kafka;
  readonly clock: Clock;
  readonly flusher: Flusher;
  readonly journal: KafkaJournal;
  /** Something that is tried again; told for the log. */
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Events that were deleted before anybody decided about them: retention was shorter than the outage. */
  gap(partition: number, from: number, to: number): void;
}

export interface KafkaLogOptions extends MembershipOptions {
  readonly partitions: number;
  /** How long a rebalance waits for effects under way before the partitions may move. */
  readonly drainMs: number;
}

const COMMIT_EVERY_MS = 1_000;
const TAKE_OVER_RETRY_MS = 1_000;
/** Told to the group with each commit: where the partition's last checkpoint begins. */
const metadataOf = (begin: number | undefined): string => (begin === undefined ? '' : JSON.stringify({ begin }));

interface OwnedPartition {
  next: number;
  committed: number;
  begin: number | undefined;
  isReady: boolean;
}

/**
 * The events topic of a Kafka cluster, consumed by the members of one group.
 *
 * Delivery guarantees: as log.ts says. A partition is delivered only by the member that owns it, from the position its journal names; committed offsets are a
 * hint for people and for the lag, fenced by the group's generation. No effect begins while the lease is old or the group is rebalancing (`mayStart`).
 */
export class KafkaLog {
  readonly partitions: number;
  readonly #ports: KafkaLogPorts;
  readonly #options: KafkaLogOptions;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  readonly #owned = new Map<number, OwnedPartition>();
  #assignment: Assignment | undefined;
  #isRebalancing = true;
  #generation = -1;
  #isStopping = false;
  #cancelCommit: (() => void) | undefined;
  /** Take-overs run one after the other: each reads and writes as fast as it can. */
  #takingOver: Promise<void> = Promise.resolve();

  constructor(options: KafkaLogOptions, ports: KafkaLogPorts) {
    this.partitions = options.partitions;
    this.#options = options;
    this.#ports = ports;
    this.#membership = new Membership(ports.kafka, options, {
      clock: ports.clock,
      rebalancing: () => this.#rebalancing(),
      assigned: (partitions, generation) => this.#assigned(partitions, generation),
      lost: (reason) => this.#lost(reason),
      failed: (error) => ports.warn('the consumer group does not answer; tried again', { err: error }),
    });
    this.#fetcher = new Fetcher(
      ports.kafka,
      {
        clock: ports.clock,
        records: ({ partition }, records) => this.#deliver(partition, records),
        outOfRange: ({ partition }, asked, first, end) => this.#outOfRange(partition, asked, first, end),
        failed: (error) => ports.warn('reading events failed; tried again', { err: error }),
      },
      { maxWaitMs: 250, maxPartitionBytes: 1_048_576 },
    );
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  async append(records: readonly { key: string; value: Buffer; headers?: Readonly<Record<string, string>> }[]): Promise<Position[]> {
    const { topic } = this.#options;
    return Promise.all(
      records.map(async ({ key, value, headers }) => {
        const partition = this.partitionOf(key);
        const record = { key: Buffer.from(key, 'utf8'), value, ...(headers === undefined ? {} : { headers }) };
        const offset = await this.#ports.flusher.send({ topic, partition, build: () => record });
        return { partition, offset };
      }),
    );
  }

  async consume(assignment: Assignment): Promise<void> {
    this.#assignment = assignment;
    this.#membership.start();
  }

  /** False while somebody else may own the partition by now. */
  mayStart(partition: number): boolean {
    return (
      !this.#isRebalancing &&
      this.#owned.get(partition)?.isReady === true &&
      this.#membership.leaseAgeMs < this.#options.sessionTimeoutMs / 2
    );
  }

  pause(partition: number): void {
    this.#fetcher.pause({ topic: this.#options.topic, partition }, true);
  }

  resume(partition: number): void {
    this.#fetcher.pause({ topic: this.#options.topic, partition }, false);
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    owned.next = nextOffset;
    this.#commitSoon();
  }

  checkpointed(partition: number, begin: number): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    owned.begin = begin;
    owned.committed = -1;
    this.#commitSoon();
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    await this.#rebalancing();
    await this.#membership.stop();
    await Promise.all([...this.#owned.keys()].map((partition) => this.#release(partition)));
    await this.#fetcher.close();
    this.#cancelCommit?.();
  }

  /** Nothing begins any more; what is under way has `drainMs` to end; all that is decided is committed. */
  async #rebalancing(): Promise<void> {
    this.#isRebalancing = true;
    const assignment = this.#assignment;
    const quiet = Promise.all([...this.#owned].map(([partition, { isReady }]) => (isReady ? assignment?.quiet(partition) : undefined)));
    const patience = this.#after(this.#options.drainMs);
    await Promise.race([quiet, patience.over]);
    patience.cancel();
    await this.#commitNow();
  }

  #assigned(partitions: readonly number[], generation: number): void {
    this.#generation = generation;
    this.#isRebalancing = false;
    for (const partition of [...this.#owned.keys()]) if (!partitions.includes(partition)) void this.#release(partition);
    for (const partition of partitions) {
      if (this.#owned.get(partition)?.isReady === true) this.#assignment?.wake(partition);
      else if (!this.#owned.has(partition)) this.#takeOver(partition);
    }
  }

  #lost(reason: string): void {
    this.#ports.warn('the partitions were given to others', { reason, partitions: [...this.#owned.keys()] });
    for (const partition of [...this.#owned.keys()]) void this.#release(partition);
  }

  #takeOver(partition: number): void {
    const owned: OwnedPartition = { next: 0, committed: -1, begin: undefined, isReady: false };
    this.#owned.set(partition, owned);
    const isCurrent = (): boolean => this.#owned.get(partition) === owned && !this.#isStopping;
    this.#takingOver = this.#takingOver.then(async () => {
      while (isCurrent()) {
        try {
          const committed = await this.#membership.committed(partition);
          await this.#ports.journal.takeOver(partition, this.#generation, beginOf(committed?.metadata));
          if (!isCurrent()) return this.#ports.journal.release(partition);
          const next = await this.#assignment?.assigned(partition);
          if (next === undefined || !isCurrent()) return;
          owned.isReady = true;
          owned.next = next;
          this.#fetcher.read({ topic: this.#options.topic, partition }, next);
          this.#assignment?.wake(partition);
          return;
        } catch (error) {
          this.#ports.warn('taking a partition over failed; tried again', { partition, err: asError(error) });
          await this.#after(TAKE_OVER_RETRY_MS).over;
        }
      }
    });
  }

  async #release(partition: number): Promise<void> {
    const owned = this.#owned.get(partition);
    this.#owned.delete(partition);
    this.#fetcher.drop({ topic: this.#options.topic, partition });
    if (owned?.isReady === true) await this.#assignment?.revoked(partition);
    this.#ports.journal.release(partition);
  }

  #deliver(partition: number, records: readonly FetchedRecord[]): void {
    if (this.#owned.get(partition)?.isReady !== true) return;
    const delivered = records.map(
      ({ offset, key, value }): LogRecord => ({ partition, offset, key: key?.toString('utf8') ?? '', value: value ?? Buffer.alloc(0) }),
    );
    this.#assignment?.deliver(partition, delivered);
  }

  #outOfRange(partition: number, asked: number, first: number, end: number): number {
    if (asked < first) {
      this.#ports.gap(partition, asked, first);
      return first;
    }
    // Behind the end: the topic was made anew, or an unclean leader lost its tail. What comes next is new.
    this.#ports.warn('the events topic ends before the position that the journal names; was it made anew?', { partition, asked, end });
    return end;
  }

  #commitSoon(): void {
    this.#cancelCommit ??= this.#ports.clock.after(COMMIT_EVERY_MS, () => {
      this.#cancelCommit = undefined;
      void this.#commitNow();
    });
  }

  /** A failed commit loses nothing: the journal decides where a restore begins, the commit only says where it may. */
  async #commitNow(): Promise<void> {
    const due = [...this.#owned].filter(([, { isReady, next, committed }]) => isReady && next !== committed);
    const commits = due.map(([partition, { next, begin }]) => ({ partition, offset: next, metadata: metadataOf(begin) }));
    try {
      await this.#membership.commit(commits);
      for (const [index, [, owned]] of due.entries()) owned.committed = commits[index]?.offset ?? -1;
    } catch (error) {
      this.#ports.warn('committing offsets failed; tried again with the next', { err: asError(error) });
    }
  }

  #after(ms: number): { over: Promise<void>; cancel: () => void } {
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      cancel = this.#ports.clock.after(ms, resolve);
    });
    return { over, cancel };
  }
}

function beginOf(metadata: string | undefined): number | undefined {
  try {
    const { begin } = JSON.parse(metadata ?? '') as { begin?: unknown };
    return typeof begin === 'number' ? begin : undefined;
  } catch {
    return undefined;
  }
}
