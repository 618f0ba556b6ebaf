import { request as httpRequest, METHODS } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS } from '#runtime/errors.js';
import { ENDPOINTS } from '#runtime/http/endpoints.js';
import { RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
beforeAll(async () => {
  await router.start({
    routes: { t: [{ name: 'r', mode: 'shadow', actions: [{ id: 's', use: 'slack.message', with: { channel: '#c', text: 'x' } }] }] },
    config: { limits: { body: '20kB', depth: 10, alerts: 5 } },
    destinations: { slack: { kind: 'slack', tokenFile: router.file('token', 'xoxb-fuzz-fuzz') } },
  });
  await router.send({ type: 't', id: 'known', correlationid: 'c' });
});
afterAll(() => router.close());

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

interface Answered {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

function ask({ method, path, headers, body }: Asked): Promise<Answered | 'not sent'> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(router.url);
    let sent: ReturnType<typeof httpRequest>;
    try {
      sent = httpRequest({
        hostname,
        port,
        method,
        path,
        agent: false,
        headers: { ...Object.fromEntries(headers), 'content-length': String(Buffer.byteLength(body)) },
      });
    } catch {
      // Node itself refuses to send it.
      return resolve('not sent');
    }
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** CONNECT has no path; hostile.test.ts sends one. */
const methods = ['GET', 'POST', 'POST', 'HEAD', ...METHODS.filter((method) => method !== 'CONNECT')];
const nasty = fc.oneof(
  fc.constantFrom(
    'known-0',
    '..',
    '%00',
    '%2f',
    '%2e%2e',
    '%zz',
    '%',
    '%u0041',
    "'",
    '"',
    '<',
    '{}',
    '__proto__',
    'constructor',
    '',
    'é',
    '💥',
  ),
  fc.string(),
);
const segment = nasty.map((text) => (/^%/.test(text) ? text : encodeURIComponent(text.toString().replaceAll(/[\ud800-\udfff]/g, ''))));
const path = fc.oneof(
  fc
    .constantFrom(...ENDPOINTS.map((endpoint) => endpoint.path))
    .chain((known) =>
      fc.array(segment, { minLength: 3, maxLength: 3 }).map((parts) => known.replaceAll(/\{\w+\}/g, () => parts.pop() ?? '')),
    ),
  fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join('/')}`),
);
const name = fc.constantFrom('state', 'type', 'key', 'limit', 'cursor', 'x', '__proto__', 'toString');
const value = fc.oneof(fc.constantFrom('parked', 'open', '0', '-1', '1e9', '50', 'WzBd', 'WzAsInh4eCJd', 'null'), segment);
const query = fc
  .array(fc.tuple(name, value), { maxLength: 4 })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map(([key, text]) => `${key}=${text}`).join('&')}`));
const headers = fc.array(
  fc.oneof(
    fc.tuple(
      fc.constant('content-type'),
      fc.constantFrom(
        'application/json',
        'application/cloudevents+json',
        'application/cloudevents-batch+json',
        'text/plain',
        '/',
        'application/json; charset=x',
        ';',
      ),
    ),
    fc.tuple(fc.constant('content-encoding'), fc.constantFrom('gzip', 'br', 'identity', '')),
    fc.tuple(
      fc.constantFrom('ce-id', 'ce-source', 'ce-type', 'ce-specversion', 'ce-time', 'authorization', 'accept', 'traceparent'),
      fc.constantFrom('1.0', 'x', 't', 'Bearer x', 'text/html', '2026-01-01T00:00:00Z'),
    ),
  ),
  { maxLength: 4 },
);
const body = fc.oneof(
  fc.constantFrom(
    '{"type":"t"}',
    '{"reason":"r"}',
    '{"reason":"r","step":"s","output":{"a":1}}',
    '{"type":"t","data":{"__proto__":1}}',
    '{"type":{"length":{"toString":1,"valueOf":1}}}',
    '{"reason":{"length":{"toString":1,"valueOf":1}}}',
    '{"specversion":"1.0","id":"1","source":"s","type":"t"}',
    '[{"specversion":"1.0","id":"1","source":"s","type":"t"}]',
    '{"version":"4","status":"firing","receiver":"","groupKey":"","groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"","alerts":[{}]}',
    '{"event":{"id":"e","subject":"adhoc"},"body":{"type":"t"}}',
    `${'['.repeat(500)}${']'.repeat(500)}`,
    'x'.repeat(20_001),
  ),
  fc.json(),
  fc.string({ unit: 'binary' }),
);

test('no request whatever is a fault of the router: it answers, in time, and says what is wrong as problem details', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...methods), path, query, headers, body, async (method, at, asked, given, text) => {
      const answer = await ask({ method, path: `${at}${asked}`, headers: given, body: text });
      if (answer === 'not sent') return;
      expect(answer.status).toBeLessThan(500);
      expect(answer.status).toBeGreaterThanOrEqual(200);
      expect(answer.status < 300 || answer.status >= 400).toBe(true);
      if (answer.status < 300 || method === 'HEAD') return;
      expect(answer.type).toMatch(/^application\/problem\+json/);
      const problem = JSON.parse(answer.body) as { code: keyof typeof ERRORS; status: number };
      expect([problem.status, ERRORS[problem.code].status]).toEqual([answer.status, answer.status]);
      expect(answer.body.length).toBeLessThan(4_000);
    }),
    { numRuns: process.env.LONG === '1' ? 20_000 : process.env.CI === 'true' ? 3_000 : 600 },
  );
  expect((await router.ask('/readyz')).status).toBe(200);
  expect(router.lines.filter((line) => /"level":"(error|fatal)"/.test(line))).toEqual([]);
  expect((await router.ask('/metrics')).text).toMatch(/^sre_router_conservation 0$/m);
}, 120_000);
