import { afterEach, expect, test } from '@jest/globals';
import { RouterError } from '#runtime/errors.js';
import { BodyBudget } from '#runtime/http/body-budget.js';
import { ANSWER_WITHIN_MS } from '#runtime/http/deadline.js';
import type { Log } from '#runtime/log/log.js';
import { BareServer } from '#test/http/bare-server.js';
import { RunningRouter } from '#test/support/running-router.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.close()));
});
function keep<T extends { close(): Promise<void> }>(each: T): T {
  opened.push(each);
  return each;
}

const POST: RequestInit = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"type":"t"}' };

test('202 comes only after the log has the events', async () => {
  let confirm = (): void => undefined;
  const appended = new Promise<void>((resolve) => {
    confirm = resolve;
  });
  let isAppending = (): void => undefined;
  const appending = new Promise<void>((resolve) => {
    isAppending = resolve;
  });
  const wrapLog = (log: Log): Log =>
    delegate(log, async (records) => {
      isAppending();
      await appended;
      return log.append(records);
    });
  const router = keep(await new RunningRouter().start({ wrapLog }));
  let answer: number | undefined;
  const asked = router.post('/ingest/adhoc', { type: 't' }).then(({ status }) => {
    answer = status;
  });
  await appending;
  await router.ask('/livez');
  expect(answer).toBeUndefined();
  confirm();
  await asked;
  expect(answer).toBe(202);
});

test('a log that refuses is answered 503, and the router says that it is not ready until a write works again', async () => {
  let refuses = true;
  const wrapLog = (log: Log): Log =>
    delegate(log, (records) => (refuses ? Promise.reject(new RouterError('LOG_FULL', 'No space left on device.')) : log.append(records)));
  const router = keep(await new RunningRouter().start({ wrapLog }));
  const refused = await router.post('/ingest/adhoc', { type: 't' });
  expect([refused.status, refused.json.code]).toEqual([503, 'LOG_FULL']);
  const unready = await router.ask('/readyz');
  expect([unready.status, unready.json.reasons]).toEqual([503, [expect.stringContaining('No space left on device.')]]);
  expect((await router.ask('/metrics')).text).toContain('sre_router_ready 0');
  expect((await router.ask('/livez')).status).toBe(200);
  refuses = false;
  expect((await router.post('/ingest/adhoc', { type: 't' })).status).toBe(202);
  expect((await router.ask('/readyz')).status).toBe(200);
});

test('a journal that refuses ends the work, and the router says so', async () => {
  let refuses = false;
  const router = new RunningRouter();
  keep(router);
  await router.start({
    wrapJournal: (journal) => ({
      get: (partition, key) => journal.get(partition, key),
      range: (partition, prefix, options) => journal.range(partition, prefix, options),
      onDamaged: (report) => journal.onDamaged(report),
      put: (partition, entries) => (refuses ? Promise.reject(new Error('read-only file system')) : journal.put(partition, entries)),
    }),
  });
  refuses = true;
  const { json } = await router.post('/ingest/adhoc', { type: 't', id: 'x' });
  await router.over(json.events[0].id, ['accepting']);
  for (let answer = await router.ask('/readyz'); ; answer = await router.ask('/readyz')) {
    if (answer.status === 200) continue;
    expect(answer.json.reasons.join()).toContain('must be started again: read-only file system');
    break;
  }
  expect(router.lines.join('')).toContain('"level":"fatal"');
});

test('a log that hangs is answered 503 within the deadline', async () => {
  const clock = new FakeClock();
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const ingest = (): Promise<never> => {
    isAsked();
    return new Promise(() => undefined);
  };
  const server = keep(await new BareServer({ clock, ingest }).start());
  const answer = fetch(`${server.url}/ingest/adhoc`, POST);
  await asked;
  await clock.pass(ANSWER_WITHIN_MS);
  const response = await answer;
  expect([response.status, await response.json()]).toMatchObject([503, { code: 'TIMED_OUT' }]);
  // Below Alertmanager's shortest flush deadline.
  expect(ANSWER_WITHIN_MS).toBeLessThan(10_000);
});

test('work that fails after its deadline troubles nobody', async () => {
  const clock = new FakeClock();
  let fail: (error: Error) => void = () => undefined;
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  const ingest = (): Promise<never> => {
    isAsked();
    return new Promise((_resolve, reject) => {
      fail = reject;
    });
  };
  const server = keep(await new BareServer({ clock, ingest }).start());
  const answer = fetch(`${server.url}/ingest/adhoc`, POST);
  await asked;
  await clock.pass(ANSWER_WITHIN_MS);
  expect((await answer).status).toBe(503);
  fail(new Error('too late'));
  expect((await fetch(`${server.url}/livez`)).status).toBe(200);
  expect(server.errors).toEqual([]);
});

test('a request under way when the router stops is answered 503, not cut off', async () => {
  let isStopping = false;
  const ingest = async (): Promise<never> => {
    throw new RouterError(isStopping ? 'STOPPING' : 'INTERNAL', 'The router is stopping; send it again.');
  };
  // Its time does not pass: the connection ends because the answer says so.
  const server = keep(await new BareServer({ ingest, clock: new FakeClock() }).start());
  const connection = server.socket();
  connection.send('POST /ingest/adhoc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  await connection.until('100 Continue');
  isStopping = true;
  const stopped = server.stop();
  connection.send('{}');
  expect(await connection.ended).toMatch(/HTTP\/1\.1 503 [\s\S]*"code":"STOPPING"/);
  await stopped;
});

test('a request that does not end holds the stop up for 5 s at most', async () => {
  const clock = new FakeClock();
  const server = keep(await new BareServer({ clock }).start());
  const connection = server.socket();
  connection.send('POST /ingest/adhoc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n');
  await connection.until('100 Continue');
  const stopped = server.stop();
  await clock.pass(5_000);
  await stopped;
  expect((await connection.ended).replace(/^HTTP\/1\.1 100 Continue\s*/, '')).toBe('');
});

test('an overloaded router answers 503, and stays ready for those who settle what is unfinished', async () => {
  const router = keep(
    await new RunningRouter().start({
      routes: {
        t: [
          {
            name: 'parks',
            actions: [{ id: 's', use: 'http.request', destination: 'd', onError: 'park', with: { method: 'GET', path: '/../x' } }],
          },
        ],
      },
      destinations: { d: { kind: 'http', baseUrl: 'http://127.0.0.1:9/below' } },
      config: { limits: { unfinished: 1 } },
    }),
  );
  const { id } = await router.send({ type: 't', id: 'first' });
  const refused = await router.post('/ingest/adhoc', { type: 't' });
  expect([refused.status, refused.json.code]).toEqual([503, 'OVERLOADED']);
  expect((await router.ask('/readyz')).status).toBe(200);
  expect((await router.post(`/api/v1/events/${id}/abandon`, { reason: 'r' })).status).toBe(202);
});

test('a fault of the router is a 500 that tells nothing of the inside, and is logged', async () => {
  const view = {
    event: () => Promise.reject(new TypeError('secret of the inside')),
    events: async () => ({ events: [] }),
    incident: async () => undefined,
    absent: (what: string) => new RouterError('NOT_FOUND', what),
    incidents: async () => ({ incidents: [] }),
  };
  const server = keep(await new BareServer({ view }).start());
  const response = await fetch(`${server.url}/api/v1/events/x`);
  const text = await response.text();
  expect([response.status, text]).toEqual([500, expect.stringContaining('"code":"INTERNAL"')]);
  expect(text).not.toContain('secret of the inside');
  expect(server.errors.map(({ message }) => message)).toEqual(['secret of the inside']);
});

test('the bodies of eight of the largest requests fit at once; one more is answered 503 before it is read', async () => {
  const server = keep(await new BareServer({ bodyBytes: 1_000 }).start());
  const begin = (): ReturnType<typeof server.socket> => {
    const connection = server.socket();
    connection.send('POST /ingest/adhoc HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n');
    return connection;
  };
  const eight = Array.from({ length: 8 }, begin);
  for (const connection of eight) await connection.until('100 Continue');
  const refused = await fetch(`${server.url}/ingest/adhoc`, { ...POST, body: '{}' });
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'OVERLOADED' }]);
  for (const connection of eight) {
    connection.send('2\r\n{}\r\n0\r\n\r\n');
    expect(await connection.until('"events"')).toContain('HTTP/1.1 202');
  }
  expect((await fetch(`${server.url}/ingest/adhoc`, { ...POST, body: '{}' })).status).toBe(202);
});

test('room for bodies is given back once', () => {
  const budget = new BodyBudget(100, 2);
  const first = budget.take('100', false);
  expect(budget.take(undefined, false)).toBeDefined();
  expect(budget.take('1', false)).toBeUndefined();
  first?.();
  first?.();
  expect(budget.take('60', false)).toBeDefined();
  // A packed body counts as the largest.
  expect(budget.take('1', true)).toBeUndefined();
  expect(budget.take('40', false)).toBeDefined();
});

function delegate(log: Log, append: Log['append']): Log {
  return {
    partitions: log.partitions,
    partitionOf: (key) => log.partitionOf(key),
    append,
    consume: (assignment) => log.consume(assignment),
    pause: (partition) => log.pause(partition),
    resume: (partition) => log.resume(partition),
    commit: (partition, next) => log.commit(partition, next),
    mayStart: (partition) => log.mayStart(partition),
    records: (partition) => log.records(partition),
    end: (partition) => log.end(partition),
    close: () => log.close(),
  };
}
