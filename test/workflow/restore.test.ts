import { beforeEach, expect, test } from '@jest/globals';
import type { Event, Json } from '#runtime/event/event.js';
import type { Accepted, Ledger } from '#runtime/journal/records.js';
import { type MemoryLog, openMemory } from '#runtime/log/memory.js';
import { MemoryCluster } from '#runtime/log/memory-cluster.js';
import { partitionLog } from '#runtime/log/partition-log.js';
import { DamageWatch } from '#runtime/workflow/damage-watch.js';
import { PinnedRoutes } from '#runtime/workflow/pinned-routes.js';
import { type Restored, restorePartition } from '#runtime/workflow/restore.js';

const clock = {
  nowMs: () => Date.UTC(2026, 0, 2),
  after(_delayMs: number, fire: () => void) {
    queueMicrotask(fire);
    return () => undefined;
  },
};

let log: MemoryLog;
let damaged: (key: string) => void;
let damage: DamageWatch;
let isLogRead: boolean;

beforeEach(() => {
  log = openMemory(new MemoryCluster(), clock);
  isLogRead = false;
  damaged = () => undefined;
  const listen = (listener: (one: { partition: number; key: string; store: 'journal' }) => void): void => {
    damaged = (key) => listener({ partition: 0, key, store: 'journal' });
  };
  damage = new DamageWatch({ onDamaged: listen as never }, 0);
});

const event = (id: string): Event => {
  const time = new Date(clock.nowMs()).toISOString();
  return { specversion: '1.0', id, type: 't', source: 's', ingestsource: 's', time, recordedtime: time, partitionkey: 'k' };
};

async function append(...ids: string[]): Promise<void> {
  await log.append(ids.map((id) => ({ key: 'k', value: Buffer.from(JSON.stringify(event(id))) })));
}

const put = (entries: Record<string, unknown>): Promise<void> =>
  log.put(
    0,
    Object.entries(entries).map(([key, value]) => ({ key, value: value as Json })),
  );

const accepted = (id: string, offset: number): Accepted => ({
  event: event(id),
  offset,
  atMs: 0,
  meaning: 'none',
  branches: [],
  table: '',
});
const ledger = (next: number, received: number, done: number): Ledger => ({ next, received, outcomes: { done } });
const marker = (offset: number): unknown => ({ o: 'done', p: offset, t: 0 });

type Told = Omit<Restored, 'lost'> & { readonly lost: readonly string[] };

/** With the lost ones by id. */
async function restore(): Promise<Told> {
  const routes = new PinnedRoutes({
    get: (key) => log.get(0, key),
    routes: () => ({
      hash: '',
      match: () => [],
      explain: () => [],
      compilePinned: () => {
        throw new Error('none');
      },
    }),
  });
  const records = (): ReturnType<ReturnType<typeof partitionLog>['records']> => {
    isLogRead = true;
    return partitionLog(log, 0).records();
  };
  const restored = await restorePartition(0, { journal: log, clock, records }, damage, routes);
  return { ...restored, lost: restored.lost.map(({ id }) => id) };
}

test('the log is not read while the ledger is whole and its law holds', async () => {
  await append('a', 'b', 'c');
  await put({ L: ledger(2, 2, 1), 'm/a': marker(0), 'a/b': accepted('b', 1) });
  const { ledger: found, runs, lost } = await restore();
  expect([found.next, runs.map(({ eventId }) => eventId), lost, isLogRead]).toEqual([2, ['b'], [], false]);
});

test('an empty journal is a beginning, whatever the log holds', async () => {
  await append('a');
  const restored = await restore();
  expect([restored.ledger, restored.lost, isLogRead]).toEqual([{ next: 0, received: 0, outcomes: {} }, [], false]);
});

test('a run that the ledger counts and the journal does not have is found in the log; what was not accepted yet is not lost', async () => {
  await append('a', 'gone', 'new');
  await put({ L: ledger(2, 2, 1), 'm/a': marker(0), 'd/gone/0/tell': { state: 'done', atMs: 0, attempts: 1, out: 'said' } });
  const { lost, entries, ledger: found } = await restore();
  expect([lost, found]).toEqual([['gone'], ledger(2, 2, 1)]);
  expect(entries.map(({ key }) => key)).toEqual(['d/gone/0/tell', 'h/gone', 'm/gone']);
  expect(entries[1]?.value).toMatchObject({ branches: [{ steps: [{ id: 'tell', state: 'done', out: 'said' }] }] });
});

test('no more runs are lost than the ledger misses, the youngest: of older events the marker may be trimmed before the record', async () => {
  await append('trimmed', 'a', 'gone');
  await put({ L: ledger(3, 3, 2), 'm/a': marker(1) });
  expect((await restore()).lost).toEqual(['gone']);
});

test('a ledger that is gone is counted from markers, duplicates and unfinished runs, also of runs whose record is trimmed', async () => {
  await append('trimmed', 'a', 'a', 'b', 'gone', 'c', 'new');
  await log.trim(0, 1);
  await put({ 'a/old': accepted('old', 0), 'm/a': marker(1), 'x/a/2': { t: 0 }, 'a/b': accepted('b', 3), 'm/c': marker(5) });
  const { ledger: found, isLedgerNew, lost, runs } = await restore();
  expect(found).toEqual({ next: 6, received: 6, outcomes: { done: 2, duplicate: 1 } });
  expect([isLedgerNew, lost, runs.map(({ eventId }) => eventId)]).toEqual([true, ['gone'], ['old', 'b']]);
});

test('an event whose marker is damaged has ended: it is not lost', async () => {
  await append('a', 'b');
  await put({ 'm/b': marker(1) });
  damaged('L');
  damaged('m/a');
  expect((await restore()).ledger).toEqual({ next: 2, received: 2, outcomes: { done: 2 } });
});

test('what reads as absent because it is damaged is not taken for never written', async () => {
  const read = async (prefix: string): Promise<string[]> => {
    const keys: string[] = [];
    for await (const { key } of damage.whole(prefix, log.range(0, prefix))) keys.push(key);
    return keys;
  };
  await put({ 'i/e/0/a': {}, 'i/f/0/a': {} });
  damaged('i/e/0/b');
  await expect(read('i/e/')).rejects.toMatchObject({ code: 'LOG_DAMAGED', message: expect.stringContaining('i/e/0/b') });
  expect(await read('i/f/')).toEqual(['i/f/0/a']);
  damage.forget(['i/e/0/b']);
  expect(await read('i/e/')).toEqual(['i/e/0/a']);
});
