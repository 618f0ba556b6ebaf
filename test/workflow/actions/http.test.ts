import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { urlBelow } from '#runtime/workflow/actions/url-below.js';
import { startSre } from '#test/sandbox/sre.js';
import { actionOf, World } from './world.js';

const KEY = '5f'.repeat(32);
const closing: (() => Promise<unknown>)[] = [];
const open = async (settings: Readonly<Record<string, unknown>> = {}, url?: string): Promise<World> => {
  const world = await World.open('http', settings, url);
  closing.push(() => world.close());
  return world;
};
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

const put = (path: string, more: { [name: string]: Json } = {}): Json => ({ method: 'PUT', path, ...more });
const reasonOf = async (world: World, input: Json): Promise<string> => {
  const result = await world.run('http.request', input, KEY);
  return result.ok ? 'ok' : `${result.error.outcome} ${result.error.reason} ${result.error.retryable ? 'again' : 'never'}`;
};

test.each([
  '../secret',
  '/a/../../secret',
  '/a/..',
  '/./a',
  '/a/%2e%2e/b',
  '/a%2fb',
  '/a\\..\\b',
  '/a%5cb',
  '/%252e%252e/a',
  '/a\tb',
  '\t//evil.example/a',
  '/a\nb',
])('a path that could leave its place is refused: %j', (path) => {
  expect(() => urlBelow('http://127.0.0.1:1/api/v1', path)).toThrow(expect.objectContaining({ reason: 'path-outside', retryable: false }));
});

test.each([
  ['//evil.example/a', 'http://127.0.0.1:1/api/evil.example/a'],
  ['https://evil.example/a', 'http://127.0.0.1:1/api/https://evil.example/a'],
  ['@evil.example', 'http://127.0.0.1:1/api/@evil.example'],
  ['a b/é', 'http://127.0.0.1:1/api/a%20b/%C3%A9'],
])('a path stays below the base URL, whatever it looks like: %j', (path, url) => {
  expect(urlBelow('http://127.0.0.1:1/api', path).href).toBe(url);
});

test('values go into the query escaped, and never into the path as one', async () => {
  expect(urlBelow('http://127.0.0.1:1', '/a', { q: 'x&admin=1#' }).href).toBe('http://127.0.0.1:1/a?q=x%26admin%3D1%23');
  const world = await open();
  for (const path of ['/things/7?admin=1', '/things/7#x']) expect(await reasonOf(world, put(path))).toBe('known path-outside never');
  expect(world.standIn.state.requests).toBe(0);
});

test('a line break in a header begins no other header', async () => {
  const world = await open();
  for (const headers of [{ 'x-note': 'a\r\nx-admin: 1' }, { 'x-note': 'a\u0000' }, { 'x-note': '😀' }, { 'x\r\nadmin': '1' }])
    expect(await reasonOf(world, put('/things/7', { headers }))).toBe('known header-invalid never');
  expect(world.standIn.state.requests).toBe(0);
});

test('headers of the connection and of credentials are the destination’s alone, in any spelling', async () => {
  const world = await open();
  const headers = { Authorization: 'Bearer mine', HOST: 'evil.example', 'Idempotency-key': 'mine', 'X-Note': 'kept', 'User-Agent': 'me' };
  const { body } = (await world.must('http.request', put('/things/7', { headers }), KEY)) as { body: { headers: Record<string, string> } };
  expect(body.headers).toMatchObject({ 'idempotency-key': KEY, 'x-note': 'kept', 'user-agent': 'me' });
  expect(body.headers.authorization).toBeUndefined();
  expect(body.headers.host).toMatch(/^127\.0\.0\.1:/);
});

test('a redirect is not followed, to another host or at all, with or without body', async () => {
  const world = await open();
  const elsewhere = await startSre();
  closing.push(() => elsewhere.close());
  world.standIn.setFault({ route: '*', fault: 'redirect', to: `${elsewhere.url}/things/9` });
  expect(await reasonOf(world, { method: 'GET', path: '/tasks/1' })).toBe('known http-303 never');
  expect(await reasonOf(world, put('/things/7'))).toBe('unknown http-303 never');
  expect(elsewhere.state.requests).toBe(0);
  expect(world.standIn.state.requests).toBe(2);
});

test('a connection that was closed while idle is not used again: the next call works at once', async () => {
  const world = await open();
  await world.must('http.request', put('/things/1'), KEY);
  await world.freshConnections();
  await world.must('http.request', put('/things/2'), KEY);
  expect(world.standIn.state.requests).toBe(2);
});

test('a long answer is cut, and the connection it came on closed', async () => {
  const world = await open();
  world.standIn.setFault({ route: '*', fault: 'huge' });
  const { body } = (await world.must('http.request', put('/things/1'), KEY)) as { body: string };
  expect(body).toHaveLength(65_536);
  await world.standIn.allClosed();
});

test('a 409 to a second call under a key says that the first is under way; to a first call it is a refusal', async () => {
  const world = await open();
  const input = { method: 'POST', path: '/tasks', body: { task: 'bounce' } };
  await world.must('http.request', input, KEY);
  world.standIn.configure({ busy: 2 });
  expect(await world.run('http.request', input, KEY, 2)).toMatchObject({
    ok: false,
    error: { outcome: 'unknown', reason: 'key-in-use', retryable: true },
  });
  expect(await world.run('http.request', input, KEY, 1)).toMatchObject({
    ok: false,
    error: { outcome: 'known', reason: 'http-409', retryable: false },
  });
  expect(await world.run('http.request', input, KEY, 2)).toMatchObject({ ok: true });
  expect(world.standIn.state.effects).toHaveLength(1);
});

test('a status that asks to be repeated elsewhere or on another connection is not repeated by the client', async () => {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(421).end();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closing.push(() => new Promise((done) => server.close(done)));
  const world = await open({}, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await reasonOf(world, put('/a'))).toBe('known http-421 never');
  expect(await reasonOf(world, put('/a'))).toBe('known http-421 never');
  expect(requests).toBe(2);
  server.closeAllConnections();
});

test('a key is not trusted to the last moment of its time', async () => {
  const world = await open({ idempotency: { header: 'Idempotency-Key', keepFor: '1h' } });
  const { client } = world;
  const { settlement } = actionOf('http.request');
  expect(settlement(client, { method: 'POST', path: '/' })).toEqual({ by: 'resend', forMs: 3_540_000 });
  expect(settlement(client, { method: 'DELETE', path: '/' })).toEqual({ by: 'resend' });
});
