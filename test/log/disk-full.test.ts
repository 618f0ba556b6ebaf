import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '#runtime/clock.js';
import type { RouterError } from '#runtime/errors.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const MIB = 1_048_576;
const DIST = new URL('../dist/log/', import.meta.url).pathname;

let dir: string;
let clock: FakeClock;
let freeBytes: number;
let log: EmbeddedLog;
let told: (RouterError | undefined)[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-full-'));
  clock = new FakeClock();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const append = (bytes = 100): Promise<unknown> => log.append([{ key: 'k', value: Buffer.alloc(bytes) }]);
const put = (key: string): Promise<void> => log.put(0, [{ key, value: 1 }]);
const isPending = (promise: Promise<unknown>): Promise<boolean> =>
  Promise.race([promise.then(() => false), new Promise<boolean>((resolve) => setImmediate(() => resolve(true)))]);

describe('a disk of 10 GiB that fills up', () => {
  beforeEach(() => {
    freeBytes = 500 * MIB;
    told = [];
    log = openEmbedded({ dir, clock, freeSpace: () => ({ freeBytes, totalBytes: 10_240 * MIB }) });
    log.onFull((why) => void told.push(why));
  });
  afterEach(() => log.close());

  test('refuses new events below 64 MiB, while what is accepted can still be finished', async () => {
    freeBytes = 64 * MIB;
    await expect(append()).rejects.toMatchObject({ code: 'LOG_FULL', message: expect.stringContaining('65536 KiB are free') });
    await put('a');
    expect(told).toEqual([expect.objectContaining({ message: expect.stringContaining('new events are refused') })]);
    freeBytes = 65 * MIB;
    await append();
    expect(told.at(-1)).toBeUndefined();
    expect(await log.end(0)).toBe(1);
  });

  test('lets puts wait below 16 MiB, in order, and goes on by itself when there is space', async () => {
    freeBytes = 15 * MIB;
    const puts = [put('a'), log.put(0, [{ key: 'a', value: 2 }]), put('b')];
    await clock.pass(60_000);
    expect(await Promise.all(puts.map(isPending))).toEqual([true, true, true]);
    expect(await log.get(0, 'a')).toBeUndefined();
    await expect(append()).rejects.toMatchObject({ code: 'LOG_FULL' });
    expect(told.at(-1)?.message).toMatch(/15360 KiB are free.*the router waits/);
    freeBytes = 500 * MIB;
    await clock.pass(1_000);
    await Promise.all(puts);
    expect(await log.get(0, 'a')).toBe(2);
    expect(told.at(-1)).toBeUndefined();
  });

  test('does not keep a closing router: what waits is refused', async () => {
    freeBytes = 1 * MIB;
    const waits = put('a');
    expect(await isPending(waits)).toBe(true);
    await log.close();
    await expect(waits).rejects.toMatchObject({ code: 'LOG_FULL' });
  });

  test('counts pages freed by trimming as space, so that a store that filled the disk itself goes on', async () => {
    for (let round = 0; round < 10; round += 1) await Promise.all(Array.from({ length: 20 }, () => append(20_000)));
    freeBytes = 20 * MIB;
    await expect(append()).rejects.toMatchObject({ code: 'LOG_FULL' });
    await log.trim(0, 190);
    await append();
    freeBytes = 3 * MIB;
    await expect(append()).rejects.toMatchObject({ code: 'LOG_FULL' });
  });
});

test('asks the disk once a second while there is plenty', async () => {
  let asked = 0;
  log = openEmbedded({
    dir,
    clock,
    freeSpace: () => {
      asked += 1;
      return { freeBytes: 5_000 * MIB, totalBytes: 10_240 * MIB };
    },
  });
  for (let count = 0; count < 20; count += 1) await append();
  expect(asked).toBe(1);
  await clock.pass(1_000);
  await append();
  expect(asked).toBe(2);
  await log.close();
});

test('a real small disk is filled, waited for and gone on with, without a restart; nothing acknowledged is lost, nothing half written', () => {
  // A disk of its own in a mount namespace of its own; where the machine allows none, the free space is computed from the files.
  const mount = `mount -t tmpfs -o size=8m tmpfs ${dir}`;
  const isReal = spawnSync('unshare', ['-Urm', 'sh', '-c', mount]).status === 0;
  const child = `${process.execPath} ${DIST}full-disk.js ${dir} ${isReal ? 'real' : 'computed'}`;
  const { stdout, stderr } = isReal
    ? spawnSync('unshare', ['-Urm', 'sh', '-c', `${mount} && exec ${child}`], { encoding: 'utf8' })
    : spawnSync('sh', ['-c', child], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { appendedWhenFull, putWhenFull, ...rest } = JSON.parse(stdout) as Record<string, number>;
  expect(rest).toEqual({
    refusal: 'LOG_FULL',
    refusalWhileWaiting: 'LOG_FULL',
    afterSpace: 'taken',
    told: ['refuses', 'waits', 'refuses', 'over'],
    isWhole: true,
    lost: 0,
    extra: 0,
  });
  expect(appendedWhenFull).toBeGreaterThan(200);
  expect(putWhenFull).toBeGreaterThan(20);
});

test('a write that the disk refuses all the same ends the process; what was acknowledged is there', async () => {
  // RLIMIT_FSIZE stands for a quota that cannot be seen beforehand. lmdb may not survive it: the law is about the data.
  const writer = spawnSync('sh', ['-c', `ulimit -c 0; ulimit -f 3000; exec ${process.execPath} ${DIST}writer.js ${dir}`], {
    encoding: 'utf8',
  });
  expect(writer.status).not.toBe(0);
  const acknowledged = Math.max(...writer.stdout.trim().split('\n').map(Number));
  expect(acknowledged).toBeGreaterThan(100);
  log = openEmbedded({ dir, clock: systemClock });
  expect(await log.end(0)).toBeGreaterThan(acknowledged);
  for (let n = 0; n <= acknowledged; n += 1) expect(await log.get(0, `left/${n}`)).toBe(n);
  const pairs: [unknown[], unknown[]] = [[], []];
  for await (const { value } of log.range(0, 'left/')) pairs[0].push(value);
  for await (const { value } of log.range(0, 'right/')) pairs[1].push(value);
  expect(pairs[1]).toEqual(pairs[0]);
  await log.append([{ key: 'k', value: Buffer.from('there is space again') }]);
  await log.close();
});
