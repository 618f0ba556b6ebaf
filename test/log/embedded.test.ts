import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { type Database, open as openLmdb, type RootDatabase } from 'lmdb';
import { systemClock } from '#runtime/clock.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { eventStoreKey, journalStoreKey } from '#runtime/log/store-keys.js';
import { testJournalContract } from '#test/contract/journal.contract.js';
import { testLogContract } from '#test/contract/log.contract.js';
import type { LogUnderTest } from '#test/contract/log-under-test.js';

const CLI = new URL('../../runtime/dist/cli.js', import.meta.url).pathname;
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

/** Of this boot, as the lock has it. */
function bornHere(): string {
  const dir = folder();
  const log = openEmbedded({ dir, clock: systemClock });
  open.push(log);
  return (JSON.parse(readFileSync(join(dir, 'router.lock'), 'utf8')) as { born: string }).born;
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
    reader: async () => log,
    trimmable: log,
    own: async () => undefined,
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
testJournalContract('embedded', async (partitions) => underTest(folder(), partitions));

test('another partition count is refused: moving a key would split its order', async () => {
  const dir = folder();
  await close(opened(dir));
  expect(() => openEmbedded({ dir, clock: systemClock, partitions: 2 })).toThrow(expect.objectContaining({ code: 'LOG_FORMAT' }));
});

/** A router that is expected to refuse its folder. */
function serveOn(dir: string): { status: number | null; stderr: string } {
  const mappings = folder();
  writeFileSync(join(mappings, 'none.json'), '{"routes":{}}');
  const args = [CLI, 'serve', '--port', '0', '--data', dir, '--mappings', mappings];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
}

/** The folder as lmdb alone sees it. */
async function raw(
  dir: string,
  change: (root: RootDatabase<Buffer, Buffer>, store: (name: string) => Database<Buffer, Buffer>) => Promise<unknown>,
): Promise<void> {
  const root = openLmdb<Buffer, Buffer>({ path: dir, maxDbs: 8, encoding: 'binary' });
  await change(root, (name) => root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' }));
  await root.close();
}

test('a value that lies under another key than its own is damaged', async () => {
  const dir = folder();
  const log = opened(dir);
  await log.append(['zero', 'one'].map((text) => ({ key: 'k', value: Buffer.from(text) })));
  await log.put(0, [
    { key: 'a', value: 'of a' },
    { key: 'b', value: 'of b' },
  ]);
  await close(log);
  await raw(dir, async (_, store) => {
    for (const [name, from, to] of [
      ['events', eventStoreKey(0, 0), eventStoreKey(0, 1)],
      ['journal', journalStoreKey(0, 'a').storeKey, journalStoreKey(0, 'b').storeKey],
    ] as const)
      await store(name).put(to, store(name).get(from) ?? Buffer.alloc(0));
  });
  const again = opened(dir);
  expect((await again.oldest(0, 5)).map(({ value, isDamaged }) => isDamaged ?? value.toString())).toEqual(['zero', true]);
  expect([await again.get(0, 'a'), await again.get(0, 'b')]).toEqual(['of a', undefined]);
});

test('a record that is gone is as damaged as an altered one: offsets have no gaps', async () => {
  const dir = folder();
  const log = opened(dir);
  await log.append(['0', '1', '2', '3'].map((text) => ({ key: 'k', value: Buffer.from(text) })));
  await close(log);
  await raw(dir, async (_, store) => {
    for (const offset of [0, 2, 3]) await store('events').remove(eventStoreKey(0, offset));
  });
  const again = opened(dir);
  expect((await again.oldest(0, 9)).map(({ offset, isDamaged = false }) => [offset, isDamaged])).toEqual([
    [0, true],
    [1, false],
    [2, true],
    [3, true],
  ]);
  expect((await again.append([{ key: 'k', value: Buffer.from('4') }]))[0]?.offset).toBe(4);
});

test('the folder of another format is refused, with what to do', async () => {
  const dir = folder();
  const root = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
  await root.openDB('meta', { encoding: 'json' }).put('format', 1);
  await root.close();
  expect(() => opened(dir)).toThrow(
    expect.objectContaining({ code: 'LOG_FORMAT', message: expect.stringMatching(/has format 1; .* expects 2/) }),
  );
});

test.each<[string, (root: RootDatabase<Buffer, Buffer>, store: (name: string) => Database<Buffer, Buffer>) => Promise<unknown>]>([
  ['the journal is missing', async (_, store) => store('journal').dropSync()],
  ['its format is missing, but for what it holds', async (_, store) => store('meta').remove(Buffer.from('format'))],
  ['the partition count is damaged', async (_, store) => store('meta').put(Buffer.from('partitions'), Buffer.from('damaged'))],
  [
    'the next offset is damaged, and no record is left that tells it',
    async (_, store) => {
      await store('events').clearAsync();
      await store('meta').put(Buffer.from('end/0'), Buffer.from('damaged'));
    },
  ],
])('a folder of which a part is gone is refused: %s', async (_, change) => {
  const dir = folder();
  const log = opened(dir);
  for (let count = 0; count < 40; count += 1) await log.append([{ key: 'k', value: Buffer.alloc(3_000) }]);
  await close(log);
  await raw(dir, change);
  expect(() => opened(dir)).toThrow(expect.objectContaining({ code: 'LOG_DAMAGED' }));
});

async function altered(change: (data: Buffer) => Buffer): Promise<string> {
  const dir = folder();
  const log = opened(dir);
  for (let count = 0; count < 40; count += 1) await log.append([{ key: 'k', value: Buffer.alloc(3_000) }]);
  await close(log);
  const file = join(dir, 'data.mdb');
  writeFileSync(file, change(readFileSync(file)));
  return dir;
}

test.each<[string, (data: Buffer) => Buffer]>([
  ['no store', () => Buffer.alloc(20_000, 'x')],
  ['empty but for zeros', (data) => Buffer.alloc(data.length)],
  ['without its second page', (data) => data.fill(0, 4_096, 8_192)],
  ['cut after 100 bytes', (data) => data.subarray(0, 100)],
])('a file that is %s is refused before lmdb sees it, with what to do', async (_, change) => {
  const dir = await altered(change);
  expect(() => opened(dir)).toThrow(
    expect.objectContaining({ code: 'LOG_DAMAGED', message: expect.stringContaining('Keep a copy of the folder') }),
  );
});

test('a file that is cut off is refused, with what to do', async () => {
  const dir = await altered((data) => data.subarray(0, Math.floor(data.length / 2)));
  const { status, stderr } = serveOn(dir);
  expect(status).toBe(1);
  expect(stderr).toMatch(/data\.mdb is damaged: .*Keep a copy of the folder/s);
});

test('where the next offset is damaged, the last record tells it', async () => {
  const dir = folder();
  const log = opened(dir);
  await log.append(['zero', 'one'].map((text) => ({ key: 'k', value: Buffer.from(text) })));
  await close(log);
  await raw(dir, async (_, store) => store('meta').put(Buffer.from('end/0'), Buffer.from('damaged')));
  expect(await opened(dir).end(0)).toBe(2);
});

test('a folder that ended the lives of its routers is read through before it is opened, and stays refused', async () => {
  const dir = folder();
  const log = opened(dir);
  for (let count = 0; count < 200; count += 1) await log.put(0, [{ key: `k${count}`, value: 'x'.repeat(1_000) }]);
  await close(log);
  // A page that was lost in a power cut: lmdb would end the process over it.
  const data = readFileSync(join(dir, 'data.mdb'));
  const at = Math.floor(data.indexOf('x'.repeat(500)) / 4_096) * 4_096;
  for (let page = at; page < data.length; page += 4_096) data.fill(0, page, page + 4_096);
  writeFileSync(join(dir, 'data.mdb'), data);
  writeFileSync(
    join(dir, 'router.lock'),
    JSON.stringify({ pid: 2 ** 22 - 1, host: hostname(), born: bornHere(), since: 'then', unclean: 1 }),
  );
  for (let life = 0; life < 2; life += 1) {
    const { status, stderr } = serveOn(dir);
    expect({ life, status }).toEqual({ life, status: 1 });
    expect(stderr).toMatch(/data\.mdb is damaged: .*Keep a copy of the folder/s);
  }
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
