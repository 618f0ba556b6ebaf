import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { systemClock } from '#runtime/clock.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { eventStoreKey, journalStoreKey } from '#runtime/log/store-keys.js';
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

/** Flips the last bit of a stored value. */
async function alter(dir: string, store: string, key: Buffer): Promise<void> {
  const raw = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
  const db = raw.openDB<Buffer, Buffer>(store, { encoding: 'binary', keyEncoding: 'binary' });
  const altered = Buffer.from(db.get(key) ?? []);
  altered[altered.length - 1] = (altered.at(-1) ?? 0) ^ 1;
  await db.put(key, altered);
  await raw.close();
}

const close = async (log: EmbeddedLog): Promise<void> => {
  open.splice(open.indexOf(log), 1);
  await log.close();
};

function underTest(dir: string, partitions: number): LogUnderTest {
  const log = openEmbedded({ dir, clock: systemClock, partitions });
  return {
    log,
    journal: log,
    close: () => log.close(),
    async reopen() {
      await log.close();
      return underTest(dir, partitions);
    },
    async reopenDamaged(key, offset) {
      await log.close();
      await alter(dir, 'journal', journalStoreKey(0, key).storeKey);
      await alter(dir, 'events', eventStoreKey(0, offset));
      return underTest(dir, partitions);
    },
  };
}

testLogContract('embedded', async (partitions) => underTest(folder(), partitions));

test('another partition count is refused: moving a key would split its order', async () => {
  const dir = folder();
  await close(opened(dir));
  expect(() => openEmbedded({ dir, clock: systemClock, partitions: 2 })).toThrow(expect.objectContaining({ code: 'LOG_FORMAT' }));
});

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
