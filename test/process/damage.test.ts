import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KINDS } from '#runtime/catalog.js';
import { systemClock } from '#runtime/clock.js';
import { parseConfig } from '#runtime/config.js';
import { openEmbedded } from '#runtime/log/embedded.js';
import { createLogger } from '#runtime/observe.js';
import { type RunningRouter, serve } from '#runtime/serve.js';
import { until } from '#test/support/processes.js';

/**
 * Real bytes flipped in the data file of a stopped router, in the record that each test names. There are two events: "ended", whose run is over, and
 * "waits", whose second step waits for an hour.
 */
let dir: string;
let target: Server;
let router: RunningRouter | undefined;
let calls: string[];
/** Of events sent, by name. */
const ids = new Map<string, string>();

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-damage-'));
  calls = [];
  target = createServer((request, response) => {
    const path = request.url ?? '';
    calls.push(path);
    request.resume();
    request.on('end', () => {
      if (path === '/second/waits') response.writeHead(429, { 'retry-after': '3600' }).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  mapping('as it was');
  await start();
  await send('ended');
  await state('ended', 'done');
  await send('waits');
  await state('waits', 'waiting');
  expect(calls).toEqual(['/first/ended', '/second/ended', '/first/waits', '/second/waits']);
  await stop();
});
afterEach(async () => {
  await stop();
  target.closeAllConnections();
  target.close();
  rmSync(dir, { recursive: true, force: true });
});

function mapping(note: string): void {
  const actions = ['first', 'second'].map((id) => ({
    id,
    use: 'http.request',
    destination: 'target',
    with: { method: 'PUT', path: `/${id}/\${{ data.name }}`, body: note },
  }));
  writeFileSync(join(dir, 'route.json'), JSON.stringify({ routes: { 'adhoc.thing': [{ name: 'thing', actions }] } }));
}

async function start(): Promise<void> {
  const baseUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const config = parseConfig(
    { http: { port: 0 }, log: { dir: join(dir, 'data') }, mappings: dir, destinations: { target: { kind: 'http', baseUrl } } },
    KINDS,
  );
  router = await serve(config, { logger: createLogger({ level: 'silent' }) });
}

async function stop(): Promise<void> {
  await router?.stop();
  router = undefined;
}

/** Flips a bit in every copy of these bytes (former versions of a page hold some too). */
function damage(text: string): void {
  const file = join(dir, 'data', 'data.mdb');
  const bytes = readFileSync(file);
  let count = 0;
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    bytes.writeUInt8(bytes.readUInt8(at + text.length - 1) ^ 1, at + text.length - 1);
    count += 1;
  }
  expect(count).toBeGreaterThan(0);
  writeFileSync(file, bytes);
}

interface Detail {
  id: string;
  state: string;
  reason?: string;
  branches: { steps: { id: string; state: string }[] }[];
  duplicates: unknown[];
}

const url = (): string => router?.url ?? '';

async function send(name: string): Promise<void> {
  const body = JSON.stringify({ type: 'adhoc.thing', id: name, data: { name } });
  const response = await fetch(`${url()}/ingest/adhoc`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(202);
  ids.set(name, ((await response.json()) as { events: { id: string }[] }).events[0]?.id ?? '');
}

async function detail(name: string): Promise<Detail | undefined> {
  const response = await fetch(`${url()}/api/v1/events/${encodeURIComponent(ids.get(name) ?? name)}`);
  return response.ok ? ((await response.json()) as Detail) : undefined;
}

const state = (name: string, expected: string): Promise<Detail> =>
  until(`${name} to be ${expected}`, async () => {
    const found = await detail(name);
    return found?.state === expected ? found : undefined;
  });

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${url()}/metrics`)).text();
  return Number(new RegExp(`^sre_router_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
}

/** The router works as if nothing had been: the law holds, and a new event is taken and run. */
async function works(damaged: number): Promise<void> {
  expect({ conservation: await metric('conservation'), damaged: await metric('damaged_total') }).toEqual({ conservation: 0, damaged });
  await send('later');
  await state('later', 'done');
  expect(await metric('conservation')).toBe(0);
  for (const call of ['/first/ended', '/second/ended', '/first/waits']) expect(calls.filter((one) => one === call)).toEqual([call]);
}

test('a damaged ledger is counted again from the log and the markers', async () => {
  damage('{"next":2,"received":2');
  await start();
  await works(1);
  await state('waits', 'waiting');
  await send('ended');
  await until('a duplicate', async () => ((await detail('ended'))?.duplicates.length === 1 ? true : undefined));
});

test('a run whose record is damaged ends as quarantined, with what is known of its steps, and is never silently lost', async () => {
  damage('"offset":1,"atMs":');
  await start();
  await works(1);
  const lost = await state('waits', 'quarantined');
  expect(lost.reason).toBe('journal-damaged');
  expect(lost.branches.flatMap(({ steps }) => steps.map(({ id, state: at }) => `${id} ${at}`))).toEqual(['first done', 'second retry']);
});

test.each([
  ['that waits', '"state":"retry"', 'second'],
  ['that is done', '"out":{"status":200', 'first'],
])('a step %s whose record is damaged is shown to a person, and not done again', async (_, text, step) => {
  damage(text);
  await start();
  const found = await state('waits', 'ambiguous');
  expect(found.branches[0]?.steps.find(({ id }) => id === step)?.state).toBe('ambiguous');
  // The history of the ended run holds the same text: damaged as well, and met when it was asked for.
  await works((await metric('damaged_total')) as number);
  expect(calls.filter((call) => call.endsWith('/waits'))).toEqual(['/first/waits', '/second/waits']);
});

test('an event whose marker is damaged is a duplicate when it comes again, and runs nothing', async () => {
  damage('{"o":"done","p":0');
  await start();
  await send('ended');
  await until('it to be counted', async () =>
    (await (await fetch(`${url()}/metrics`)).text()).includes('outcomes_total{outcome="duplicate"} 1') ? true : undefined,
  );
  await works(1);
});

test('a run whose route text is damaged goes on with the same route of today', async () => {
  damage('as it was');
  await start();
  await works((await metric('damaged_total')) as number);
  await state('waits', 'waiting');
});

test('a run whose route text is damaged, and is not in the mappings any more, ends as quarantined', async () => {
  damage('as it was');
  mapping('changed');
  await start();
  await works((await metric('damaged_total')) as number);
  expect((await state('waits', 'quarantined')).reason).toBe('journal-damaged');
});

test('a record that was damaged before it was accepted is counted as quarantined; its neighbours run', async () => {
  const log = openEmbedded({ dir: join(dir, 'data'), clock: systemClock });
  const event = (name: string): string =>
    JSON.stringify({
      specversion: '1.0',
      id: name,
      type: 'adhoc.thing',
      source: 'adhoc',
      ingestsource: 'adhoc',
      time: '2026-01-01T00:00:00Z',
      recordedtime: '2026-01-01T00:00:00Z',
      partitionkey: name,
      data: { name },
    });
  await log.append(['one', 'torn', 'two'].map((name) => ({ key: name, value: Buffer.from(event(name)) })));
  await log.close();
  damage('"partitionkey":"torn"');
  await start();
  await state('one', 'done');
  await state('two', 'done');
  const found = (await (await fetch(`${url()}/api/v1/events/unreadable-3`)).json()) as Detail;
  expect(found).toMatchObject({ state: 'quarantined' });
  await works(1);
});
