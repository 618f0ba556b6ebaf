import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import { asError } from '../../errors.js';
import { writeDeadLetter } from './dead-letter.js';
import { Fetcher } from './fetcher.js';
import type { Flusher } from './flusher.js';
import type { FetchedRecord } from './internals.js';
import { Membership, type MembershipOptions } from './membership.js';
import { UNREADABLE_BATCH } from './unreadable-batch.js';

/** A record of `raw` as it came. */
export interface RawRecord {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly value: Buffer;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What becomes of it: events for the events topic, or a reason why it cannot be read. */
export type RawVerdict =
  | { readonly events: readonly { key: string; value: Buffer; headers?: Readonly<Record<string, string>> }[] }
  | { readonly reason: string; readonly detail: string };

export interface RawPorts {
  readonly kafka: Kafka;
  readonly clock: Clock;
  readonly flusher: Pick<Flusher, 'send'>;
  append(records: readonly { key: string; value: Buffer; headers?: Readonly<Record<string, string>> }[]): Promise<unknown>;
  /** Pure, and never throws. */
  decode(record: RawRecord): RawVerdict;
  /** False: intake is paused (too many unfinished runs in this process). */
  hasRoom(): boolean;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface RawOptions extends MembershipOptions {
  readonly dlqTopic: string;
}

/** Law: records = split + dlq, for each partition, since its group began. */
export interface RawTotals {
  readonly records: number;
  readonly split: number;
  readonly dlq: number;
  /** Events made of the split ones. */
  readonly events: number;
}

/** Of one turn. A record can become many times its size: each of its events carries the facts of its group. */
const BATCH = { count: 200, bytes: 1_048_576 };
/** Of one partition, above which fetching pauses. */
const QUEUE = { count: 2_000, bytes: 8_388_608 };
const RETRY_MS = 1_000;
const ROOM_CHECK_MS = 500;

/** Durable, and not committed yet: a commit that fails is tried again without another copy of each dead letter. */
interface Carried {
  readonly batch: readonly FetchedRecord[];
  readonly totals: RawTotals;
}

interface Lane {
  queue: FetchedRecord[];
  totals: RawTotals;
  carried: Carried | undefined;
  isWorking: boolean;
  isPaused: boolean;
}

/**
 * Reads `raw`, and writes one event a message to `events`.
 *
 * Delivery guarantees: a record's offset is committed after all its events, or its entry in `dlq`, are durable, so none is lost; what is read again after a
 * crash gives the same event ids, and the owner of the events recognises them. A record that cannot be read holds nobody up. The totals travel in the
 * commit's metadata.
 */
export class RawConsumer {
  readonly #ports: RawPorts;
  readonly #options: RawOptions;
  readonly #membership: Membership;
  readonly #fetcher: Fetcher;
  readonly #lanes = new Map<number, Lane>();
  #isStopped = false;
  /** A rebalance waits: no batch begins. */
  #isHeld = false;

  constructor(options: RawOptions, ports: RawPorts) {
    this.#ports = ports;
    this.#options = options;
    this.#membership = new Membership(ports.kafka, options, {
      clock: ports.clock,
      rebalancing: () => this.#quiet(),
      assigned: (partitions) => this.#assigned(partitions),
      lost: () => this.#assigned([]),
      failed: (error) => ports.warn('the group of the raw topic does not answer; tried again', { err: error }),
    });
    this.#fetcher = new Fetcher(
      ports.kafka,
      {
        clock: ports.clock,
        records: ({ partition }, records) => this.#take(partition, records),
        outOfRange: ({ partition }, asked, first, end) => {
          ports.warn('records of the raw topic were deleted before they were read', { partition, asked, first });
          return asked < first ? first : end;
        },
        failed: (error) => ports.warn('reading the raw topic failed; tried again', { err: error }),
      },
      { maxWaitMs: 250, maxPartitionBytes: 2_097_152, toleratesUnreadable: true },
    );
  }

  start(): void {
    this.#membership.start();
  }

  totals(): ReadonlyMap<number, RawTotals> {
    return new Map([...this.#lanes].map(([partition, { totals }]) => [partition, totals]));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#quiet();
    await this.#membership.stop();
    await this.#fetcher.close();
  }

  #assigned(partitions: readonly number[]): void {
    for (const partition of [...this.#lanes.keys()]) {
      if (partitions.includes(partition)) continue;
      this.#lanes.delete(partition);
      this.#fetcher.drop({ topic: this.#options.topic, partition });
    }
    this.#isHeld = false;
    for (const partition of partitions) {
      const lane = this.#lanes.get(partition);
      if (lane === undefined) this.#begin(partition);
      else this.#look(partition, lane);
    }
  }

  #begin(partition: number): void {
    const lane: Lane = {
      queue: [],
      totals: { records: 0, split: 0, dlq: 0, events: 0 },
      carried: undefined,
      isWorking: false,
      isPaused: false,
    };
    this.#lanes.set(partition, lane);
    this.#membership.committed(partition).then(
      (committed) => {
        if (this.#lanes.get(partition) !== lane) return;
        lane.totals = totalsOf(committed?.metadata);
        this.#fetcher.read({ topic: this.#options.topic, partition }, committed?.offset ?? 0);
      },
      (error: unknown) => {
        this.#ports.warn('the committed offset of the raw topic cannot be read; tried again', { partition, err: asError(error) });
        this.#ports.clock.after(RETRY_MS, () => {
          if (this.#lanes.get(partition) === lane && !this.#isStopped) this.#begin(partition);
        });
      },
    );
  }

  #take(partition: number, records: readonly FetchedRecord[]): void {
    const lane = this.#lanes.get(partition);
    if (lane === undefined) return;
    lane.queue.push(...records);
    if (isOver(lane.queue, QUEUE)) this.#pause(partition, lane, true);
    this.#look(partition, lane);
  }

  #look(partition: number, lane: Lane): void {
    if (!lane.isWorking && !this.#isHeld) void this.#work(partition, lane);
  }

  async #work(partition: number, lane: Lane): Promise<void> {
    lane.isWorking = true;
    while (lane.queue.length > 0 && !this.#isHeld && !this.#isStopped && this.#lanes.get(partition) === lane) {
      if (!this.#ports.hasRoom()) {
        await this.#after(ROOM_CHECK_MS);
        continue;
      }
      try {
        lane.carried ??= await this.#carry(partition, firstOf(lane.queue), lane.totals);
        if (this.#lanes.get(partition) !== lane) break;
        const { batch, totals } = lane.carried;
        const next = (batch.at(-1)?.offset ?? 0) + 1;
        await this.#membership.commit([{ partition, offset: next, metadata: JSON.stringify(totals) }]);
        lane.totals = totals;
        lane.queue.splice(0, batch.length);
        lane.carried = undefined;
      } catch (error) {
        // The same ids again: what had been appended is recognised as a duplicate.
        this.#ports.warn('records of the raw topic could not be carried over; tried again', { partition, err: asError(error) });
        await this.#after(RETRY_MS);
      }
      if (lane.isPaused && !isOver(lane.queue, { count: QUEUE.count / 2, bytes: QUEUE.bytes / 2 })) this.#pause(partition, lane, false);
    }
    lane.isWorking = false;
  }

  async #carry(partition: number, batch: readonly FetchedRecord[], before: RawTotals): Promise<Carried> {
    const writes: Promise<unknown>[] = [];
    let { split, dlq, events } = before;
    for (const { offset, timestampMs, value, headers } of batch) {
      const record: RawRecord = { partition, offset, timestampMs, value: value ?? Buffer.alloc(0), headers: lowerCase(headers) };
      const unreadable = record.headers[UNREADABLE_BATCH];
      const verdict = unreadable === undefined ? this.#ports.decode(record) : { reason: 'BODY_NOT_INFLATABLE', detail: unreadable };
      if ('events' in verdict) {
        writes.push(this.#ports.append(verdict.events));
        split += 1;
        events += verdict.events.length;
      } else {
        writes.push(this.#bury(record, headers, verdict.reason, verdict.detail));
        dlq += 1;
      }
    }
    const results = await Promise.allSettled(writes);
    for (const result of results) if (result.status === 'rejected') throw asError(result.reason);
    return { batch, totals: { records: before.records + batch.length, split, dlq, events } };
  }

  /** Kept as it came, with what is wrong and where it was. */
  #bury(record: RawRecord, headers: Readonly<Record<string, string>>, reason: string, detail: string): Promise<number> {
    const { partition, offset, value } = record;
    this.#ports.warn('a record of the raw topic cannot be read; it is kept in the dead-letter topic', {
      partition,
      offset,
      reason,
      detail,
    });
    return this.#ports.flusher.send({
      topic: this.#options.dlqTopic,
      partition,
      build: () => writeDeadLetter({ raw: record, reason, detail, headers, value }),
    });
  }

  #pause(partition: number, lane: Lane, isPaused: boolean): void {
    lane.isPaused = isPaused;
    this.#fetcher.pause({ topic: this.#options.topic, partition }, isPaused);
  }

  /** Resolves when the batches under way are over; nothing new begins before the next assignment. */
  async #quiet(): Promise<void> {
    this.#isHeld = true;
    const patienceMs = this.#ports.clock.nowMs() + this.#options.sessionTimeoutMs / 2;
    while ([...this.#lanes.values()].some(({ isWorking }) => isWorking) && this.#ports.clock.nowMs() < patienceMs) await this.#after(10);
  }

  #after(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#ports.clock.after(ms, resolve));
  }
}

const bytesOf = ({ value }: FetchedRecord): number => value?.length ?? 0;

function isOver(queue: readonly FetchedRecord[], { count, bytes }: typeof QUEUE): boolean {
  return queue.length > count || queue.reduce((sum, record) => sum + bytesOf(record), 0) > bytes;
}

/** As many as go together, at least one. */
function firstOf(queue: readonly FetchedRecord[]): readonly FetchedRecord[] {
  let bytes = 0;
  const end = queue.findIndex((record, index) => {
    bytes += bytesOf(record);
    return index >= BATCH.count || (index > 0 && bytes > BATCH.bytes);
  });
  return end < 0 ? queue.slice() : queue.slice(0, end);
}

export const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

function totalsOf(metadata: string | undefined): RawTotals {
  const read = (): Partial<Record<keyof RawTotals, unknown>> => {
    try {
      return JSON.parse(metadata ?? '') as Partial<Record<keyof RawTotals, unknown>>;
    } catch {
      return {};
    }
  };
  const given = read();
  const number = (value: unknown): number => (typeof value === 'number' && Number.isSafeInteger(value) ? value : 0);
  return { records: number(given.records), split: number(given.split), dlq: number(given.dlq), events: number(given.events) };
}
