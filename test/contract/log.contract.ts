import { describe, expect, test } from '@jest/globals';
import type { Assignment } from '#runtime/log/log.js';
import { until } from '#test/support/processes.js';
import { all, consume, kept, type LogUnderTest, NO_ASSIGNMENT, numbers, Opened, type OpenLog, record, texts } from './log-under-test.js';

/** limits.event, and some envelope. */
const LARGEST = 940_000;

/** Every Log passes this, together with its Journal. */
export function testLogContract(name: string, open: OpenLog): void {
  describe(`${name} keeps the contract of Log`, () => {
    const opened = new Opened(open);

    test('appends get rising offsets, and are read back in both directions', async () => {
      const one = await opened.start();
      const { log } = one;
      const first = await log.append([record('a', '1'), record('b', '2')]);
      const second = await log.append([record('a', '3')]);
      expect([...first, ...second].map(({ offset }) => offset)).toEqual([0, 1, 2]);
      const reader = await one.reader();
      expect(await reader.end(0)).toBe(3);
      expect((await reader.readBackwards(0, undefined, 2)).map(({ offset }) => offset)).toEqual([2, 1]);
      expect(texts(await reader.readBackwards(0, 2, 10))).toEqual(['2', '1']);
      expect((await kept(log)).map(({ key }) => key)).toEqual(['a', 'b', 'a']);
      expect(await reader.read({ partition: 0, offset: 7 })).toBeUndefined();
    });

    test('appends made at the same time keep their order, and each is whole', async () => {
      const { log } = await opened.start();
      const done = await Promise.all(numbers(0, 40).map((one) => log.append([record('k', `${one}a`), record('k', `${one}b`)])));
      expect(done.flat().map(({ offset }) => offset)).toEqual(numbers(0, 80));
      expect(texts(await kept(log))).toEqual(numbers(0, 40).flatMap((one) => [`${one}a`, `${one}b`]));
    });

    test('all records of one key are in one partition, in order; positions come in the order of the request', async () => {
      const one = await opened.start(3);
      const { log } = one;
      expect(log.partitions).toBe(3);
      const keys = numbers(0, 12).map((one) => `key-${one}`);
      const sent = numbers(0, 20).flatMap((round) => keys.map((key) => record(key, `${key} ${round}`)));
      const positions = await log.append(sent);
      expect(new Set(positions.map(({ partition }) => partition)).size).toBe(3);
      const reader = await one.reader();
      for (const [index, { partition, offset }] of positions.entries()) {
        expect(partition).toBe(log.partitionOf(sent[index]?.key ?? ''));
        expect((await reader.read({ partition, offset }))?.value.toString()).toBe(sent[index]?.value.toString());
      }
      const got = await consume(log, 0, sent.length);
      for (const key of keys) expect(texts(got.filter((one) => one.key === key))).toEqual(numbers(0, 20).map((round) => `${key} ${round}`));
    });

    test('a consumer gets every record once, in order, from the offset it asked for', async () => {
      const { log } = await opened.start();
      await log.append(numbers(0, 1_500).map((index) => record(`k${index % 7}`, String(index))));
      const got = await consume(log, 5, 1_500 - 5);
      expect(got.map(({ offset }) => offset)).toEqual(numbers(5, 1_500));
      expect(got.every(({ offset, value }) => value.toString() === String(offset))).toBe(true);
    });

    test('what is appended while it is consumed is delivered too, and nothing twice', async () => {
      const { log } = await opened.start();
      await log.append([record('k', '0')]);
      const got = consume(log, 0, 300);
      for (let next = 1; next < 300; next += 3)
        await log.append(numbers(next, Math.min(next + 3, 300)).map((one) => record('k', String(one))));
      expect(texts(await got)).toEqual(numbers(0, 300).map(String));
    });

    test('a commit is a hint: who asks for older records gets them, also after a restart', async () => {
      const first = await opened.start();
      await first.log.append(numbers(0, 10).map((one) => record('k', String(one))));
      await first.log.commit(0, 8);
      const second = await opened.again(first);
      expect((await consume(second.log, 3, 7)).map(({ offset }) => offset)).toEqual(numbers(3, 10));
    });

    test('a paused partition delivers nothing until it is resumed', async () => {
      const { log } = await opened.start();
      const got: number[] = [];
      let resolve: () => void = () => undefined;
      const done = new Promise<void>((settle) => {
        resolve = settle;
      });
      log.pause(0);
      await log.consume({
        ...NO_ASSIGNMENT,
        assigned: async () => 0,
        deliver(_partition, records) {
          got.push(...records.map(({ offset }) => offset));
          if (got.length === 2) resolve();
        },
      });
      await log.append([record('a', '1'), record('a', '2')]);
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
      expect(got).toEqual([]);
      log.resume(0);
      await done;
      expect(got).toEqual([0, 1]);
    });

    test('trimmed records are gone and their offsets are not given again, also after a restart', async () => {
      const first = await opened.start();
      if (first.trimmable === undefined) return;
      await first.log.append([record('a', '1'), record('a', '2')]);
      await first.trimmable.trim(0, 2);
      expect(await first.trimmable.oldest(0, 10)).toEqual([]);
      expect(await first.trimmable.read({ partition: 0, offset: 1 })).toBeUndefined();
      const second = await opened.again(first);
      expect(await second.log.end(0)).toBe(2);
      expect((await second.log.append([record('a', '3')]))[0]?.offset).toBe(2);
      expect(texts(await kept(second.log))).toEqual(['3']);
    });

    test('reading goes on page by page up to what was trimmed, in both directions', async () => {
      const log = (await opened.start(2)).trimmable;
      if (log === undefined) return;
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

    test('values of the largest size, and ten thousand entries in one put, survive a restart', async () => {
      const first = await opened.start();
      await first.own();
      const big = 'x'.repeat(LARGEST);
      const sent = Buffer.alloc(LARGEST, 'y');
      await first.journal.put(0, [{ key: 'big', value: big }]);
      await first.log.append([{ key: 'k', value: sent }, record('k', 'small'), { key: 'k', value: sent }]);
      await first.journal.put(
        0,
        numbers(0, 10_000).map((index) => ({ key: `e/${String(index).padStart(5, '0')}`, value: index })),
      );
      const second = await opened.again(first);
      const { journal, log } = second;
      await second.own();
      expect((await journal.get(0, 'big')) === big).toBe(true);
      const read = await kept(log);
      expect(read.map(({ value }) => value.length)).toEqual([LARGEST, 5, LARGEST]);
      expect(read[0]?.value.equals(sent)).toBe(true);
      expect((await all(journal, 'e/')).length).toBe(10_000);
      expect(await journal.get(0, 'e/09999')).toBe(9_999);
    });

    test('two logs at once know nothing of each other', async () => {
      const one = await opened.start();
      const other = await opened.start(2);
      await Promise.all([one.own(), other.own()]);
      await Promise.all([one.log.append([record('k', 'one')]), one.journal.put(0, [{ key: 'k', value: 'one' }])]);
      expect(await kept(other.log, other.log.partitionOf('k'))).toEqual([]);
      expect(await other.journal.get(0, 'k')).toBeUndefined();
      await opened.close(other);
      await one.log.append([record('k', 'two')]);
      expect(texts(await kept(one.log))).toEqual(['one', 'two']);
    });

    test('closing waits for writes under way, takes the partitions away from their consumer first, and refuses what comes later', async () => {
      const one = await opened.start(2);
      const calls: string[] = [];
      const assignment: Assignment = {
        ...NO_ASSIGNMENT,
        assigned: async () => 0,
        deliver: () => undefined,
        // Its last words still count.
        revoked: async (partition) => {
          await one.journal.put(partition, [{ key: 'last', value: partition }]);
          calls.push(`revoked ${partition}`);
        },
      };
      await one.log.consume(assignment);
      await until('both partitions', async () => ([0, 1].every((partition) => one.log.mayStart(partition)) ? true : undefined));
      const put = one.journal.put(0, [{ key: 'k', value: 'kept' }]);
      const append = one.log.append([record('k', 'kept')]);
      const next = await opened.again(one);
      await Promise.all([put, append]);
      expect(calls.sort()).toEqual(['revoked 0', 'revoked 1']);
      await expect(one.journal.put(0, [{ key: 'k', value: 'late' }])).rejects.toMatchObject({ code: 'STOPPING' });
      await expect(one.log.append([record('k', 'late')])).rejects.toMatchObject({ code: 'STOPPING' });
      await next.own();
      expect(await next.journal.get(0, 'k')).toBe('kept');
      expect(await next.journal.get(1, 'last')).toBe(1);
      expect(texts(await kept(next.log, next.log.partitionOf('k')))).toEqual(['kept']);
    });

    test('a damaged entry is named and read as absent, a damaged record is named and delivered as such; their neighbours are whole', async () => {
      const first = await opened.start();
      if (first.reopenDamaged === undefined) return;
      await first.log.append(numbers(0, 5).map((one) => record('k', String(one))));
      await first.journal.put(
        0,
        ['p/1', 'p/2', 'p/3'].map((key) => ({ key, value: key })),
      );
      const { log, journal } = await opened.again(first, () =>
        (first.reopenDamaged as NonNullable<LogUnderTest['reopenDamaged']>)('p/2', 3),
      );
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
