import { beforeEach, describe, expect, test } from '@jest/globals';
import { DAY_MS, HOUR_MS } from '#runtime/clock.js';
import type { Event, Json } from '#runtime/event/event.js';
import type { JournalEntry } from '#runtime/journal/journal.js';
import { duplicateKey, historyKey, markerKey, nonceKey } from '#runtime/journal/records.js';
import { type MemoryLog, openMemory } from '#runtime/log/memory.js';
import { MemoryCluster } from '#runtime/log/memory-cluster.js';
import { partitionTrim } from '#runtime/log/partition-log.js';
import { nonceHash } from '#runtime/workflow/nonce.js';
import { type TrimPorts, trimOldest, trimRest } from '#runtime/workflow/trim.js';

const NOW_MS = Date.UTC(2026, 5, 1);
const RETENTION_MS = 7 * DAY_MS;

let nowMs: number;
let cluster: MemoryCluster;
let log: MemoryLog;
let live: Set<string>;
let ports: TrimPorts;

beforeEach(() => {
  nowMs = NOW_MS;
  cluster = new MemoryCluster();
  log = openMemory(cluster, {
    nowMs: () => nowMs,
    after(_delayMs, fire) {
      queueMicrotask(fire);
      return () => undefined;
    },
  });
  live = new Set();
  ports = {
    ...partitionTrim(log, 0),
    journal: log,
    put: (entries) => log.put(0, entries),
    isLive: (id) => live.has(id),
    nowMs: () => nowMs,
  };
});

/** Appends an event stamped so long ago, with the marker of its end. */
async function ended(id: string, ageMs: number, extra: Partial<Event> = {}, more: JournalEntry[] = []): Promise<void> {
  const recordedtime = new Date(NOW_MS - ageMs).toISOString();
  const event: Event = {
    specversion: '1.0',
    id,
    type: 't',
    source: 's',
    ingestsource: 's',
    time: recordedtime,
    recordedtime,
    partitionkey: 'k',
    ...extra,
  };
  const offset = cluster.end(0);
  await log.append([{ key: 'k', value: Buffer.from(JSON.stringify(event)) }]);
  const marker = { o: 'done', p: offset, t: NOW_MS - ageMs };
  const keys: JournalEntry[] = [
    { key: markerKey(id), value: marker },
    { key: historyKey(id), value: {} },
  ];
  if (extra.nonce !== undefined) keys.push({ key: nonceKey(nonceHash('k', extra.nonce)), value: { e: id, t: 0 } });
  await log.put(0, [...keys, ...more]);
}

/** Appends a copy of an event as a duplicate of it. */
async function duplicate(id: string, ageMs: number): Promise<number> {
  const marker = cluster.entries(0).get(markerKey(id)) as string;
  const history = cluster.entries(0).get(historyKey(id)) as string;
  const offset = cluster.end(0);
  await ended(id, ageMs);
  await log.put(0, [
    { key: markerKey(id), value: JSON.parse(marker) as Json },
    { key: historyKey(id), value: JSON.parse(history) as Json },
    { key: duplicateKey(id, offset), value: { t: 0 } },
  ]);
  return offset;
}

const trim = (before = cluster.end(0)): Promise<boolean> => trimOldest(0, before, RETENTION_MS, ports);
const keys = (): string[] => [...cluster.entries(0).keys()].sort();

describe('trimming', () => {
  test('takes what is older than the retention, with all that the journal holds of it, and leaves the rest', async () => {
    await ended('old', RETENTION_MS, { nonce: 'n' });
    await duplicate('old', RETENTION_MS - HOUR_MS);
    await ended('young', RETENTION_MS - 1);
    await trim();
    expect(cluster.records(0).map(({ offset }) => offset)).toEqual([1, 2]);
    expect(keys()).toEqual(['h/young', 'm/young']);
  });

  test('takes nothing that is not accepted yet', async () => {
    await ended('a', RETENTION_MS);
    await ended('b', RETENTION_MS);
    await trim(1);
    expect(keys()).toEqual(['h/b', 'm/b']);
  });

  test('takes a batch a call', async () => {
    for (let n = 0; n < 1_200; n += 1) await ended(`e${n}`, RETENTION_MS + 1_200 - n);
    const left: [boolean, number][] = [];
    for (let call = 0; call < 4; call += 1) left.push([await trim(), cluster.records(0).length]);
    expect(left).toEqual([
      [true, 700],
      [true, 200],
      [false, 0],
      [false, 0],
    ]);
    expect(keys()).toEqual([]);
  });

  test('goes on where a crash between its two writes left it', async () => {
    await ended('a', RETENTION_MS, { nonce: 'n' });
    await ended('b', RETENTION_MS);
    const { trim: cut } = ports;
    ports = { ...ports, trim: () => Promise.reject(new Error('crash')) };
    await expect(trim()).rejects.toThrow('crash');
    ports = { ...ports, trim: cut };
    await trim();
    expect([cluster.records(0).length, keys()]).toEqual([0, []]);
  });

  test('of a run that is unfinished takes the record alone; its end goes a retention after it', async () => {
    live.add('slow');
    await ended('slow', RETENTION_MS);
    await duplicate('slow', RETENTION_MS);
    await trim();
    expect(cluster.records(0)).toEqual([]);
    await trimRest(0, RETENTION_MS, ports);
    expect(keys()).toEqual(['h/slow', 'm/slow', 'x/slow/1', 'z/slow']);
    live.clear();
    await log.put(0, [{ key: 'm/slow', value: { o: 'done', p: 0, t: NOW_MS } }]);
    nowMs += RETENTION_MS - 1;
    await trimRest(0, RETENTION_MS, ports);
    expect(keys()).toContain('m/slow');
    nowMs += 1;
    await trimRest(0, RETENTION_MS, ports);
    expect(keys()).toEqual([]);
  });

  test('of an event that came again, as a new one, keeps what is younger', async () => {
    await ended('a', RETENTION_MS);
    await ended('a', 0);
    await trim();
    expect(cluster.records(0).map(({ offset }) => offset)).toEqual([1]);
    expect(keys()).toEqual(['h/a', 'm/a']);
  });

  test('does not take the duplicates of an event whose id begins alike', async () => {
    await ended('a', RETENTION_MS);
    await ended('a/b', 0);
    const offset = await duplicate('a/b', 0);
    await trim();
    expect(keys()).toEqual(['h/a/b', 'm/a/b', `x/a/b/${offset}`]);
  });

  test('takes the marker of a record that is no event, a retention after it was counted', async () => {
    await log.append([{ key: '', value: Buffer.from('no event') }]);
    await log.put(0, [{ key: 'm/unreadable-0', value: { o: 'quarantined', p: 0, t: NOW_MS } }]);
    await trim();
    expect(keys()).toEqual(['m/unreadable-0']);
    nowMs += RETENTION_MS;
    await trim();
    expect([cluster.records(0).length, keys()]).toEqual([0, []]);
  });
});

describe('a clock that jumps', () => {
  test('back an hour: nothing goes early, and all goes an hour late at most', async () => {
    await ended('a', RETENTION_MS);
    nowMs -= HOUR_MS;
    await trim();
    expect(cluster.records(0)).toHaveLength(1);
    nowMs += HOUR_MS;
    await trim();
    expect(cluster.records(0)).toHaveLength(0);
  });

  test('forward a day: what is kept is what is younger by that clock', async () => {
    await ended('a', RETENTION_MS - DAY_MS);
    await ended('b', RETENTION_MS - DAY_MS - 1);
    nowMs += DAY_MS;
    await trim();
    expect(keys()).toEqual(['h/b', 'm/b']);
  });

  test('far ahead, and is set right: records stamped in the future do not keep what is behind them for ever', async () => {
    for (let n = 0; n < 1_700; n += 1) await ended(`future${n}`, -10_000 * DAY_MS);
    for (let n = 0; n < 600; n += 1) await ended(`old${n}`, RETENTION_MS);
    await ended('young', 0);
    while (await trim());
    expect(keys()).toEqual(['h/young', 'm/young']);
  });

  test('far ahead, and is set right: without an older record behind them they stay', async () => {
    for (let n = 0; n < 1_100; n += 1) await ended(`future${n}`, -10_000 * DAY_MS);
    await ended('young', 0);
    expect(await trim()).toBe(false);
    expect(cluster.records(0)).toHaveLength(1_101);
  });
});
