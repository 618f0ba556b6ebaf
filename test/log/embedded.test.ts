import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { systemClock } from '#runtime/clock.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { type LogUnderTest, testLogContract } from '#test/contract/log.contract.js';

const folders: string[] = [];
const open: EmbeddedLog[] = [];
afterEach(async () => {
  for (const log of open.splice(0)) await log.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'sre-router-log-'));
  folders.push(dir);
  return dir;
}

function opened(dir: string): EmbeddedLog {
  const log = openEmbedded({ dir, clock: systemClock });
  open.push(log);
  return log;
}

const close = async (log: EmbeddedLog): Promise<void> => {
  open.splice(open.indexOf(log), 1);
  await log.close();
};

function underTest(dir: string): LogUnderTest {
  const log = openEmbedded({ dir, clock: systemClock });
  return {
    log,
    journal: log,
    close: () => log.close(),
    async reopen() {
      await log.close();
      return underTest(dir);
    },
  };
}

testLogContract('embedded', async () => underTest(folder()));

test('a second log on the folder is refused with the process that holds it, and is welcome when that is closed', async () => {
  const dir = folder();
  const first = opened(dir);
  expect(() => openEmbedded({ dir, clock: systemClock })).toThrow(
    expect.objectContaining({ code: 'LOG_LOCKED', message: expect.stringContaining(`process ${process.pid}`) }),
  );
  await close(first);
  expect(await opened(dir).end(0)).toBe(0);
});

test('the lock of a process that is dead is taken over at once, of another host only when it is stale', async () => {
  const dir = folder();
  const lock = join(dir, 'router.lock');
  writeFileSync(lock, JSON.stringify({ pid: 2 ** 22 - 1, host: hostname(), born: 'x', since: 'then' }));
  await close(opened(dir));
  writeFileSync(lock, JSON.stringify({ pid: 1, host: 'elsewhere', born: '', since: 'then' }));
  expect(() => openEmbedded({ dir, clock: systemClock })).toThrow(
    expect.objectContaining({ code: 'LOG_LOCKED', message: expect.stringContaining('elsewhere') }),
  );
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(lock, longAgo, longAgo);
  await close(opened(dir));
});

test('another partition count is refused: moving a key would split its order', async () => {
  const dir = folder();
  await close(opened(dir));
  expect(() => openEmbedded({ dir, clock: systemClock, partitions: 2 })).toThrow(expect.objectContaining({ code: 'LOG_FORMAT' }));
});

test.each(['events', 'journal'] as const)(
  'an altered value in %s is named, set aside and read as absent; its neighbours are untouched',
  async (store) => {
    const dir = folder();
    const first = opened(dir);
    await first.append([
      { key: 'k', value: Buffer.from('zero') },
      { key: 'k', value: Buffer.from('one') },
    ]);
    await first.put(0, [
      { key: 'a', value: 'zero' },
      { key: 'b', value: 'one' },
    ]);
    await close(first);
    const raw = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
    const db = raw.openDB<Buffer, Buffer>(store, { encoding: 'binary', keyEncoding: 'binary' });
    const [entry] = [...db.getRange({ limit: 1 })];
    if (entry === undefined) throw new Error('nothing stored');
    const altered = Buffer.from(entry.value);
    altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
    await db.put(entry.key, altered);
    await raw.close();
    const again = opened(dir);
    const damages: unknown[] = [];
    again.onDamaged((damage) => void damages.push(damage));
    if (store === 'events') {
      expect((await again.oldest(0, 5)).map(({ value }) => value.toString())).toEqual(['one']);
      expect(damages).toEqual([{ partition: 0, key: '0', store }]);
    } else {
      expect(await again.get(0, 'a')).toBeUndefined();
      expect(await again.get(0, 'b')).toBe('one');
      expect(damages).toEqual([{ partition: 0, key: 'a', store }]);
    }
    await close(again);
    const after = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
    expect([...after.openDB('damaged', { encoding: 'binary' }).getKeys()]).toHaveLength(1);
    await after.close();
  },
);

test('kill -9 loses nothing that was acknowledged, and every put is whole', async () => {
  for (let round = 0; round < 3; round += 1) {
    const dir = folder();
    const child = spawn(process.execPath, [new URL('../dist/log/writer.js', import.meta.url).pathname, dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = -1;
    let rest = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) acknowledged = Math.max(acknowledged, Number(line));
      if (acknowledged > 200 * (round + 1)) child.kill('SIGKILL');
    });
    await once(child, 'exit');
    const log = opened(dir);
    expect(await log.end(0)).toBeGreaterThan(acknowledged);
    for (let n = 0; n <= acknowledged; n += 1) expect(await log.get(0, `left/${n}`)).toBe(n);
    const left: number[] = [];
    for await (const { value } of log.range(0, 'left/')) left.push(value as number);
    const right: number[] = [];
    for await (const { value } of log.range(0, 'right/')) right.push(value as number);
    expect(right).toEqual(left);
    await close(log);
  }
});
