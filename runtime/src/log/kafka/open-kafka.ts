import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import { DeadLetters } from './dead-letters.js';
import { Flusher } from './flusher.js';
import { decodeRecord } from './journal-record.js';
import { trimJournal } from './journal-trim.js';
import { KafkaJournal } from './kafka-journal.js';
import { KafkaLog } from './kafka-log.js';
import type { LiveAreas } from './live-area.js';
import { PartitionReader } from './read-partition.js';
import { ScratchStore } from './scratch-store.js';

export interface KafkaOptions {
  readonly prefix: string;
  readonly group: string;
  /** Of the events and journal topics, as they are. */
  readonly partitions: number;
  /** Of the dlq topic, as they are. */
  readonly dlqPartitions: number;
  readonly sessionTimeoutMs: number;
  /** Parent of the scratch folder. Default: the system's temporary folder. */
  readonly scratchDir?: string | undefined;
  /** Default: 1 s, and a sixth of the session time-out at most. */
  readonly heartbeatMs?: number;
}

export interface KafkaPorts {
  readonly kafka: Kafka;
  readonly clock: Clock;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Events that were deleted before anybody decided about them. */
  gap(partition: number, from: number, to: number): void;
  /** Where the live state is kept. Default: a scratch store in `scratchDir`. */
  readonly areas?: LiveAreas;
}

/** How long a rebalance waits for effects under way. */
const DRAIN_MS = 5_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 1_000;

export interface OpenKafka {
  readonly log: KafkaLog;
  readonly journal: KafkaJournal;
  readonly flusher: Flusher;
  readonly letters: DeadLetters;
  /** For every group of this process. */
  readonly membership: { readonly sessionTimeoutMs: number; readonly rebalanceTimeoutMs: number; readonly heartbeatMs: number };
  /** Cuts the journal off before this instant, ms since the epoch, as far as no restore needs it. */
  trimJournal(beforeMs: number): Promise<void>;
  close(): Promise<void>;
}

/** Log and journal of one member of the group. The topics are there. */
export function openKafka(
  options: KafkaOptions,
  { kafka, clock, warn, gap, areas = new ScratchStore(options.scratchDir) }: KafkaPorts,
): OpenKafka {
  const { prefix, partitions, sessionTimeoutMs } = options;
  const journalTopic = `${prefix}.journal`;
  const flusher = new Flusher(kafka);
  const reader = new PartitionReader(kafka, (ms) => new Promise((resolve) => void clock.after(ms, resolve)));
  const journal = new KafkaJournal({
    topic: journalTopic,
    partitions,
    flusher,
    areas,
    read: (partition, from, take) =>
      reader.read({ topic: journalTopic, partition }, from, ({ offset, value }) =>
        take(offset, value === null ? undefined : decodeRecord(value)),
      ),
    checkpointed: (partition, begin) => log.checkpointed(partition, begin),
    late: (partition, facts) => log.late(partition, facts),
    // The group will say so too, unless another group works on the same topics.
    fenced: (partition, by) =>
      log.giveUp(partition, new Error(`a later owner (epoch ${by.counter}.${by.generation}) writes to its journal`), sessionTimeoutMs),
  });
  const membership = {
    sessionTimeoutMs,
    // Never out of the group before the session is over: the lease counts on that.
    rebalanceTimeoutMs: Math.max(REBALANCE_TIMEOUT_MS, sessionTimeoutMs),
    heartbeatMs: options.heartbeatMs ?? Math.min(HEARTBEAT_MS, sessionTimeoutMs / 6),
  };
  const log: KafkaLog = new KafkaLog(
    { ...membership, partitions, topic: `${prefix}.events`, journalTopic, groupId: options.group, drainMs: DRAIN_MS },
    { kafka, clock, flusher, journal, reader, warn, gap },
  );
  // Connections of its own: a scan of dlq must not hold a restore up. They are made when it is first asked for.
  const letterReader = new PartitionReader(kafka, (ms) => new Promise((resolve) => void clock.after(ms, resolve)));
  return {
    log,
    journal,
    flusher,
    letters: new DeadLetters({ topic: `${prefix}.dlq`, partitions: options.dlqPartitions, reader: letterReader, flusher }),
    membership,
    trimJournal: (beforeMs) => trimJournal({ kafka, topic: journalTopic, begins: () => journal.begins(), warn }, beforeMs),
    async close() {
      await log.close();
      journal.close();
      await flusher.close();
      await reader.close();
      await letterReader.close();
      await areas.close();
    },
  };
}
