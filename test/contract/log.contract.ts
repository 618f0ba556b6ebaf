import { afterEach, describe, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import type { Journal } from '#runtime/journal/journal.js';
import type { Assignment, Log, LogRecord } from '#runtime/log/log.js';

export interface LogUnderTest {
  readonly log: Log;
  readonly journal: Journal;
  /** Closes and opens the same store again. */
  reopen(): Promise<LogUnderTest>;
  /** Closes, alters the stored bytes of one journal entry and of one record (partition 0), and opens again. Where bytes can be altered. */
  reopenDamaged?(key: string, offset: number): Promise<LogUnderTest>;
  close(): Promise<void>;
}

const MEBIBYTE = 1_048_576;

const record = (key: string, text: string): { key: string; value: Buffer } => ({ key, value: Buffer.from(text) });
const texts = (records: readonly LogRecord[]): string[] => records.map(({ value }) => value.toString());
const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

async function all(journal: Journal, prefix: string, options: { after?: string; limit?: number } = {}, partition = 0): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of journal.range(partition, prefix, options)) keys.push(key);
  return keys;
}

/** Delivered records of a fresh consumer from `from` in every partition, until `count` have come. */
async function consume(log: Log, from: number, count: number): Promise<LogRecord[]> {
  const got: LogRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    log
      .consume({
        assigned: async () => from,
        deliver(partition, records) {
          for (const one of records) expect(one.partition).toBe(partition);
          got.push(...records);
          if (got.length >= count) resolve();
        },
        revoked: async () => undefined,
      })
      .catch(reject);
  });
  return got;
}

/** Every Log and Journal passes this; `open` gives a fresh, empty one. */
export function testLogContract(name: string, open: (partitions: number) => Promise<LogUnderTest>): void {
  describe(`${name} keeps the contract of Log and Journal`, () => {
    const opened: LogUnderTest[] = [];
    const start = async (partitions = 1): Promise<LogUnderTest> => {
      const one = await open(partitions);
      opened.push(one);
      return one;
    };
    const again = async (one: LogUnderTest, reopen: () => Promise<LogUnderTest> = () => one.reopen()): Promise<LogUnderTest> => {
      opened.splice(opened.indexOf(one), 1);
      const next = await reopen();
      opened.push(next);
      return next;
    };
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });

    test('appends get rising offsets, and are read back in both directions', async () => {
      const { log } = await start();
      const first = await log.append([record('a', '1'), record('b', '2')]);
      const second = await log.append([record('a', '3')]);
      expect([...first, ...second].map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(await log.end(0)).toBe(3);
      expect((await log.readBackwards(0, undefined, 2)).map(({ offset }) => offset)).toEqual([2, 1]);
      expect(texts(await log.readBackwards(0, 2, 10))).toEqual(['2', '1']);
      expect((await log.oldest(0, 2)).map(({ key }) => key)).toEqual(['a', 'b']);
      expect(await log.read({ partition: 0, offset: 7 })).toBeUndefined();
    });

    test('appends made at the same time keep their order, and each is whole', async () => {
      const { log } = await start();
      const done = await Promise.all(numbers(0, 40).map((one) => log.append([record('k', `${one}a`), record('k', `${one}b`)])));
      expect(done.flat().map(({ offset }) => offset)).toEqual(numbers(0, 80));
      expect(texts(await log.oldest(0, 100))).toEqual(numbers(0, 40).flatMap((one) => [`${one}a`, `${one}b`]));
    });

    test('all records of one key are in one partition, in order; positions come in the order of the request', async () => {
      const { log } = await start(3);
      expect(log.partitions).toBe(3);
      const keys = numbers(0, 12).map((one) => `key-${one}`);
      const sent = numbers(0, 20).flatMap((round) => keys.map((key) => record(key, `${key} ${round}`)));
      const positions = await log.append(sent);
      expect(new Set(positions.map(({ partition }) => partition)).size).toBe(3);
      for (const [index, { partition, offset }] of positions.entries()) {
        expect(partition).toBe(log.partitionOf(sent[index]?.key ?? ''));
        expect((await log.read({ partition, offset }))?.value.toString()).toBe(sent[index]?.value.toString());
      }
      const got = await consume(log, 0, sent.length);
      for (const key of keys) expect(texts(got.filter((one) => one.key === key))).toEqual(numbers(0, 20).map((round) => `${key} ${round}`));
    });

    test('a consumer gets every record once, in order, from the offset it asked for', async () => {
      const { log } = await start();
      await log.append(numbers(0, 1_500).map((index) => record(`k${index % 7}`, String(index))));
      const got = await consume(log, 5, 1_500 - 5);
      expect(got.map(({ offset }) => offset)).toEqual(numbers(5, 1_500));
      expect(got.every(({ offset, value }) => value.toString() === String(offset))).toBe(true);
    });

    test('what is appended while it is consumed is delivered too, and nothing twice', async () => {
      const { log } = await start();
      await log.append([record('k', '0')]);
      const got = consume(log, 0, 300);
      for (let next = 1; next < 300; next += 3)
        await log.append(numbers(next, Math.min(next + 3, 300)).map((one) => record('k', String(one))));
      expect(texts(await got)).toEqual(numbers(0, 300).map(String));
    });

    test('a commit is a hint: who asks for older records gets them, also after a restart', async () => {
      const first = await start();
      await first.log.append(numbers(0, 10).map((one) => record('k', String(one))));
      await first.log.commit(0, 8);
      const second = await again(first);
      expect((await consume(second.log, 3, 7)).map(({ offset }) => offset)).toEqual(numbers(3, 10));
    });

    test('a paused partition delivers nothing until it is resumed', async () => {
      const { log } = await start();
      const got: number[] = [];
      let resolve: () => void = () => undefined;
      const done = new Promise<void>((settle) => {
        resolve = settle;
      });
      log.pause(0);
      await log.consume({
        assigned: async () => 0,
        deliver(_partition, records) {
          got.push(...records.map(({ offset }) => offset));
          if (got.length === 2) resolve();
        },
        revoked: async () => undefined,
      });
      await log.append([record('a', '1'), record('a', '2')]);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(got).toEqual([]);
      log.resume(0);
      await done;
      expect(got).toEqual([0, 1]);
    });

    test('trimmed records are gone and their offsets are not given again, also after a restart', async () => {
      const first = await start();
      await first.log.append([record('a', '1'), record('a', '2')]);
      await first.log.trim(0, 2);
      expect(await first.log.oldest(0, 10)).toEqual([]);
      expect(await first.log.read({ partition: 0, offset: 1 })).toBeUndefined();
      const second = await again(first);
      expect(await second.log.end(0)).toBe(2);
      expect((await second.log.append([record('a', '3')]))[0]?.offset).toBe(2);
      expect(texts(await second.log.readBackwards(0, undefined, 10))).toEqual(['3']);
    });

    test('reading goes on page by page up to what was trimmed, in both directions', async () => {
      const { log } = await start(2);
      const key = ['a', 'b', 'c', 'd', 'e', 'f'].find((one) => log.partitionOf(one) === 1) ?? '';
      await log.append(numbers(0, 2_500).map((one) => record(key, String(one))));
      await log.trim(1, 1_100);
      await log.trim(1, 700);
      const seen: number[] = [];
      for (let before: number | undefined; ; ) {
        const page = await log.readBackwards(1, before, 300);
        if (page.length === 0) break;
        seen.push(...page.map(({ offset }) => offset));
        before = page.at(-1)?.offset;
      }
      expect(seen).toEqual(numbers(1_100, 2_500).reverse());
      expect((await log.oldest(1, 3)).map(({ offset }) => offset)).toEqual([1_100, 1_101, 1_102]);
      expect((await consume(log, 500, 1_400)).map(({ offset }) => offset)).toEqual(numbers(1_100, 2_500));
      expect(await log.oldest(0, 10)).toEqual([]);
    });

    test('what was put is there after a restart; what was removed is not', async () => {
      const first = await start();
      await first.journal.put(0, [
        { key: 'a/1', value: { x: [1, 'two', null] } },
        { key: 'a/2', value: 2 },
      ]);
      await first.journal.put(0, [
        { key: 'a/2', value: undefined },
        { key: 'b', value: null },
      ]);
      const { journal } = await again(first);
      expect(await journal.get(0, 'a/1')).toEqual({ x: [1, 'two', null] });
      expect(await journal.get(0, 'a/2')).toBeUndefined();
      expect(await journal.get(0, 'b')).toBeNull();
    });

    test('a value is taken as it is when it is put', async () => {
      const { journal } = await start();
      const value: { [key: string]: Json } = { n: 1 };
      const put = journal.put(0, [{ key: 'k', value }]);
      value.n = 2;
      await put;
      expect(await journal.get(0, 'k')).toEqual({ n: 1 });
    });

    test('puts of one partition take effect in call order', async () => {
      const { journal } = await start();
      await Promise.all(numbers(0, 50).map((value) => journal.put(0, [{ key: 'k', value }])));
      expect(await journal.get(0, 'k')).toBe(49);
    });

    test('within one put the last entry of a key wins, be it a value or a removal', async () => {
      const { journal } = await start();
      await journal.put(0, [
        { key: 'stays', value: 1 },
        { key: 'stays', value: undefined },
        { key: 'stays', value: 2 },
        { key: 'goes', value: 1 },
        { key: 'goes', value: undefined },
      ]);
      expect(await journal.get(0, 'stays')).toBe(2);
      expect(await journal.get(0, 'goes')).toBeUndefined();
      expect(await all(journal, '')).toEqual(['stays']);
    });

    test('partitions are apart: the same key has a value in each, and a range sees its own', async () => {
      const { journal } = await start(3);
      for (const partition of [0, 1, 2]) await journal.put(partition, [{ key: 'k', value: partition }]);
      await journal.put(1, [{ key: 'k', value: undefined }]);
      expect(await Promise.all([0, 1, 2].map((partition) => journal.get(partition, 'k')))).toEqual([0, undefined, 2]);
      await journal.put(2, [{ key: '\u{10ffff}', value: 1 }]);
      expect(await Promise.all([0, 1, 2].map((partition) => all(journal, '', {}, partition)))).toEqual([['k'], [], ['k', '\u{10ffff}']]);
    });

    test('ranges are in byte order, complete beyond a page, with after and limit', async () => {
      const { journal } = await start();
      const keys = numbers(0, 2_300).map((index) => `p/${String(index).padStart(5, '0')}`);
      await journal.put(
        0,
        [...keys, 'o/9', 'q', 'p'].map((key) => ({ key, value: 1 })),
      );
      expect(await all(journal, 'p/')).toEqual(keys);
      expect(await all(journal, 'p/', { after: 'p/02297', limit: 1 })).toEqual(['p/02298']);
      expect(await all(journal, 'p/', { after: 'p/00099', limit: 1_500 })).toEqual(keys.slice(100, 1_600));
      expect(await all(journal, 'x')).toEqual([]);
    });

    test('a range that is read while others put gives each standing key once, in order', async () => {
      const { journal } = await start();
      const keys = numbers(0, 2_200).map((index) => `p/${String(index).padStart(5, '0')}`);
      await journal.put(
        0,
        keys.map((key) => ({ key, value: 1 })),
      );
      const seen: string[] = [];
      const puts: Promise<void>[] = [];
      for await (const { key } of journal.range(0, 'p/')) {
        seen.push(key);
        if (seen.length % 100 === 0)
          puts.push(
            journal.put(0, [
              { key: `${key}+`, value: 1 },
              { key: `a/${seen.length}`, value: 1 },
              { key, value: 2 },
            ]),
          );
        if (seen.length % 700 === 0) await Promise.all(puts);
      }
      await Promise.all(puts);
      expect(seen.filter((key) => !key.endsWith('+'))).toEqual(keys);
      expect([...seen].sort()).toEqual(seen);
    });

    test('keys may be long, empty of ASCII, or hold NUL; they stay apart', async () => {
      const { journal } = await start();
      const long = `n/${'é'.repeat(1_500)}`;
      const keys = [long, `${long}x`, 'n/a\u0000b', 'n/\u{1F600}', 'n/\uffee', 'n/a'];
      await journal.put(
        0,
        keys.map((key, index) => ({ key, value: index })),
      );
      for (const [index, key] of keys.entries()) expect(await journal.get(0, key)).toBe(index);
      expect((await all(journal, 'n/')).sort()).toEqual([...keys].sort());
      // Bytes of UTF-8, not JavaScript's UTF-16: the emoji is behind U+FFEE.
      expect((await all(journal, 'n/')).slice(-2)).toEqual(['n/\uffee', 'n/\u{1F600}']);
      expect((await all(journal, long)).sort()).toEqual([long, `${long}x`]);
      expect(await all(journal, `${long}x`)).toEqual([`${long}x`]);
    });

    test('values of a mebibyte, and ten thousand entries in one put, survive a restart', async () => {
      const first = await start();
      const big = 'x'.repeat(MEBIBYTE);
      const sent = Buffer.alloc(MEBIBYTE, 'y');
      await first.journal.put(0, [{ key: 'big', value: big }]);
      await first.log.append([{ key: 'k', value: sent }, record('k', 'small'), { key: 'k', value: sent }]);
      await first.journal.put(
        0,
        numbers(0, 10_000).map((index) => ({ key: `e/${String(index).padStart(5, '0')}`, value: index })),
      );
      const { journal, log } = await again(first);
      expect((await journal.get(0, 'big')) === big).toBe(true);
      const read = await log.oldest(0, 3);
      expect(read.map(({ value }) => value.length)).toEqual([MEBIBYTE, 5, MEBIBYTE]);
      expect(read[0]?.value.equals(sent)).toBe(true);
      expect((await all(journal, 'e/')).length).toBe(10_000);
      expect(await journal.get(0, 'e/09999')).toBe(9_999);
    });

    test('two logs at once know nothing of each other', async () => {
      const one = await start();
      const other = await start(2);
      await Promise.all([one.log.append([record('k', 'one')]), one.journal.put(0, [{ key: 'k', value: 'one' }])]);
      expect(await other.log.end(other.log.partitionOf('k'))).toBe(0);
      expect(await other.journal.get(0, 'k')).toBeUndefined();
      opened.splice(opened.indexOf(other), 1);
      await other.close();
      await one.log.append([record('k', 'two')]);
      expect(texts(await one.log.oldest(0, 5))).toEqual(['one', 'two']);
    });

    test('closing waits for writes under way, takes the partitions away from their consumer first, and refuses what comes later', async () => {
      const one = await start(2);
      const calls: string[] = [];
      const assignment: Assignment = {
        assigned: async () => 0,
        deliver: () => undefined,
        // Its last words still count.
        revoked: async (partition) => {
          await one.journal.put(partition, [{ key: 'last', value: partition }]);
          calls.push(`revoked ${partition}`);
        },
      };
      await one.log.consume(assignment);
      const put = one.journal.put(0, [{ key: 'k', value: 'kept' }]);
      const append = one.log.append([record('k', 'kept')]);
      const next = await again(one);
      await Promise.all([put, append]);
      expect(calls.sort()).toEqual(['revoked 0', 'revoked 1']);
      await expect(one.journal.put(0, [{ key: 'k', value: 'late' }])).rejects.toMatchObject({ code: 'STOPPING' });
      await expect(one.log.append([record('k', 'late')])).rejects.toMatchObject({ code: 'STOPPING' });
      expect(await next.journal.get(0, 'k')).toBe('kept');
      expect(await next.journal.get(1, 'last')).toBe(1);
      expect(texts(await next.log.oldest(next.log.partitionOf('k'), 5))).toEqual(['kept']);
    });

    test('a damaged entry is named and read as absent, a damaged record is named and delivered as such; their neighbours are whole', async () => {
      const first = await start();
      if (first.reopenDamaged === undefined) return;
      await first.log.append(numbers(0, 5).map((one) => record('k', String(one))));
      await first.journal.put(
        0,
        ['p/1', 'p/2', 'p/3'].map((key) => ({ key, value: key })),
      );
      const { log, journal } = await again(first, () => (first.reopenDamaged as NonNullable<LogUnderTest['reopenDamaged']>)('p/2', 3));
      const damages: unknown[] = [];
      journal.onDamaged((damage) => void damages.push(damage));
      expect(await all(journal, 'p/', { limit: 2 })).toEqual(['p/1', 'p/3']);
      expect(await journal.get(0, 'p/2')).toBeUndefined();
      const got = await consume(log, 0, 5);
      expect(texts(got)).toEqual(['0', '1', '2', '', '4']);
      expect(got.map(({ isDamaged = false }) => isDamaged)).toEqual([false, false, false, true, false]);
      expect(damages).toEqual([
        { partition: 0, key: 'p/2', store: 'journal' },
        { partition: 0, key: '3', store: 'events' },
      ]);
      const late: unknown[] = [];
      journal.onDamaged((damage) => void late.push(damage));
      expect(late).toEqual(damages);
      await journal.put(0, [{ key: 'p/2', value: 'anew' }]);
      expect(await journal.get(0, 'p/2')).toBe('anew');
    });
  });
}
