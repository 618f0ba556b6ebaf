import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { open as openLmdb } from 'lmdb';
import { DAY_MS, systemClock } from '#runtime/clock.js';
import type { Event } from '#runtime/event/event.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { partitionTrim } from '#runtime/log/partition-log.js';
import { eventStoreKey } from '#runtime/log/store-keys.js';
import { trimOldest } from '#runtime/workflow/trim.js';

const READER = new URL('../dist/log/reader.js', import.meta.url).pathname;
const ROUND_COUNT = 400;

let dir: string;
let log: EmbeddedLog | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-size-'));
});
afterEach(async () => {
  await log?.close();
  log = undefined;
  rmSync(dir, { recursive: true, force: true });
});

const bytes = (): number => statSync(join(dir, 'data.mdb')).size;
const NOW_MS = Date.UTC(2026, 5, 1);

/** A day's events and what the journal holds of them; then trims what is older than a day. */
async function round(one: EmbeddedLog, day: number): Promise<void> {
  const recordedtime = new Date(NOW_MS + day * DAY_MS).toISOString();
  for (let from = 0; from < ROUND_COUNT; from += 50) {
    const batch = Array.from({ length: 50 }, (_, index) => `${day}-${from + index}`);
    const event = (id: string): Event => ({
      specversion: '1.0',
      id,
      type: 't',
      source: 's',
      ingestsource: 's',
      time: recordedtime,
      recordedtime,
      partitionkey: 'k',
      data: { pad: 'x'.repeat((Number(id.split('-')[1]) * 37) % 3_000) },
    });
    const positions = await one.append(batch.map((id) => ({ key: 'k', value: Buffer.from(JSON.stringify(event(id))) })));
    await one.put(
      0,
      batch.flatMap((id, index) => [
        { key: `m/${id}`, value: { o: 'done', p: positions[index]?.offset ?? 0, t: NOW_MS } },
        { key: `h/${id}`, value: { pad: 'y'.repeat(400) } },
      ]),
    );
  }
  const ports = {
    ...partitionTrim(one, 0),
    journal: one,
    put: (entries: Parameters<EmbeddedLog['put']>[1]) => one.put(0, entries),
    isLive: () => false,
    nowMs: () => NOW_MS + (day + 1) * DAY_MS - 1,
  };
  while (await trimOldest(0, await one.end(0), DAY_MS, ports));
}

async function sizesOf(one: EmbeddedLog, days: number, firstDay: number): Promise<number[]> {
  const sizes: number[] = [];
  for (let day = firstDay; day < firstDay + days; day += 1) {
    await round(one, day);
    sizes.push(bytes());
  }
  return sizes;
}

test('the file stops growing: what is trimmed is room for what comes', async () => {
  log = openEmbedded({ dir, clock: systemClock });
  const sizes = await sizesOf(log, 24, 0);
  expect(await log.oldest(0, 10_000)).toHaveLength(ROUND_COUNT);
  let entries = 0;
  for await (const _entry of log.range(0, '')) entries += 1;
  expect(entries).toBe(2 * ROUND_COUNT);
  const settled = Math.max(...sizes.slice(0, 6));
  expect(Math.max(...sizes.slice(6))).toBeLessThanOrEqual(settled * 1.1);
}, 60_000);

test('a reader that was killed in the middle of a range does not keep pages from being used again', async () => {
  log = openEmbedded({ dir, clock: systemClock });
  const before = Math.max(...(await sizesOf(log, 6, 0)));
  await log.close();
  for (let kill = 0; kill < 3; kill += 1) {
    const reader = spawn(process.execPath, [READER, dir], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(reader.stdout, 'data');
    reader.kill('SIGKILL');
    await once(reader, 'exit');
  }
  log = openEmbedded({ dir, clock: systemClock });
  expect(Math.max(...(await sizesOf(log, 12, 6)))).toBeLessThanOrEqual(before * 1.2);
}, 60_000);

test('an append goes on while much is trimmed', async () => {
  log = openEmbedded({ dir, clock: systemClock });
  const one = log;
  for (let from = 0; from < 20_000; from += 1_000)
    await one.append(Array.from({ length: 1_000 }, () => ({ key: 'k', value: Buffer.alloc(500) })));
  let isTrimming = true;
  const trimming = one.trim(0, 20_000).finally(() => {
    isTrimming = false;
  });
  let meanwhile = 0;
  while (isTrimming) {
    await one.append([{ key: 'k', value: Buffer.alloc(100) }]);
    meanwhile += 1;
  }
  await trimming;
  expect(meanwhile).toBeGreaterThan(10);
  expect((await one.oldest(0, 1))[0]?.offset).toBe(20_000);
}, 60_000);

test('what is set aside as damaged is bounded: the oldest goes first', async () => {
  log = openEmbedded({ dir, clock: systemClock });
  await log.append(Array.from({ length: 1_300 }, (_, index) => ({ key: 'k', value: Buffer.from(`value ${index}`) })));
  await log.close();
  const raw = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
  const events = raw.openDB<Buffer, Buffer>('events', { encoding: 'binary', keyEncoding: 'binary' });
  await events.batch(() => {
    for (let offset = 0; offset < 1_300; offset += 1)
      events.put(eventStoreKey(0, offset), Buffer.from(`torn ${offset}`)).catch(() => undefined);
  });
  await raw.close();
  log = openEmbedded({ dir, clock: systemClock });
  const damaged: string[] = [];
  log.onDamaged(({ key }) => void damaged.push(key));
  for (let offset = 0; offset < 1_300; offset += 1) {
    expect((await log.read({ partition: 0, offset }))?.isDamaged).toBe(true);
    // Each is set aside before the next is met.
    if (offset % 100 === 99) await log.put(0, [{ key: 'k', value: offset }]);
  }
  expect(damaged).toHaveLength(1_300);
  await log.close();
  log = undefined;
  const after = openLmdb({ path: dir, maxDbs: 8, encoding: 'binary' });
  const kept = [...after.openDB<Buffer, Buffer>('damaged', { encoding: 'binary', keyEncoding: 'binary' }).getRange({})].map(({ value }) =>
    value.toString(),
  );
  await after.close();
  expect(kept.length).toBeLessThanOrEqual(1_100);
  expect(kept.at(-1)).toMatch(/^\{"partition":0,"key":"1299","store":"events","at":"[^"]+"\}\ntorn 1299$/);
}, 60_000);
