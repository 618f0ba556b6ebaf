import type { Clock } from '../../clock.js';
import { type ConnectPorts, connectKafka, type KafkaSettings } from './connect.js';
import { Flusher } from './flusher.js';
import { decodeRecord } from './journal-record.js';
import { KafkaJournal } from './kafka-journal.js';
import { KafkaLog } from './kafka-log.js';
import { PartitionReader } from './read-partition.js';
import { ScratchStore } from './scratch-store.js';

export interface KafkaOptions {
  readonly settings: KafkaSettings;
  readonly prefix: string;
  readonly group: string;
  /** Of the events and journal topics, as they are. */
  readonly partitions: number;
  readonly sessionTimeoutMs: number;
  /** Parent of the scratch folder. Default: the system's temporary folder. */
  readonly scratchDir?: string;
}

export interface KafkaPorts extends ConnectPorts {
  readonly clock: Clock;
  gap(partition: number, from: number, to: number): void;
}

/** How long a rebalance waits for effects under way. */
const DRAIN_MS = 5_000;
const REBALANCE_TIMEOUT_MS = 30_000;
const HEARTBEAT_MS = 1_000;

export interface OpenKafka {
  readonly log: KafkaLog;
  readonly journal: KafkaJournal;
  close(): Promise<void>;
}

/** Log and journal of one member of the group. The topics are there. */
export function openKafka(options: KafkaOptions, ports: KafkaPorts): OpenKafka {
  const { prefix, partitions } = options;
  const kafka = connectKafka(options.settings, ports);
  const flusher = new Flusher(kafka);
  const scratch = new ScratchStore(options.scratchDir);
  const reader = new PartitionReader(kafka, (ms) => new Promise((resolve) => void ports.clock.after(ms, resolve)));
  const journal = new KafkaJournal({
    topic: `${prefix}.journal`,
    partitions,
    flusher,
    scratch,
    read: (partition, from, take) =>
      reader.read({ topic: `${prefix}.journal`, partition }, from, ({ offset, value }) =>
        take(offset, value === null ? undefined : decodeRecord(value)),
      ),
    checkpointed: (partition, begin) => log.checkpointed(partition, begin),
  });
  const log: KafkaLog = new KafkaLog(
    {
      partitions,
      topic: `${prefix}.events`,
      groupId: options.group,
      sessionTimeoutMs: options.sessionTimeoutMs,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      heartbeatMs: Math.min(HEARTBEAT_MS, options.sessionTimeoutMs / 6),
      drainMs: DRAIN_MS,
    },
    { kafka, clock: ports.clock, flusher, journal, warn: (message, fields) => ports.log('warn', message, fields), gap: ports.gap },
  );
  return {
    log,
    journal,
    async close() {
      await log.close();
      await flusher.close();
      await reader.close();
      await scratch.close();
    },
  };
}
