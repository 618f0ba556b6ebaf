import { expect, test } from '@jest/globals';
import { type ReplayMark, writeDeadLetter, type writeMark } from '#runtime/log/kafka/dead-letter.js';
import { DeadLetters } from '#runtime/log/kafka/dead-letters.js';
import type { FetchedRecord } from '#runtime/log/kafka/internals.js';

const MARK: ReplayMark = { at: '2026-01-01T00:00:00Z', by: 'ann', why: 'mended', count: 1, events: ['a'] };
const KEPT = 20_000;

/** One partition of dlq in memory, and who reads it. */
function topic() {
  const records: FetchedRecord[] = [];
  /** From where each reading began. */
  const reads: number[] = [];
  const put = ({ key, value, headers }: ReturnType<typeof writeMark>): number =>
    records.push({ offset: records.length, timestampMs: records.length, key, value, headers });
  const open = (): DeadLetters =>
    new DeadLetters({
      topic: 't',
      partitions: 1,
      reader: {
        async read(_at, from, take, to = records.length) {
          const first = typeof from === 'function' ? from(0, records.length) : (from ?? 0);
          reads.push(first);
          for (const record of records.slice(first, to)) take(record);
          return Math.min(to, records.length);
        },
      },
      flusher: { send: async ({ build }) => put(build() as ReturnType<typeof writeMark>) },
    });
  const bury = (offset: number, value = 'x'): number =>
    put(
      writeDeadLetter({ raw: { partition: 0, offset, timestampMs: 7 }, reason: 'R', detail: 'd', headers: {}, value: Buffer.from(value) }),
    );
  return { open, bury, put, reads };
}

test('what was read is not read again, and what comes is seen', async () => {
  const { open, bury, reads } = topic();
  const letters = open();
  bury(1);
  expect((await letters.rows()).map(({ id }) => id)).toEqual(['0/1/7']);
  bury(0, 'later');
  expect((await letters.rows()).map(({ id }) => id)).toEqual(['0/0/7', '0/1/7']);
  expect(reads).toEqual([0, 1]);
  expect((await letters.read('0/0/7'))?.value.toString()).toBe('later');
  expect(await letters.read('0/9/7')).toBeUndefined();
});

test('a mark is known to every process; a letter that is written again behind it stays marked', async () => {
  const { open, bury } = topic();
  bury(1);
  const one = open();
  await one.rows();
  await one.mark('0/1/7', MARK);
  bury(1);
  for (const letters of [one, open()]) expect(await letters.rows()).toMatchObject([{ id: '0/1/7', replayed: MARK }]);
});

test('of very many the newest are known, and records of others in the topic harm nothing', async () => {
  const { open, bury, put } = topic();
  put({ key: Buffer.from('stranger'), value: Buffer.from('{'), headers: { 'x-replayed': 'yes' } });
  put({ key: Buffer.from('stranger'), value: Buffer.from('{'), headers: {} });
  const letters = open();
  for (let offset = 0; offset < KEPT / 2; offset += 1) bury(offset);
  await letters.rows();
  for (let offset = KEPT / 2; offset < KEPT + 5; offset += 1) bury(offset);
  expect([(await letters.rows()).length, (await letters.rows())[0]?.id]).toEqual([KEPT, '0/5/7']);
  expect([(await open().rows()).length, (await open().rows())[0]?.id]).toEqual([KEPT, '0/5/7']);
});
