import { asError } from '../../errors.js';
import type { LateFact } from '../../journal/late-facts.js';
import type { Assignment, Log, LogRecord, Outgoing, Position } from '../log.js';
import { partitionOfKey } from '../partition-of-key.js';
import { Fetcher } from './fetcher.js';
import type { FetchedRecord } from './internals.js';
import type { KafkaLogOptions, KafkaLogPorts } from './kafka-log-ports.js';
import { Membership } from './membership.js';
import { beginOf, OffsetCommits } from './offset-commits.js';

const TAKE_OVER_RETRY_MS = 1_000;
const MAX_PARTITION_BYTES = 1_048_576;

/** One stay of a partition with this process. */
interface Owned {
  isReady: boolean;
  /** Something was not begun because the lease was old. */
  isHeldBack: boolean;
}

/**
 * The events topic of a Kafka cluster, consumed by the members of one group.
 *
 * Delivery guarantees: as log.ts says. A partition is delivered only by the member that owns it, from the position its journal names; committed offsets are a
 * hint for people and for the lag, fenced by the group's generation. No effect begins while the lease is old or the group is rebalancing (`mayStart`).
 */
export class KafkaLog implements Log {
  readonly partitions: number;
  readonly #ports: KafkaLogPorts;
  readonly #options: KafkaLogOptions;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  readonly #commits: OffsetCommits;
  readonly #owned = new Map<number, Owned>();
  readonly #releasing = new Map<number, Promise<void>>();
  readonly #ends = new Map<number, number>();
  #assignment: Assignment | undefined;
  #assigned: readonly number[] = [];
  #isRebalancing = true;
  #generation = -1;
  #isStopping = false;
  /** Take-overs run one after the other: each reads and writes as fast as it can. */
  #takingOver: Promise<void> = Promise.resolve();

  constructor(options: KafkaLogOptions, ports: KafkaLogPorts) {
    this.partitions = options.partitions;
    this.#options = options;
    this.#ports = ports;
    this.#membership = new Membership(ports.kafka, options, {
      clock: ports.clock,
      rebalancing: () => this.#drain(),
      assigned: (partitions, generation) => this.#take(partitions, generation),
      alive: () => this.#wakeHeldBack(),
      lost: (reason) => this.#lose(reason),
      failed: (error) => ports.warn('the consumer group does not answer; tried again', { err: error }),
    });
    this.#commits = new OffsetCommits({
      clock: ports.clock,
      commit: (commits) => this.#membership.commit(commits),
      failed: (error) => ports.warn('committing offsets failed; tried again with the next', { err: error }),
    });
    this.#fetcher = new Fetcher(
      ports.kafka,
      {
        clock: ports.clock,
        records: ({ topic, partition }, records) =>
          topic === options.topic ? this.#deliver(partition, records) : this.#watch(partition, records),
        end: ({ topic, partition }, end) => void (topic === options.topic && this.#ends.set(partition, end)),
        outOfRange: ({ topic, partition }, asked, first, end) =>
          topic === options.topic ? this.#outOfRange(partition, asked, first, end) : Math.max(asked, first),
        failed: (error) => ports.warn('reading events failed; tried again', { err: error }),
      },
      { maxWaitMs: 250, maxPartitionBytes: MAX_PARTITION_BYTES },
    );
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  async append(records: readonly Outgoing[]): Promise<Position[]> {
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
    const owned = this.#owned.get(partition);
    if (this.#isRebalancing || owned?.isReady !== true) return false;
    owned.isHeldBack = this.#isLeaseOld;
    return !owned.isHeldBack;
  }

  get #isLeaseOld(): boolean {
    return this.#membership.leaseAgeMs >= this.#options.sessionTimeoutMs / 2;
  }

  pause(partition: number): void {
    this.#fetcher.pause({ topic: this.#options.topic, partition }, true);
  }

  resume(partition: number): void {
    this.#fetcher.pause({ topic: this.#options.topic, partition }, false);
  }

  async commit(partition: number, nextOffset: number): Promise<void> {
    if (this.#owned.has(partition)) this.#commits.next(partition, nextOffset);
  }

  /** As the last answer of its leader said. */
  async end(partition: number): Promise<number> {
    return this.#ends.get(partition) ?? 0;
  }

  async *records(partition: number): AsyncIterable<LogRecord> {
    const at = { topic: this.#options.topic, partition };
    const found: LogRecord[] = [];
    await this.#ports.reader.read(at, undefined, (record) => void found.push(asLogRecord(partition, record)));
    yield* found;
  }

  /** Told by the journal: a restore may begin at this offset of its topic. */
  checkpointed(partition: number, begin: number): void {
    this.#commits.begin(partition, begin);
  }

  /** Told by the journal: what an earlier owner did after it had been replaced. */
  late(partition: number, facts: readonly LateFact[]): void {
    if (this.#owned.get(partition)?.isReady === true) this.#assignment?.late(partition, facts);
  }

  /** The owner cannot go on with the partition as it is: it is released, and taken over anew while the group says that it is ours. */
  giveUp(partition: number, error: Error, againMs: number = TAKE_OVER_RETRY_MS): void {
    if (!this.#owned.has(partition)) return;
    this.#ports.warn('a partition is given up, and taken over anew', { partition, err: error });
    void this.#release(partition);
    this.#ports.clock.after(againMs, () => {
      if (this.#assigned.includes(partition) && !this.#owned.has(partition) && !this.#isStopping) this.#takeOver(partition);
    });
  }

  /** Why this member does not do its work, for readiness; undefined: it does. */
  problem(): string | undefined {
    if (this.#assignment === undefined) return undefined;
    const { leaseAgeMs } = this.#membership;
    if (leaseAgeMs === Number.POSITIVE_INFINITY) return 'not in the consumer group yet';
    if (leaseAgeMs > this.#options.sessionTimeoutMs) return `the consumer group has not answered for ${Math.round(leaseAgeMs / 1_000)} s`;
    const restoring = this.#assigned.filter((partition) => this.#owned.get(partition)?.isReady !== true);
    return restoring.length === 0 ? undefined : `taking over partitions ${restoring.join(', ')}`;
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    await this.#drain();
    await this.#membership.stop();
    await Promise.all([...this.#owned.keys()].map((partition) => this.#release(partition)));
    await Promise.all(this.#releasing.values());
    await this.#fetcher.close();
    this.#commits.stop();
  }

  /** Nothing begins any more; what is under way has `drainMs` to end; all that is decided is committed. */
  async #drain(): Promise<void> {
    this.#isRebalancing = true;
    const assignment = this.#assignment;
    const quiet = Promise.all([...this.#owned].map(([partition, { isReady }]) => (isReady ? assignment?.quiet(partition) : undefined)));
    const patience = this.#after(this.#options.drainMs);
    await Promise.race([quiet, patience.over]);
    patience.cancel();
    await this.#commits.flush();
  }

  #take(partitions: readonly number[], generation: number): void {
    // In a generation that we missed somebody else may have owned, and written, what is ours again: we know nothing of it.
    const isNext = generation === this.#generation + 1;
    this.#generation = generation;
    this.#assigned = partitions;
    this.#isRebalancing = false;
    for (const partition of [...this.#owned.keys()]) if (!isNext || !partitions.includes(partition)) void this.#release(partition);
    for (const partition of partitions) {
      if (this.#owned.get(partition)?.isReady === true) this.#assignment?.wake(partition);
      else if (!this.#owned.has(partition)) this.#takeOver(partition);
    }
  }

  /** The brokers were silent for a while and know us still: nobody else says that what was held back may begin. */
  #wakeHeldBack(): void {
    for (const [partition, { isHeldBack }] of this.#owned) if (isHeldBack && this.mayStart(partition)) this.#assignment?.wake(partition);
  }

  #lose(reason: string): void {
    this.#ports.warn('the partitions were given to others', { reason, partitions: [...this.#owned.keys()] });
    this.#assigned = [];
    for (const partition of [...this.#owned.keys()]) void this.#release(partition);
  }

  #takeOver(partition: number): void {
    const owned: Owned = { isReady: false, isHeldBack: false };
    this.#owned.set(partition, owned);
    const isCurrent = (): boolean => this.#owned.get(partition) === owned && !this.#isStopping;
    this.#takingOver = this.#takingOver.then(async () => {
      while (isCurrent()) {
        try {
          // A call of an earlier stay may be under way: its outcome is written first.
          await this.#releasing.get(partition);
          const committed = await this.#membership.committed(partition);
          const isOurs = (): boolean => isCurrent() && !this.#isRebalancing && !this.#isLeaseOld;
          const { readTo, begin } = await this.#ports.journal.takeOver(partition, this.#generation, beginOf(committed?.metadata), isOurs);
          if (!isCurrent()) return this.#ports.journal.release(partition);
          this.checkpointed(partition, begin);
          const next = await this.#assignment?.assigned(partition);
          if (next === undefined) return;
          owned.isReady = true;
          // Released while it was restored: that waited for nothing, since it was not ready.
          if (!isCurrent()) return await this.#end(partition);
          this.#fetcher.read({ topic: this.#options.journalTopic, partition }, readTo);
          this.#fetcher.read({ topic: this.#options.topic, partition }, next);
          this.#assignment?.wake(partition);
          return;
        } catch (error) {
          this.#ports.journal.release(partition);
          this.#ports.warn('taking a partition over failed; tried again', { partition, err: asError(error) });
          await this.#after(TAKE_OVER_RETRY_MS).over;
        }
      }
    });
  }

  #release(partition: number): Promise<void> {
    const owned = this.#owned.get(partition);
    this.#owned.delete(partition);
    this.#commits.forget(partition);
    const { topic, journalTopic } = this.#options;
    for (const name of [topic, journalTopic]) this.#fetcher.drop({ topic: name, partition });
    if (owned?.isReady !== true) return Promise.resolve();
    const released = this.#end(partition).finally(() => this.#releasing.delete(partition));
    this.#releasing.set(partition, released);
    return released;
  }

  async #end(partition: number): Promise<void> {
    await this.#assignment?.revoked(partition);
    this.#ports.journal.release(partition);
  }

  #deliver(partition: number, records: readonly FetchedRecord[]): void {
    if (this.#owned.get(partition)?.isReady !== true) return;
    this.#assignment?.deliver(
      partition,
      records.map((record) => asLogRecord(partition, record)),
    );
  }

  #watch(partition: number, records: readonly FetchedRecord[]): void {
    for (const { value } of records) if (value !== null) this.#ports.journal.observe(partition, value);
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

  #after(ms: number): { over: Promise<void>; cancel: () => void } {
    let cancel = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      cancel = this.#ports.clock.after(ms, resolve);
    });
    return { over, cancel };
  }
}

function asLogRecord(partition: number, { offset, key, value }: FetchedRecord): LogRecord {
  return { partition, offset, key: key?.toString('utf8') ?? '', value: value ?? Buffer.alloc(0) };
}
