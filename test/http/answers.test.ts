import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ERRORS, type ErrorCode } from '#runtime/errors.js';
import type { Endpoint } from '#runtime/http/endpoint.js';
import { ENDPOINTS } from '#runtime/http/endpoints.js';
import { openApiDocument } from '#runtime/http/openapi.js';
import { HttpTarget } from '#test/support/http-target.js';
import { type Answer, RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
const target = new HttpTarget();
const step = (id: string, path: string, more: object = {}): object => ({
  id,
  use: 'http.request',
  destination: 'target',
  with: { method: 'POST', path, body: { about: '${{ data }}' } },
  ...more,
});
const alert = {
  status: 'firing',
  labels: { alertname: 'Down', cluster: 'mac-7' },
  annotations: {},
  startsAt: '2026-01-01T00:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: '',
  fingerprint: '0123456789abcdef',
};
const webhook = (...alerts: object[]): object => ({
  version: '4',
  status: 'firing',
  receiver: 'r',
  groupKey: '{}:{}',
  groupLabels: {},
  commonLabels: {},
  commonAnnotations: {},
  externalURL: '',
  truncatedAlerts: 0,
  alerts,
});

beforeAll(async () => {
  await target.start();
  target.answer = ({ path }) =>
    path.startsWith('/busy')
      ? { status: 429 }
      : path.startsWith('/refuse')
        ? { status: 400 }
        : path.startsWith('/lose')
          ? { lost: true }
          : { body: '{"ticket":"SRE-1"}' };
  await router.start({
    routes: {
      works: [{ name: 'works', actions: [step('call', '/work')] }],
      parks: [{ name: 'parks', actions: [step('call', '/refuse', { onError: 'park' }), step('after', '/work')] }],
      loses: [{ name: 'loses', actions: [step('call', '/lose')] }],
      waits: [{ name: 'waits', actions: [step('call', '/busy', { retry: { attempts: 9, backoff: '1h' } })] }],
      passes: [
        {
          name: 'passes',
          actions: [
            step('whole', '${{ data.path }}', { onError: 'continue' }),
            step('part', '/work/${{ data.path }}', { onError: 'continue' }),
          ],
        },
      ],
      plans: [{ name: 'plans', mode: 'shadow', actions: [step('call', '/work')] }],
      'alertmanager.alert': [{ name: 'alerts', when: "data.labels.cluster == 'mac-7'", actions: [step('call', '/work')] }],
    },
    destinations: { target: { kind: 'http', baseUrl: target.url } },
    config: { limits: { body: '100kB', alerts: 3, event: '20kB', depth: 12 } },
  });
  await router.send({ type: 'works', id: 'one', data: { a: 1 } });
  await router.send({ type: 'works', id: 'one', data: { a: 1 } });
  await router.send({ type: 'parks', id: 'parked' });
  await router.send({ type: 'loses', id: 'lost' });
  await router.send({ type: 'plans', id: 'shadow' });
  await router.send({ type: 'nobody', id: 'unrouted' });
  await router.send({ type: 'adhoc.task', id: 'misshapen', data: { task: 7 } });
  const { json } = await router.post('/ingest/alertmanager', webhook(alert, { status: 'firing', fingerprint: 'none' }));
  for (const { id } of json.events) await router.over(id);
});
afterAll(async () => {
  await router.close();
  await target.close();
});

const document = openApiDocument(ENDPOINTS, '0') as unknown as {
  paths: Record<string, Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>>;
  components: { schemas: { Problem: object } };
};
const ajv = new Ajv2020({ strict: true, validateFormats: false });
const isProblem = ajv.compile(document.components.schemas.Problem);

/** Fails for a field that the document does not have, too. */
function expectDocumented({ method, path }: Pick<Endpoint, 'method' | 'path'>, answer: Answer): void {
  const documented = document.paths[path]?.[method.toLowerCase()]?.responses[String(answer.status)];
  expect(documented).toBeDefined();
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const schema = documented?.content[type]?.schema ?? {};
  const validate = '$ref' in schema ? isProblem : ajv.compile(schema);
  validate(type.endsWith('json') ? answer.json : answer.text);
  expect([validate.errors, answer.text.slice(0, 300)]).toEqual([null, answer.text.slice(0, 300)]);
}

const idOf = async (type: string): Promise<string> => (await router.ask(`/api/v1/events?type=${type}`)).json.events[0].id;

test.each([
  ['/', '/'],
  ['/openapi.json', '/openapi.json'],
  ['/metrics', '/metrics'],
  ['/livez', '/livez'],
  ['/readyz', '/readyz'],
  ['/api/v1/mappings', '/api/v1/mappings'],
  ['/api/v1/events', '/api/v1/events'],
  ['/api/v1/events?limit=2', '/api/v1/events'],
  ['/api/v1/events?state=parked', '/api/v1/events'],
  ['/api/v1/incidents', '/api/v1/incidents'],
  ['/api/v1/incidents?state=open&limit=1', '/api/v1/incidents'],
  ['/api/v1/incidents/alertmanager%3A0123456789abcdef', '/api/v1/incidents/{key}'],
])('GET %s answers 200 as documented', async (url, path) => {
  const answer = await router.ask(url);
  expect(answer.status).toBe(200);
  expectDocumented({ method: 'GET', path }, answer);
});

test('events in every state are shown as documented', async () => {
  const { events } = (await router.ask('/api/v1/events?limit=100')).json as { events: { id: string; state: string }[] };
  for (const { id } of events) expectDocumented({ method: 'GET', path: '/api/v1/events/{id}' }, await router.ask(`/api/v1/events/${id}`));
  expect(new Set(events.map(({ state }) => state))).toEqual(
    new Set(['done', 'duplicate', 'parked', 'ambiguous', 'unrouted', 'quarantined']),
  );
});

test('every command answers 202 as documented, and does what it says', async () => {
  const command = async (id: string, kind: string, body: object): Promise<Answer> => {
    const answer = await router.post(`/api/v1/events/${id}/${kind}`, { reason: 'because', ...body });
    expect(answer.status).toBe(202);
    expectDocumented({ method: 'POST', path: `/api/v1/events/{id}/${kind}` }, answer);
    return answer;
  };
  const parked = await idOf('parks');
  const lost = await idOf('loses');
  await command(parked, 'resolve', { step: 'call', output: { ticket: 'SRE-9' } });
  expect(await router.over(parked, ['done'])).toMatchObject({ branches: [{ steps: [{ out: { ticket: 'SRE-9' } }, { state: 'done' }] }] });
  await command(lost, 'abandon', {});
  expect(await router.over(lost, ['failed'])).toMatchObject({
    branches: [{ steps: [{ reason: 'abandoned', detail: 'anyone: because' }] }],
  });
  const { json } = await command(await idOf('adhoc.task'), 'resubmit', { data: { task: 'bounce' } });
  expect(await router.over(json.id)).toMatchObject({ id: expect.stringMatching(/^misshapen-.*~1$/), state: 'unrouted' });
});

test('HEAD answers like GET, without a body', async () => {
  for (const path of ['/', '/livez', '/readyz', '/metrics', '/api/v1/events']) {
    const { status, text } = await router.ask(path, { method: 'HEAD' });
    expect([status, text]).toEqual([200, '']);
  }
});

test('a browser gets links, everybody else text, and neither may run a script', async () => {
  const page = await router.ask('/', { headers: { accept: 'text/html,application/xhtml+xml' } });
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(page.headers.get('content-security-policy')).toBe("default-src 'none'");
  expect(page.text).toContain('<a href="/api/v1/events?state=parked">');
  const text = await router.ask('/');
  for (const [path] of text.text.matchAll(/^\/\S+/gm)) expect([path, (await router.ask(path)).status]).toEqual([path, 200]);
});

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const bytes = (body: Uint8Array, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: body as Uint8Array<ArrayBuffer>,
});
/** Whoever compares its length with a number throws. */
const STRANGE = { length: { toString: 1, valueOf: 1 } };
const command = (body: unknown): RequestInit => json(body);

test.each<[what: string, path: string, init: RequestInit, code: ErrorCode, pointer?: string]>([
  ['a source nobody configured', '/ingest/nobody', json({}), 'UNKNOWN_SOURCE'],
  ['a source named like a property of every object', '/ingest/constructor', json({}), 'UNKNOWN_SOURCE'],
  ['no content type', '/ingest/adhoc', bytes(Buffer.from('{}'), { 'content-type': '' }), 'CONTENT_TYPE'],
  ['a form', '/ingest/adhoc', bytes(Buffer.from('a=1'), { 'content-type': 'application/x-www-form-urlencoded' }), 'CONTENT_TYPE'],
  ['an unknown encoding', '/ingest/adhoc', bytes(Buffer.from('{}'), { 'content-encoding': 'br' }), 'CONTENT_TYPE'],
  ['an empty body', '/ingest/adhoc', json(''), 'BODY_NOT_JSON'],
  ['half a JSON', '/ingest/adhoc', json('{"type":'), 'BODY_NOT_JSON'],
  ['bytes that are no UTF-8', '/ingest/adhoc', bytes(Buffer.from([0x22, 0xff, 0x22])), 'BODY_NOT_UTF8'],
  ['deep nesting', '/ingest/adhoc', json(`${'['.repeat(50_000)}${']'.repeat(50_000)}`), 'BODY_TOO_DEEP', '/0/0/0/0/0/0/0/0/0/0/0/0'],
  ['__proto__', '/ingest/adhoc', json('{"type":"t","data":{"__proto__":{"a":1}}}'), 'BODY_FORBIDDEN_KEY', '/data/__proto__'],
  ['gzip that is none', '/ingest/adhoc', bytes(Buffer.from('{}'), { 'content-encoding': 'gzip' }), 'BODY_NOT_INFLATABLE'],
  ['gzip that breaks off', '/ingest/adhoc', bytes(gzipSync('{}').subarray(0, 15), { 'content-encoding': 'gzip' }), 'BODY_NOT_INFLATABLE'],
  ['a gzip bomb', '/ingest/adhoc', bytes(gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }), 'BODY_TOO_LARGE'],
  ['a body one byte too large', '/ingest/adhoc', json(`"${'x'.repeat(100_000 - 1)}"`), 'BODY_TOO_LARGE'],
  ['no type', '/ingest/adhoc', json({ data: {} }), 'BODY_INVALID', '/type'],
  ['an unknown field', '/ingest/adhoc', json({ type: 't', date: {} }), 'BODY_INVALID', '/date'],
  ['an object with a length that is none', '/ingest/adhoc', json({ type: STRANGE }), 'BODY_INVALID', '/type'],
  ['a command with such an object', '/api/v1/events/none/retry', json({ reason: STRANGE }), 'INVALID_REQUEST', '/reason'],
  ['a key that stands twice', '/ingest/adhoc', json('{"type":"a","type":"b"}'), 'BODY_AMBIGUOUS', '/type'],
  ["the router's own types", '/ingest/adhoc', json({ type: 'router.command', data: {} }), 'BODY_INVALID', '/type'],
  ['another webhook version', '/ingest/alertmanager', json({ ...webhook(alert), version: '5' }), 'BODY_INVALID', '/version'],
  ['no alerts', '/ingest/alertmanager', json(webhook()), 'BODY_INVALID', '/alerts'],
  ['too many alerts', '/ingest/alertmanager', json(webhook(alert, alert, alert, alert)), 'BATCH_TOO_LARGE', '/alerts'],
  ['an event that is too large', '/ingest/adhoc', json({ type: 't', data: 'x'.repeat(30_000) }), 'EVENT_TOO_LARGE', ''],
  ['what is no CloudEvent', '/ingest/events', json({ a: 1 }), 'BODY_INVALID', '/specversion'],
  ['an unknown event', '/api/v1/events/none', {}, 'NOT_FOUND'],
  ['an unknown incident', '/api/v1/incidents/none', {}, 'NOT_FOUND'],
  ['an unknown path', '/api/v2/events', {}, 'NOT_FOUND'],
  ['a path of percent signs', '/api/v1/events/%zz', {}, 'INVALID_REQUEST'],
  ['an unknown state', '/api/v1/events?state=broken', {}, 'INVALID_REQUEST'],
  ['an unknown filter', '/api/v1/events?stat=parked', {}, 'INVALID_REQUEST'],
  ['a filter given twice', '/api/v1/events?type=a&type=b', {}, 'INVALID_REQUEST'],
  ['a limit of a billion', '/api/v1/events?limit=1e9', {}, 'INVALID_REQUEST'],
  ['a limit of none', '/api/v1/incidents?limit=0', {}, 'INVALID_REQUEST'],
  ['a limit that is no number', '/api/v1/events?limit=many', {}, 'INVALID_REQUEST'],
  ['a cursor of something else', '/api/v1/events?cursor=eHl6', {}, 'INVALID_REQUEST'],
  ['a cursor of another question', '/api/v1/incidents?cursor=WzBd', {}, 'INVALID_REQUEST'],
  ['a cursor of other partitions', '/api/v1/events?cursor=WzAsMF0', {}, 'INVALID_REQUEST'],
  ['a command for nothing', '/api/v1/events/none/retry', command({ reason: 'r' }), 'NOT_FOUND'],
  ['a command without a reason', '/api/v1/events/none/retry', command({}), 'INVALID_REQUEST', '/reason'],
  ['a command with an unknown field', '/api/v1/events/none/retry', command({ reason: 'r', output: 1 }), 'INVALID_REQUEST', ''],
  ['a command whose step is no text', '/api/v1/events/none/abandon', command({ reason: 'r', step: 1 }), 'INVALID_REQUEST', '/step'],
  ['a command that is no JSON', '/api/v1/events/none/retry', command('{'), 'BODY_NOT_JSON'],
  ['a command that is a form', '/api/v1/events/none/retry', { method: 'POST', body: new URLSearchParams({ reason: 'r' }) }, 'CONTENT_TYPE'],
  [
    'a deep command',
    '/api/v1/events/none/resolve',
    command(`{"reason":"r","output":${'['.repeat(999)}${']'.repeat(999)}}`),
    'BODY_TOO_DEEP',
    '/output/0/0/0/0/0/0/0/0/0/0/0',
  ],
  ['another method on ingest', '/ingest/adhoc', { method: 'PUT', body: 'x' }, 'METHOD_NOT_ALLOWED'],
  ['GET on ingest', '/ingest/adhoc', {}, 'METHOD_NOT_ALLOWED'],
  ['DELETE on an event', '/api/v1/events/none', { method: 'DELETE' }, 'METHOD_NOT_ALLOWED'],
  ['OPTIONS of a browser', '/api/v1/events', { method: 'OPTIONS' }, 'METHOD_NOT_ALLOWED'],
])('%s: problem details', async (...row) => {
  // Rows differ in length, and a parameter too many would be jest's `done`.
  const [, path, init, code, pointer] = row;
  const answer = await router.ask(path, init);
  expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/);
  const { status } = ERRORS[code];
  expect(answer.json).toMatchObject({ code, status, type: `urn:sre-router:error:${code}`, title: ERRORS[code].title });
  expect([answer.status, answer.json.pointer]).toEqual([status, pointer]);
  expect(isProblem(answer.json)).toBe(true);
});

test.each([
  ['works', 'done', 'retry'],
  ['works', 'done', 'resolve'],
  ['waits', 'waiting', 'abandon'],
  ['waits', 'waiting', 'resubmit'],
])('an event of type %s, which is %s, cannot be told to %s', async (type, state, kind) => {
  const { json: sent } = await router.post('/ingest/adhoc', { type });
  const { id } = sent.events[0];
  await router.over(id, [state]);
  const { json } = await router.post(`/api/v1/events/${id}/${kind}`, { reason: 'r' });
  expect(json).toMatchObject({ code: 'WRONG_STATE', status: 409, detail: expect.stringContaining(`is ${state}; ${kind} is for`) });
});

test('no value of a payload that a step passes on can harm the router: the step fails, the next event runs', async () => {
  for (const data of [{ path: STRANGE }, { path: { toString: 1 } }, { path: [] }, { path: null }, { path: { valueOf: null, length: 3 } }]) {
    const { state, branches } = await router.send({ type: 'passes', data });
    expect([state, branches[0].steps[0].state]).toEqual(['done', 'failed']);
  }
  expect((await router.ask('/readyz')).status).toBe(200);
  expect(await router.send({ type: 'passes', data: { path: '/work' } })).toMatchObject({ state: 'done' });
});

test('405 says what is allowed', async () => {
  expect((await router.ask('/ingest/adhoc')).headers.get('allow')).toBe('POST');
  expect((await router.post('/api/v1/events', {})).headers.get('allow')).toBe('GET, HEAD');
});

test.each([['/ingest/adhoc/'], ['//ingest/adhoc'], ['/ingest//adhoc/']])('POST %s is taken, not redirected', async (path) => {
  expect((await router.post(path, { type: 'nobody' })).status).toBe(202);
});

test('a key with every nasty character is one key', async () => {
  const keys = ['a/b', 'a//b', '%2f', '?', '#', ' ', '..', '../..', 'ü', '💥', '"', "'", '\\', '{}', ':', '%', '+', '&=', '<b>'];
  for (const key of keys) {
    const { json: sent } = await router.post('/ingest/adhoc', { type: 'works', correlationid: key, source: 'src' });
    await router.over(sent.events[0].id);
    const answer = await router.ask(`/api/v1/incidents/${encodeURIComponent(`src:${key}`)}`);
    expect([key, answer.status, answer.json.key]).toEqual([key, 200, `src:${key}`]);
    expect((await router.ask(`/api/v1/events?key=${encodeURIComponent(key)}`)).json.events).toHaveLength(1);
  }
});
