import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import { createLogger } from '#runtime/observe.js';
import { type RunningRouter, serve } from '#runtime/serve.js';
import { until } from '#test/support/processes.js';

const MIB = 1_048_576;

let dir: string;
let target: Server;
let router: RunningRouter;
let freeBytes: number;
/** Calls that the target has not answered yet. */
let calls: ServerResponse[];
let lost: Error | undefined;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-full-'));
  freeBytes = 500 * MIB;
  calls = [];
  lost = undefined;
  target = createServer((request, response) => {
    request.resume();
    request.on('end', () => void calls.push(response));
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const actions = ['first', 'second'].map((id) => ({
    id,
    use: 'http.request',
    destination: 'target',
    with: { method: 'PUT', path: `/${id}` },
  }));
  writeFileSync(join(dir, 'route.json'), JSON.stringify({ routes: { 'adhoc.disk': [{ name: 'disk', actions }] } }));
  const baseUrl = `http://127.0.0.1:${(target.address() as AddressInfo).port}`;
  const config = parseConfig(
    { http: { port: 0 }, log: { dir: join(dir, 'data') }, mappings: dir, destinations: { target: { kind: 'http', baseUrl } } },
    KINDS,
  );
  router = await serve(config, {
    logger: createLogger({ level: 'silent' }),
    freeSpace: () => ({ freeBytes, totalBytes: 10_240 * MIB }),
    onLost(error) {
      lost = error;
    },
  });
});
afterEach(async () => {
  freeBytes = 500 * MIB;
  await router.stop();
  target.closeAllConnections();
  target.close();
  rmSync(dir, { recursive: true, force: true });
});

const send = (): Promise<Response> =>
  fetch(`${router.url}/ingest/adhoc`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'adhoc.disk', data: {} }),
  });

const answer = async (): Promise<void> => {
  const call = await until('a call', async () => calls.shift());
  call.writeHead(200, { 'content-type': 'application/json' });
  call.end('{}');
};

test('a full disk is answered 503 and shown by readyz; what was under way waits, and all goes on when there is space, without a restart', async () => {
  const taken = await send();
  expect(taken.status).toBe(202);
  const { events } = (await taken.json()) as { events: { id: string }[] };
  await until('the first call', async () => calls[0]);
  freeBytes = 2 * MIB;
  // Its outcome cannot be written now: the second step must not begin.
  await answer();
  const refused = await send();
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ code: 'LOG_FULL', detail: expect.stringContaining('2048 KiB are free') });
  const ready = await until('readyz to tell', async () => {
    const response = await fetch(`${router.url}/readyz`);
    const text = await response.text();
    return response.status === 503 && text.includes('the router waits') ? text : undefined;
  });
  expect(ready).toContain('2048 KiB are free');
  expect((await fetch(`${router.url}/livez`)).status).toBe(200);
  expect(calls).toEqual([]);
  freeBytes = 500 * MIB;
  await answer();
  await until('the run to end', async () => {
    const detail = (await (await fetch(`${router.url}/api/v1/events/${events[0]?.id}`)).json()) as { state: string };
    return detail.state === 'done' ? detail : undefined;
  });
  expect((await send()).status).toBe(202);
  await until('readyz', async () => ((await fetch(`${router.url}/readyz`)).ok ? true : undefined));
  expect(lost).toBeUndefined();
});
