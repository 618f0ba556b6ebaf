import type { Kafka } from 'kafkajs';
import type { Clock } from '../../clock.js';
import type { Flusher } from './flusher.js';
import type { KafkaJournal } from './kafka-journal.js';
import type { MembershipOptions } from './membership.js';
import type { PartitionReader } from './read-partition.js';

export interface KafkaLogPorts {
  readonly kafka: Kafka;
  readonly clock: Clock;
  readonly flusher: Pick<Flusher, 'send'>;
  readonly journal: KafkaJournal;
  readonly reader: PartitionReader;
  /** Something that is tried again; told for the log. */
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Events that were deleted before anybody decided about them: retention was shorter than the outage. */
  gap(partition: number, from: number, to: number): void;
}

export interface KafkaLogOptions extends MembershipOptions {
  readonly journalTopic: string;
  readonly partitions: number;
  /** How long a rebalance waits for effects under way before the partitions may move. */
  readonly drainMs: number;
}
