import { afterEach, expect, test } from '@jest/globals';
import { BareServer, type RawConnection } from '#test/http/bare-server.js';
import { until } from '#test/support/processes.js';

const opened: BareServer[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

const PATIENCE = { headersMs: 150, requestMs: 300, lookMs: 20, silentMs: 400 };

async function open(): Promise<{ server: BareServer; connection: RawConnection }> {
  const server = await new BareServer({ patience: PATIENCE }).start();
  opened.push(server);
  return { server, connection: server.socket() };
}

/** Head and JSON body of the last answer on a connection. */
function last(received: string): { status: number; head: string; body: { code?: string; status?: number } } {
  const at = received.lastIndexOf('HTTP/1.1 ');
  const [head = '', body = ''] = received.slice(at).split('\r\n\r\n');
  // A chunked body begins with its length and ends with 0.
  const json = body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1);
  return { status: Number(head.split(' ')[1]), head, body: json === '' ? {} : (JSON.parse(json) as { code?: string }) };
}

const HEAD = 'POST /ingest/adhoc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

test.each([
  ['never sends anything', '', 408, 'REQUEST_TIMEOUT'],
  ['sends half its headers', 'POST /ingest/adhoc HTTP/1.1\r\nHost: local', 408, 'REQUEST_TIMEOUT'],
  ['sends half its body', `${HEAD}Content-Length: 100\r\n\r\n{"type"`, 408, 'REQUEST_TIMEOUT'],
  [
    'says a body is shorter than it is, and leaves rubbish behind',
    `${HEAD}Content-Length: 2\r\n\r\n{}}}}garbage\r\n\r\n`,
    400,
    'INVALID_REQUEST',
  ],
  ['sends no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 400, 'INVALID_REQUEST'],
  ['speaks TLS', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400, 'INVALID_REQUEST'],
  ['sends a control character in a header', `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: a\u0000b\r\n\r\n`, 400, 'INVALID_REQUEST'],
  ['sends no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'INVALID_REQUEST'],
  ['sends a length and chunks at once', `${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400, 'INVALID_REQUEST'],
  ['sends two lengths', `${HEAD}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400, 'INVALID_REQUEST'],
  ['sends a negative length', `${HEAD}Content-Length: -1\r\n\r\n`, 400, 'INVALID_REQUEST'],
  ['sends a broken chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n`, 400, 'INVALID_REQUEST'],
  ['sends a header of 20 kB', `GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  [
    'sends a thousand headers',
    `GET /livez HTTP/1.1\r\nHost: localhost\r\n${Array.from({ length: 3_000 }, (_, n) => `X-${n}: ${n}\r\n`).join('')}\r\n`,
    431,
    'HEADERS_TOO_LARGE',
  ],
  ['asks for a URL of 20 kB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
  ['expects what nobody knows', `${HEAD}Expect: tea\r\nContent-Length: 2\r\n\r\n{}`, 400, 'INVALID_REQUEST'],
  ['says its body is larger than allowed', `${HEAD}Content-Length: 999999999999\r\n\r\n{`, 413, 'BODY_TOO_LARGE'],
])('a client that %s gets problem details, and its connection ends', async (_what, text, status, code) => {
  const { server, connection } = await open();
  if (text !== '') connection.send(text);
  const answer = last(await connection.ended);
  expect([answer.status, answer.body.code]).toEqual([status, code]);
  expect(answer.head).toContain('application/problem+json');
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test('a client that goes away in the middle of its body is nobody’s error', async () => {
  const { server, connection } = await open();
  connection.send(`${HEAD}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n`);
  await connection.until('100 Continue');
  connection.socket.destroy();
  await connection.ended;
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test('a client that does not read its answer is let go', async () => {
  const server = await new BareServer({ patience: PATIENCE, metricsText: async () => 'x'.repeat(50_000_000) }).start();
  opened.push(server);
  const connection = server.socket();
  connection.socket.pause();
  connection.send('GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n');
  // What lies in the buffers of both ends is read once the server has given up; the rest never comes.
  await until('the server to have cut it off', async () => server.answers[0], 10_000);
  connection.socket.resume();
  expect((await connection.ended).length).toBeLessThan(50_000_000);
});

test('requests in one packet are answered in order', async () => {
  const { connection } = await open();
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  connection.send(
    get('/livez') + get('/nope') + get('/readyz') + get('/api/v1/events').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
  );
  expect([...(await connection.ended).matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '404', '200', '200']);
});

test.each([
  ['HTTP/1.0', 'GET /livez HTTP/1.0\r\n\r\n', 200],
  ['an absolute URL', 'GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 200],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 405],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', undefined],
  ['an upgrade', 'GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade, close\r\nUpgrade: websocket\r\n\r\n', 200],
  ['a path that climbs', 'GET /../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
  ['a path of dots and backslashes', 'GET /api/v1/events/..\\..\\x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
  ['a fragment', 'GET /livez#x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 200],
])('%s harms nothing', async (_what, text, status) => {
  const { server, connection } = await open();
  connection.send(text);
  const received = await connection.ended;
  expect(/HTTP\/1\.[01] (\d+)/.exec(received)?.[1]).toBe(status === undefined ? undefined : String(status));
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test('a thousand repeated and unknown parameters are refused in one short answer', async () => {
  const { server } = await open();
  const query = Array.from({ length: 1_000 }, (_, n) => `k${n % 10}=${n}`).join('&');
  const response = await fetch(`${server.url}/api/v1/events?${query}`);
  const text = await response.text();
  expect(response.status).toBe(400);
  expect(text.length).toBeLessThan(2_000);
});

test('every answer is counted under its endpoint, never under what a stranger asked for', async () => {
  const { server, connection } = await open();
  await fetch(`${server.url}/api/v1/events/some-id`);
  await fetch(`${server.url}/what/ever`);
  await fetch(`${server.url}/ingest/adhoc`);
  connection.send('NONSENSE\r\n\r\n');
  await connection.ended;
  await fetch(`${server.url}/livez`);
  expect(server.answers.slice(0, 4).sort()).toEqual(['/api/v1/events/{id} 404', '/ingest/{source} 405', 'none 400', 'none 404']);
});
