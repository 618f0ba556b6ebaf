import { afterEach, describe, expect, test } from '@jest/globals';
import type { Journal } from '#runtime/journal/journal.js';
import type { Log, LogRecord } from '#runtime/log/log.js';

export interface LogUnderTest {
  readonly log: Log;
  readonly journal: Journal;
  /** Closes and opens the same store again. */
  reopen(): Promise<LogUnderTest>;
  close(): Promise<void>;
}

const record = (key: string, text: string): { key: string; value: Buffer } => ({ key, value: Buffer.from(text) });

async function all(journal: Journal, prefix: string, options: { after?: string; limit?: number } = {}): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of journal.range(0, prefix, options)) keys.push(key);
  return keys;
}

/** Delivered records of a fresh consumer from `from`, until `count` have come. */
async function consume(log: Log, from: number, count: number): Promise<LogRecord[]> {
  const got: LogRecord[] = [];
  await new Promise<void>((resolve, reject) => {
    log
      .consume({
        assigned: async () => from,
        deliver(_partition, records) {
          got.push(...records);
          if (got.length >= count) resolve();
        },
        revoked: async () => undefined,
      })
      .catch(reject);
  });
  return got;
}

/** Every Log and Journal passes this; `open` gives a fresh, empty one with one partition. */
export function testLogContract(name: string, open: () => Promise<LogUnderTest>): void {
  describe(`${name} keeps the contract of Log and Journal`, () => {
    let opened: LogUnderTest | undefined;
    const start = async (): Promise<LogUnderTest> => {
      opened = await open();
      return opened;
    };
    afterEach(async () => {
      await opened?.close();
      opened = undefined;
    });

    test('appends get rising offsets, and are read back in both directions', async () => {
      const { log } = await start();
      const first = await log.append([record('a', '1'), record('b', '2')]);
      const second = await log.append([record('a', '3')]);
      expect([...first, ...second].map(({ offset }) => offset)).toEqual([0, 1, 2]);
      expect(await log.end(0)).toBe(3);
      expect((await log.readBackwards(0, undefined, 2)).map(({ offset }) => offset)).toEqual([2, 1]);
      expect((await log.readBackwards(0, 2, 10)).map(({ value }) => value.toString())).toEqual(['2', '1']);
      expect((await log.oldest(0, 2)).map(({ key }) => key)).toEqual(['a', 'b']);
      expect(await log.read({ partition: 0, offset: 7 })).toBeUndefined();
    });

    test('a consumer gets every record once, in order, from the offset it asked for', async () => {
      const { log } = await start();
      await log.append(Array.from({ length: 1_500 }, (_, index) => record(`k${index % 7}`, String(index))));
      const got = await consume(log, 5, 1_500 - 5);
      expect(got.map(({ offset }) => offset)).toEqual(Array.from({ length: 1_495 }, (_, index) => index + 5));
      expect(got.every(({ offset, value }) => value.toString() === String(offset))).toBe(true);
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
      opened = await first.reopen();
      expect((await opened.log.append([record('a', '3')]))[0]?.offset).toBe(2);
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
      opened = await first.reopen();
      expect(await opened.journal.get(0, 'a/1')).toEqual({ x: [1, 'two', null] });
      expect(await opened.journal.get(0, 'a/2')).toBeUndefined();
      expect(await opened.journal.get(0, 'b')).toBeNull();
    });

    test('puts of one partition take effect in call order', async () => {
      const { journal } = await start();
      await Promise.all(Array.from({ length: 50 }, (_, index) => journal.put(0, [{ key: 'k', value: index }])));
      expect(await journal.get(0, 'k')).toBe(49);
    });

    test('ranges are in byte order, complete beyond a page, with after and limit', async () => {
      const { journal } = await start();
      const keys = Array.from({ length: 2_300 }, (_, index) => `p/${String(index).padStart(5, '0')}`);
      await journal.put(
        0,
        [...keys, 'o/9', 'q', 'p'].map((key) => ({ key, value: 1 })),
      );
      expect(await all(journal, 'p/')).toEqual(keys);
      expect(await all(journal, 'p/', { after: 'p/02297', limit: 1 })).toEqual(['p/02298']);
    });

    test('keys may be long, empty of ASCII, or hold NUL; they stay apart', async () => {
      const { journal } = await start();
      const keys = [`n/${'é'.repeat(1_500)}`, `n/${'é'.repeat(1_500)}x`, 'n/a\u0000b', 'n/\u{1F600}', 'n/a'];
      await journal.put(
        0,
        keys.map((key, index) => ({ key, value: index })),
      );
      for (const [index, key] of keys.entries()) expect(await journal.get(0, key)).toBe(index);
      expect((await all(journal, 'n/')).sort()).toEqual([...keys].sort());
    });

    test('closing takes the partition away from its consumer first', async () => {
      const { log, close } = await start();
      const calls: string[] = [];
      await log.consume({
        assigned: async () => 0,
        deliver: () => undefined,
        revoked: async (partition) => void calls.push(`revoked ${partition}`),
      });
      opened = undefined;
      await close();
      expect(calls).toEqual(['revoked 0']);
    });
  });
}
