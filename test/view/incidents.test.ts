import { afterEach, expect, test } from '@jest/globals';
import { ViewBench } from '#test/view/view-bench.js';

const opened: ViewBench[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bench) => bench.close()));
});
function open(partitions: number): ViewBench {
  const bench = new ViewBench(partitions);
  opened.push(bench);
  return bench;
}

async function pages({ view }: ViewBench, limit: number, state?: 'open' | 'closed'): Promise<string[][]> {
  const found: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await view.incidents({ state, limit, cursor });
    found.push(page.incidents.map(({ key }) => key));
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

test('every incident of every partition is listed once, whatever the size of a page', async () => {
  const bench = open(3);
  // Keys of a later partition that sort before those of an earlier one.
  const keys = ['z', 'y', 'a', 'm', 'b', 'x', 'c'];
  for (const [n, key] of keys.entries()) await bench.incident(n % 3, key);
  for (const limit of [1, 2, 3, 100]) expect((await pages(bench, limit)).flat().sort()).toEqual([...keys].sort());
});

test('incidents are filtered by state', async () => {
  const bench = open(1);
  await bench.incident(0, 'a');
  await bench.incident(0, 'b', { state: 'closed', closedMs: 1, closedAs: 'resolved' });
  expect((await pages(bench, 10, 'open')).flat()).toEqual(['a']);
  expect((await pages(bench, 10, 'closed')).flat()).toEqual(['b']);
});

test('a state that few have is answered in bounded pieces that lead to the end', async () => {
  const bench = open(1);
  const entries = Array.from({ length: 6_000 }, (_, n) => ({ key: `n/k${String(n).padStart(5, '0')}`, value: {} }));
  await bench.incident(0, 'template');
  const template = await bench.log.get(0, 'n/template');
  await bench.log.put(
    0,
    entries.map(({ key }) => ({ key, value: { ...(template as object), key: key.slice(2) } })),
  );
  await bench.incident(0, 'zzz', { state: 'closed' });
  expect(await pages(bench, 10, 'closed')).toEqual([[], ['zzz']]);
});

test('an incident tells what its steps made and its latest events, newest first, and no others', async () => {
  const bench = open(2);
  const of = { source: 's', correlationid: 'c', partitionkey: 'k' };
  const { partition } = await bench.write(bench.event('opener', { ...of, data: { password: 'hunter2-hunter2' } }), { m: 'opens' });
  await bench.write(bench.event('stranger', { ...of, correlationid: 'other' }));
  await bench.write(bench.event('repeat', of), { o: 'repeat', m: 'repeat' });
  await bench.incident(partition, 's:c', {
    partitionkey: 'k',
    openedBy: 'opener',
    steps: { route: { tell: { channel: 'C1', ts: '1.2' }, call: { body: 'you said hunter2-hunter2' } } },
    routes: [{ route: 'route', hash: 'h', mode: 'live' }],
  });
  const detail = await bench.view.incident('s:c');
  expect(detail).toMatchObject({
    key: 's:c',
    state: 'open',
    openedBy: 'opener',
    steps: { route: { tell: { channel: 'C1', ts: '1.2' }, call: { body: 'you said [redacted]' } } },
    events: [
      { id: 'repeat', state: 'repeat', meaning: 'repeat' },
      { id: 'opener', state: 'done', meaning: 'opens' },
    ],
  });
  expect(await bench.view.incident('s:other')).toBeUndefined();
});
