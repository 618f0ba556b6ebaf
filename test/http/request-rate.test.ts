import { createHash } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { RequestRate } from '#runtime/http/request-rate.js';
import { RunningRouter } from '#test/support/running-router.js';
import { BareServer } from './bare-server.js';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

/** How many of so many requests at once pass. */
function pass(rate: RequestRate, name: string, requests: number): number {
  let passed = 0;
  for (let turn = 0; turn < requests; turn += 1) {
    try {
      rate.take(name);
      passed += 1;
    } catch (error) {
      expect(error).toMatchObject({ code: 'RATE_LIMITED' });
    }
  }
  return passed;
}

test('after its burst a token passes at its rate, and takes nothing from another', () => {
  let nowMs = 1_000;
  const rate = new RequestRate({ perSecond: 10, burst: 50 }, { nowMs: () => nowMs });
  expect(pass(rate, 'a', 100)).toBe(50);
  expect(pass(rate, 'b', 100)).toBe(50);
  nowMs += 1_000;
  expect(pass(rate, 'a', 100)).toBe(10);
  nowMs += 50;
  expect(pass(rate, 'a', 1)).toBe(0);
  nowMs += 50;
  expect(pass(rate, 'a', 2)).toBe(1);
  nowMs += 3_600_000;
  expect(pass(rate, 'a', 100)).toBe(50);
});

test('a clock that is set back gives nothing, and takes nothing', () => {
  let nowMs = 1_000_000;
  const rate = new RequestRate({ perSecond: 10, burst: 10 }, { nowMs: () => nowMs });
  expect(pass(rate, 'a', 100)).toBe(10);
  nowMs = 0;
  expect(pass(rate, 'a', 1)).toBe(0);
  nowMs = 1_000;
  expect(pass(rate, 'a', 100)).toBe(10);
});

test('a token over its rate is answered 503 with Retry-After, since Alertmanager drops what gets a 4xx; probes and other tokens are not touched', async () => {
  const router = new RunningRouter();
  opened.push(router);
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const tokens = ['stolen', 'other'].map((name) => ({ name, sha256: sha256(name), roles: ['ingest'] }));
  const tokensFile = router.file('tokens.json', JSON.stringify(tokens));
  await router.start({ config: { http: { host: '127.0.0.1', port: 0, auth: { tokensFile }, rate: { perSecond: 1, burst: 3 } } } });
  const post = async (token: string) => router.post('/ingest/adhoc', { type: 't' }, { authorization: `Bearer ${token}` });
  const answers = await Promise.all(Array.from({ length: 12 }, () => post('stolen')));
  const refused = answers.filter(({ status }) => status !== 202);
  expect(refused.length).toBeGreaterThanOrEqual(5);
  for (const { status, json, headers } of refused)
    expect([status, json.code, headers.get('retry-after')]).toEqual([503, 'RATE_LIMITED', '1']);
  expect((await post('other')).status).toBe(202);
  for (let turn = 0; turn < 10; turn += 1) expect((await router.ask('/livez')).status).toBe(200);
  expect((await post('unknown')).status).toBe(401);
});

test('connections over the limit are closed at once, and those that stand are served', async () => {
  const server = await new BareServer({ maxConnections: 2 }).start();
  opened.push(server);
  const [first, second] = [server.socket(), server.socket()];
  const get = 'GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n';
  first.send(get);
  second.send(get);
  await Promise.all([first.until('200 OK'), second.until('200 OK')]);
  const third = server.socket();
  third.send(get);
  expect(await third.ended).toBe('');
  second.socket.destroy();
  await second.ended;
  first.send(get);
  await first.until('200 OK');
});
