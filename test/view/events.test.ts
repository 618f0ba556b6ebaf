import { afterEach, expect, test } from '@jest/globals';
import { iso, ViewBench } from '#test/view/view-bench.js';

const opened: ViewBench[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()));
});
function open(partitions?: number): ViewBench {
  const bench = new ViewBench(partitions);
  opened.push(bench);
  return bench;
}

type Query = Omit<Parameters<ViewBench['view']['events']>[0], 'limit' | 'cursor'>;

/** Every page, as lists of ids. */
async function pages({ view }: ViewBench, limit: number, query: Query = {}): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const { events, next } = await view.events({ ...query, limit, cursor });
    found.push(events.map(({ id }) => id));
    cursor = next;
  } while (cursor !== undefined);
  return found;
}

const numbered = (from: number, to: number): string[] => Array.from({ length: from - to + 1 }, (_, n) => `e${from - n}`);

test('events of all partitions come newest first, each once, whatever the size of a page', async () => {
  const bench = open(3);
  const used = new Set<number>();
  for (let n = 1; n <= 40; n += 1) used.add((await bench.write(bench.event(`e${n}`))).partition);
  expect(used.size).toBe(3);
  for (const limit of [1, 7, 40, 500]) expect((await pages(bench, limit)).flat()).toEqual(numbered(40, 1));
  expect(await pages(bench, 20)).toEqual([numbered(40, 21), numbered(20, 1)]);
});

test('events that come while one pages move nothing', async () => {
  const bench = open(2);
  for (let n = 1; n <= 10; n += 1) await bench.write(bench.event(`e${n}`));
  const first = await bench.view.events({ limit: 4 });
  for (let n = 11; n <= 20; n += 1) await bench.write(bench.event(`e${n}`));
  const second = await bench.view.events({ limit: 500, cursor: first.next });
  expect([...first.events, ...second.events].map(({ id }) => id)).toEqual(numbered(10, 1));
});

test('a partition that was empty when the first page was read stays out of the pages after it', async () => {
  const bench = open(2);
  const inFirst: string[] = [];
  for (let n = 0; inFirst.length < 3; n += 1) {
    const event = bench.event(`k${n}`);
    if (bench.log.partitionOf(event.partitionkey) !== 0) continue;
    await bench.write(event);
    inFirst.unshift(event.id);
  }
  const first = await bench.view.events({ limit: 1 });
  for (let n = 100; n < 110; n += 1) await bench.write(bench.event(`k${n}`));
  const rest = await bench.view.events({ limit: 500, cursor: first.next });
  expect([...first.events, ...rest.events].map(({ id }) => id)).toEqual(inFirst);
});

test('filters take what they name', async () => {
  const bench = open(2);
  await bench.write(bench.event('a', { type: 'x' }), { o: 'failed' });
  await bench.write(bench.event('b', { type: 'x', partitionkey: 'key' }));
  await bench.write(bench.event('c', { type: 'y', partitionkey: 'key' }), { o: 'failed' });
  await bench.write(bench.event('d', { type: 'y' }), 'none');
  const of = async (query: Query): Promise<string[]> => (await pages(bench, 10, query)).flat();
  expect(await of({ type: 'x' })).toEqual(['b', 'a']);
  expect(await of({ key: 'key' })).toEqual(['c', 'b']);
  expect(await of({ state: 'failed' })).toEqual(['c', 'a']);
  expect(await of({ state: 'failed', type: 'y' })).toEqual(['c']);
  expect(await of({ state: 'accepting' })).toEqual(['d']);
  expect(await of({ state: 'parked' })).toEqual([]);
});

test('a filter that finds nothing is answered in bounded pieces that lead to the end', async () => {
  const bench = open(1);
  const events = Array.from({ length: 4_500 }, (_, n) => bench.event(`e${n}`));
  await bench.log.append(events.map((event) => ({ key: event.partitionkey, value: Buffer.from(JSON.stringify(event)) })));
  await bench.write(bench.event('rare', { type: 'rare' }));
  const first = await bench.view.events({ limit: 10, type: 'rare' });
  expect(first.events.map(({ id }) => id)).toEqual(['rare']);
  expect(bench.read).toBeLessThanOrEqual(2_200);
  const found = await pages(bench, 10, { type: 'none' });
  expect(found).toEqual([[], [], []]);
});

test('large events end a page early too', async () => {
  const bench = open(1);
  for (let n = 0; n < 60; n += 1) await bench.write(bench.event(`e${n}`, { data: 'x'.repeat(800_000) }));
  const { events, next } = await bench.view.events({ limit: 500 });
  expect(events.length).toBeLessThan(50);
  expect(next).toBeDefined();
  expect((await pages(bench, 500)).flat()).toHaveLength(60);
});

test('a later delivery of the same id is a duplicate row that claims nothing of the first', async () => {
  const bench = open(1);
  const event = bench.event('twice');
  const { offset } = await bench.write(event, { m: 'opens', r: 'no-incident-stands', run: true });
  await bench.log.append([{ key: event.partitionkey, value: Buffer.from(JSON.stringify({ ...event, recordedtime: iso(99) })) }]);
  const { events } = await bench.view.events({ limit: 10 });
  expect(events).toEqual([
    { id: 'twice', type: 't', key: 'twice', time: iso(99), state: 'duplicate', reason: 'same-id' },
    { id: 'twice', type: 't', key: 'twice', time: iso(1), state: 'done', reason: 'no-incident-stands', meaning: 'opens' },
  ]);
  expect(offset).toBe(0);
});

test('a record that is no event is listed and explained', async () => {
  const bench = open(1);
  await bench.log.append([{ key: 'k', value: Buffer.from('{"no":"event"}') }]);
  await bench.log.put(0, [{ key: 'm/unreadable-0', value: { o: 'quarantined', p: 0, t: Date.parse(iso(5)), r: 'schema' } }]);
  const { events } = await bench.view.events({ limit: 10, type: 'router.unreadable' });
  expect(events).toEqual([
    { id: 'unreadable-0', type: 'router.unreadable', key: 'k', time: iso(5), state: 'quarantined', reason: 'schema' },
  ]);
  const detail = await bench.view.event('unreadable-0');
  expect(detail?.explanation.sentences).toEqual([expect.stringContaining('is no event')]);
  expect(detail?.explanation.next).toEqual([]);
});

test('an event that has only been received is found by its id, in any partition', async () => {
  const bench = open(3);
  for (const id of ['a', 'b', 'c', 'd', 'e']) await bench.write(bench.event(id), 'none');
  for (const id of ['a', 'b', 'c', 'd', 'e']) expect(await bench.view.event(id)).toMatchObject({ id, state: 'accepting' });
  expect(await bench.view.event('f')).toBeUndefined();
});

test('secrets and fields named like secrets are hidden, in lists too', async () => {
  const bench = open(1);
  await bench.write(bench.event('a', { data: { token: 'abcdefgh', note: 'use abcdefgh' } }));
  expect((await bench.view.event('a'))?.event).toMatchObject({ data: { token: '[redacted]', note: 'use [redacted]' } });
  expect(await bench.view.original('a')).toMatchObject({ data: { token: 'abcdefgh' } });
});

test('the event that a cut reason names is named whole', async () => {
  const bench = open(1);
  const long = `${'x'.repeat(40)}-0123456789abcdef`;
  await bench.write(bench.event(long, { partitionkey: 'k' }));
  await bench.write(bench.event('again', { partitionkey: 'k' }), { o: 'duplicate', r: `nonce-of ${long}`.slice(0, 60) });
  expect((await bench.view.event('again'))?.explanation.sentences).toEqual([
    `A duplicate: its nonce was seen before within its ordering key, on event ${long}.`,
  ]);
});

test('a step that two owners did is shown as doubled, whatever else was told of it before or after', async () => {
  const bench = open(1);
  const { partition } = await bench.write(bench.event('e'), { run: true });
  const fact = (atMs: number, out: string) => ({ state: 'done', atMs, attempts: 1, out });
  const step = { id: 'a', use: 'x', ...fact(1_000, 'ours') };
  const branches = [{ route: 'r', hash: 'h', list: 'actions', mode: 'live', outcome: 'done', steps: [step] }];
  const history = { outcome: 'done', acceptedMs: 0, finishedMs: 1_000, meaning: 'none', table: 't', branches };
  const doubled = async (...told: { [key: string]: string | number }[]): Promise<unknown> => {
    await bench.log.put(partition, [
      { key: 'h/e', value: history },
      { key: 'y/e/0/a', value: told },
    ]);
    return (await bench.view.event('e'))?.branches[0]?.steps[0]?.doubled;
  };
  expect(await doubled(fact(1_000, 'ours'))).toBeUndefined();
  const theirs = { at: '1970-01-01T00:00:02.000Z', isCertain: true, out: 'theirs' };
  expect(await doubled(fact(2_000, 'theirs'), fact(1_000, 'ours'))).toEqual(theirs);
  expect(await doubled(fact(1_000, 'ours'), fact(2_000, 'theirs'))).toEqual(theirs);
  const unknown = { state: 'unknown', atMs: 3_000, attempts: 1, detail: 'no answer' };
  expect(await doubled(unknown, fact(2_000, 'theirs'))).toEqual(theirs);
  expect(await doubled(unknown)).toEqual({ at: '1970-01-01T00:00:03.000Z', isCertain: false, detail: 'no answer' });
});
