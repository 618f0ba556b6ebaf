import { describe, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { all, type LogUnderTest, numbers, Opened, type OpenLog } from './log-under-test.js';

/** Its partitions may be written to, also after a restart. */
async function owned(one: LogUnderTest): Promise<LogUnderTest> {
  await one.own();
  return { ...one, reopen: async () => owned(await one.reopen()) };
}

/** Every Journal passes this. */
export function testJournalContract(name: string, open: OpenLog): void {
  describe(`${name} keeps the contract of Journal`, () => {
    const opened = new Opened(async (partitions) => owned(await open(partitions)));

    test('what was put is there after a restart; what was removed is not', async () => {
      const first = await opened.start();
      await first.journal.put(0, [
        { key: 'a/1', value: { x: [1, 'two', null] } },
        { key: 'a/2', value: 2 },
      ]);
      await first.journal.put(0, [
        { key: 'a/2', value: undefined },
        { key: 'b', value: null },
      ]);
      const { journal } = await opened.again(first);
      expect(await journal.get(0, 'a/1')).toEqual({ x: [1, 'two', null] });
      expect(await journal.get(0, 'a/2')).toBeUndefined();
      expect(await journal.get(0, 'b')).toBeNull();
    });

    test('a value is taken as it is when it is put', async () => {
      const { journal } = await opened.start();
      const value: { [key: string]: Json } = { n: 1 };
      const put = journal.put(0, [{ key: 'k', value }]);
      value.n = 2;
      await put;
      expect(await journal.get(0, 'k')).toEqual({ n: 1 });
    });

    test('puts of one partition take effect in call order', async () => {
      const { journal } = await opened.start();
      await Promise.all(numbers(0, 50).map((value) => journal.put(0, [{ key: 'k', value }])));
      expect(await journal.get(0, 'k')).toBe(49);
    });

    test('within one put the last entry of a key wins, be it a value or a removal', async () => {
      const { journal } = await opened.start();
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
      const { journal } = await opened.start(3);
      for (const partition of [0, 1, 2]) await journal.put(partition, [{ key: 'k', value: partition }]);
      await journal.put(1, [{ key: 'k', value: undefined }]);
      expect(await Promise.all([0, 1, 2].map((partition) => journal.get(partition, 'k')))).toEqual([0, undefined, 2]);
      await journal.put(2, [{ key: '\u{10ffff}', value: 1 }]);
      expect(await Promise.all([0, 1, 2].map((partition) => all(journal, '', {}, partition)))).toEqual([['k'], [], ['k', '\u{10ffff}']]);
    });

    test('ranges are in byte order, complete beyond a page, with after and limit', async () => {
      const { journal } = await opened.start();
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
      const { journal } = await opened.start();
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
      const { journal } = await opened.start();
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
  });
}
