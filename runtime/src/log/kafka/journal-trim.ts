import type { Admin, Kafka } from 'kafkajs';
import { asError } from '../../errors.js';
import { withAdmin } from './topics.js';

export interface JournalTrimPorts {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Owned partitions, with the offset before which their restore needs nothing. */
  begins(): readonly { readonly partition: number; readonly begin: number }[];
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
}

/**
 * Cuts off what neither a restore nor a question needs: what is before the last checkpoint and older than `beforeMs`. Nobody else deletes from the journal.
 * A failure is told and costs disk space only; without the right to delete records the topic grows for ever.
 */
export async function trimJournal({ kafka, topic, begins, warn }: JournalTrimPorts, beforeMs: number): Promise<void> {
  const owned = begins();
  if (owned.length === 0) return;
  try {
    await withAdmin(kafka, async (admin) => {
      const partitions = await cuts(admin, topic, owned, beforeMs);
      if (partitions.length > 0) await admin.deleteTopicRecords({ topic, partitions });
    });
  } catch (error) {
    warn('the journal topic could not be cut off; it grows until that works (its owners need the right to delete records)', {
      topic,
      err: asError(error),
    });
  }
}

async function cuts(
  admin: Admin,
  topic: string,
  owned: readonly { readonly partition: number; readonly begin: number }[],
  beforeMs: number,
): Promise<{ partition: number; offset: string }[]> {
  const young = new Map(
    (await admin.fetchTopicOffsetsByTimestamp(topic, beforeMs)).map(({ partition, offset }) => [partition, Number(offset)]),
  );
  const first = new Map((await admin.fetchTopicOffsets(topic)).map(({ partition, low }) => [partition, Number(low)]));
  return owned.flatMap(({ partition, begin }) => {
    const offset = Math.min(begin, young.get(partition) ?? 0);
    return offset > (first.get(partition) ?? 0) ? [{ partition, offset: String(offset) }] : [];
  });
}
