import { Writable } from 'node:stream';
import { afterEach, expect, test } from '@jest/globals';
import { RouterError } from '#runtime/errors.js';
import { createLogger } from '#runtime/observe.js';
import { registerSecret } from '#runtime/redact.js';
import { levelOfOutcome, levelOfStep } from '#runtime/run-log.js';
import { HttpTarget } from '#test/support/http-target.js';
import { RunningRouter } from '#test/support/running-router.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});

/** What `write` makes of a logger, as JSON lines and as readable lines. */
function both(write: (logger: ReturnType<typeof createLogger>) => void): { json: string; readable: string } {
  let json = '';
  let readable = '';
  write(
    createLogger({
      destination: {
        write(line: string) {
          json += line;
        },
      },
    }),
  );
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      readable += chunk.toString();
      done();
    },
  });
  write(createLogger({ readable: true, destination: stream }));
  return { json, readable };
}

const HOSTILE = 'a\u001b[2J\u001b]0;owned\u0007b\nlevel":"fatal\rc\u202ed\u009b31me';

test('text from outside can neither move the cursor nor begin a line of its own, in JSON and in readable lines', () => {
  const { json, readable } = both((logger) => logger.info({ key: HOSTILE, [HOSTILE]: [HOSTILE] }, `event ${HOSTILE}`));
  for (const text of [json, readable]) {
    expect(text.match(/\n/g)).toHaveLength(1);
    expect(text.replace('\n', '')).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
    expect(text).toContain('\\u001b');
  }
  expect(JSON.parse(json)).toMatchObject({ level: 'info' });
});

test('registered secrets and fields named like secrets are hidden, also where a text is cut', () => {
  registerSecret('canary-observe-1234567890');
  const { json, readable } = both((logger) =>
    logger.warn(
      { note: `${'x'.repeat(1_990)}canary-observe-1234567890`, data: { password: 'hunter2' } },
      'token canary-observe-1234567890',
    ),
  );
  for (const text of [json, readable]) expect(text).not.toMatch(/canary|hunter2/);
});

test('an error is told by code, message and causes; what SDKs hang on it is not', () => {
  const cause = Object.assign(new Error('socket closed'), { config: { headers: { Authorization: 'Bearer abc' } } });
  const error = Object.assign(new Error('call failed', { cause }), { code: 'ECONNRESET', request: { headers: { cookie: 'x' } } });
  const { json } = both((logger) => logger.error({ err: error }, 'failed'));
  const { err } = JSON.parse(json) as { err: Record<string, unknown> };
  expect(err).toMatchObject({ name: 'Error', code: 'ECONNRESET', message: 'call failed', causes: ['socket closed'] });
  expect(Object.keys(err).sort()).toEqual(['causes', 'code', 'message', 'name', 'stack']);
  expect(json).not.toMatch(/Bearer|cookie/);
});

test('an error that is expected has no stack', () => {
  const { json } = both((logger) => logger.error(new RouterError('LOG_FULL', 'The disk is full.')));
  expect(JSON.parse(json)).toMatchObject({ err: { code: 'LOG_FULL', message: 'The disk is full.' }, msg: 'The disk is full.' });
  expect(json).not.toContain('stack');
});

test('a payload is not dumped: long texts, deep and long structures, and rings are cut', () => {
  const ring: Record<string, unknown> = { text: 'x'.repeat(1_000_000), list: Array.from({ length: 100_000 }, () => 'item') };
  ring.self = ring;
  const { json } = both((logger) => logger.info(ring, 'y'.repeat(1_000_000)));
  expect(json.length).toBeLessThan(30_000);
  expect(() => JSON.parse(json) as unknown).not.toThrow();
});

test('readable lines have colour only when asked for', () => {
  let coloured = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      coloured += chunk.toString();
      done();
    },
  });
  createLogger({ readable: true, colour: true, destination: stream }).info('x');
  expect(coloured).toContain('\u001b[32m');
  const { readable } = both((logger) => logger.info({ a: 1 }, 'plain'));
  expect(readable).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: plain \{"a":1\}\n$/);
});

test('every line of a run carries event, key, route and step; a retry warns, what waits for a person is an error', async () => {
  const target = await new HttpTarget().start();
  const router = new RunningRouter();
  opened.push(router, target);
  target.answer = ({ path }) =>
    path === '/fail' ? { status: 400 } : path === '/busy' && target.requests.length < 3 ? { status: 429 } : {};
  const step = (id: string, path: string, more: object = {}): object => ({
    id,
    use: 'http.request',
    destination: 'target',
    with: { method: 'GET', path },
    ...more,
  });
  await router.start({
    routes: {
      t: [
        {
          name: 'r',
          actions: [
            step('busy', '/busy', { retry: { attempts: 3, backoff: '1ms' } }),
            step('no', '/x', { when: 'false' }),
            step('bad', '/fail', { onError: 'park' }),
          ],
        },
      ],
    },
    destinations: { target: { kind: 'http', baseUrl: target.url, breaker: { failures: 0 } } },
  });
  const { id } = await router.send({ type: 't', id: 'a', correlationid: 'key-1', data: { secretive: 'payload text' } });
  const lines = router.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === id);
  const told = lines.map(({ level, key, route, step: name, msg }) => `${level} ${key} ${route} ${name} ${msg}`);
  expect(told).toEqual([
    'warn key-1 r busy http.request retry',
    'warn key-1 r busy http.request retry',
    'info key-1 r busy http.request done',
    'info key-1 r no http.request skipped',
    'error key-1 r bad http.request parked',
  ]);
  await router.post(`/api/v1/events/${id}/abandon`, { reason: 'r' });
  await router.over(id, ['failed']);
  expect(JSON.parse(router.lines.at(-1) ?? '')).toMatchObject({
    level: 'error',
    event: id,
    key: 'key-1',
    outcome: 'failed',
    msg: 'event failed',
  });
  expect(router.lines.join('')).not.toContain('payload text');
});

test('levels tell what a person has to look at', () => {
  expect(['done', 'skipped', 'retry', 'unsettled', 'parked', 'ambiguous', 'failed'].map(levelOfStep)).toEqual([
    'info',
    'info',
    'warn',
    'warn',
    'error',
    'error',
    'error',
  ]);
  expect((['done', 'repeat', 'unrouted', 'quarantined', 'failed'] as const).map(levelOfOutcome)).toEqual([
    'info',
    'info',
    'info',
    'warn',
    'error',
  ]);
});
