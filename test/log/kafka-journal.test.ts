import { expect, test } from '@jest/globals';
import type { JournalEntry } from '#runtime/journal/journal.js';
import { JournalFold } from '#runtime/log/kafka/journal-fold.js';
import { decodeRecord, encodeRecord, entriesToText, type JournalRecord } from '#runtime/log/kafka/journal-record.js';
import { KafkaJournal } from '#runtime/log/kafka/kafka-journal.js';
import { MemoryArea, MemoryAreas } from '#test/simulation/memory-areas.js';

/** One partition of a journal topic. What is sent while it refuses arrives late: behind the next record. */
class Topic {
  readonly records: Buffer[] = [];
  readonly late: Buffer[] = [];
  isRefusing = false;

  journal(): KafkaJournal {
    return new KafkaJournal({
      topic: 'journal',
      partitions: 1,
      areas: new MemoryAreas(),
      flusher: {
        send: async ({ build }) => {
          const { value } = build();
          if (this.isRefusing) {
            this.late.push(value);
            throw new Error('the acknowledgement is lost');
          }
          const offset = this.records.push(value) - 1;
          this.records.push(...this.late.splice(0));
          return offset;
        },
      },
      read: async (_partition, from, take) => {
        for (let offset = from ?? 0; offset < this.records.length; offset += 1)
          take(offset, decodeRecord(this.records[offset] ?? Buffer.alloc(0)));
        return this.records.length;
      },
      checkpointed: () => undefined,
      late: () => undefined,
      fenced: () => undefined,
    });
  }

  append(record: JournalRecord): number {
    return this.records.push(encodeRecord(record)) - 1;
  }

  arriveLate(): void {
    this.records.push(...this.late.splice(0));
  }
}

const ours = (): boolean => true;
const put = (key: string, value: JournalEntry['value']): JournalEntry[] => [{ key, value }];
const value = async (topic: Topic, key: string, from?: number): Promise<unknown> => {
  const journal = topic.journal();
  await journal.takeOver(0, 99, from, ours);
  return journal.get(0, key);
};

test('behind a put that was refused nothing is written until the partition is taken over anew', async () => {
  const topic = new Topic();
  const journal = topic.journal();
  await journal.takeOver(0, 1, undefined, ours);
  topic.isRefusing = true;
  await expect(journal.put(0, put('a', 1))).rejects.toThrow('the acknowledgement is lost');
  topic.isRefusing = false;
  // It counts on what the first put said, which may not be there.
  await expect(journal.put(0, put('b', 2))).rejects.toThrow('the acknowledgement is lost');
  expect(await value(topic, 'b')).toBeUndefined();
  journal.release(0);
  await journal.takeOver(0, 1, undefined, ours);
  await journal.put(0, put('b', 3));
  expect(await value(topic, 'b')).toBe(3);
});

test('what comes late of a take-over that failed does not count as part of the next', async () => {
  const topic = new Topic();
  const journal = topic.journal();
  topic.append({ epoch: { counter: 1, generation: 1 }, kind: 'begin', partitions: 1 });
  topic.append({ epoch: { counter: 1, generation: 1 }, kind: 'put', text: entriesToText(put('k', 'old')) });
  topic.append({ epoch: { counter: 1, generation: 1 }, kind: 'complete', begin: 0 });
  topic.isRefusing = true;
  await expect(journal.takeOver(0, 2, undefined, ours)).rejects.toThrow('the acknowledgement is lost');
  topic.isRefusing = false;
  await journal.takeOver(0, 2, undefined, ours);
  await journal.put(0, put('k', 'new'));
  expect(await value(topic, 'k')).toBe('new');
});

test('who has been replaced by the time all is read writes nothing', async () => {
  const topic = new Topic();
  await expect(topic.journal().takeOver(0, 1, undefined, () => false)).rejects.toMatchObject({ code: 'NOT_DURABLE' });
  expect(topic.records).toEqual([]);
});

test('a hint that leads to a checkpoint which came too late to count is not believed', async () => {
  const topic = new Topic();
  const owner = topic.journal();
  await owner.takeOver(0, 2, undefined, ours);
  await owner.put(0, put('k', 'first'));
  const early = { counter: 1, generation: 1 };
  const begin = topic.append({ epoch: early, kind: 'begin', partitions: 1 });
  topic.append({ epoch: early, kind: 'complete', begin });
  await owner.put(0, put('l', 'second'));
  expect(await value(topic, 'k', begin)).toBe('first');
});

test('a checkpoint that begins behind that of a later owner neither counts nor hides it', () => {
  const fold = new JournalFold({ open: () => new MemoryArea() });
  const [former, later] = [
    { counter: 2, generation: 1 },
    { counter: 2, generation: 2 },
  ];
  const records: JournalRecord[] = [
    { epoch: later, kind: 'begin', partitions: 1 },
    { epoch: former, kind: 'begin', partitions: 1 },
    { epoch: former, kind: 'put', text: entriesToText(put('k', 'former')) },
    { epoch: former, kind: 'complete', begin: 1 },
    { epoch: later, kind: 'complete', begin: 0 },
    { epoch: later, kind: 'put', text: entriesToText(put('k', 'later')) },
  ];
  for (const [offset, record] of records.entries()) fold.apply(offset, record);
  expect(fold.current?.epoch).toEqual(later);
  expect(fold.current?.area.get('k')).toBe('later');
});
