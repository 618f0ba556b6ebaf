import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CliRun, cli } from '#test/support/cli.js';
import { HttpTarget } from '#test/support/http-target.js';
import { RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
const target = new HttpTarget();
let isDown = true;

beforeAll(async () => {
  await target.start();
  target.answer = () => (isDown ? { status: 400 } : {});
  const call = { id: 'call', use: 'http.request', destination: 'target', with: { method: 'POST', path: '/work' } };
  await router.start({
    routes: { job: [{ name: 'job', actions: [call] }] },
    destinations: { target: { kind: 'http', baseUrl: target.url, breaker: { failures: 0 } } },
  });
});
afterAll(async () => {
  await router.close();
  await target.close();
});

const ask = (...args: string[]): Promise<CliRun> => cli(['replay', ...args], { env: { SRE_ROUTER_URL: router.url } });
const calls = (): number => target.requests.length;

test('events are told oldest first and sent only with --yes, each once, as <id>~1; what failed again can be sent again', async () => {
  const first = String((await router.send({ type: 'job', id: 'one' })).id);
  const second = String((await router.send({ type: 'job', id: 'two' })).id);
  const dry = await ask('--state', 'failed');
  expect(dry.code).toBe(0);
  expect(
    dry.out
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split(/ {2,}/)[2]?.trim()),
  ).toEqual([first, second]);
  expect(dry.err).toMatch(/^2 would be sent again, 0 left out\. Nothing was done; add --yes/);
  expect(calls()).toBe(2);

  const sent = await ask('--state', 'failed', '--reason', 'it was down', '--yes');
  expect([sent.code, sent.out]).toEqual([0, `${first}: sent again as ${first}~1\n${second}: sent again as ${second}~1\n`]);
  await router.over(`${first}~1`);
  await router.over(`${second}~1`);
  expect(calls()).toBe(4);

  // Now there are four: the first two were sent again before.
  isDown = false;
  const again = await ask('--state', 'failed', '--reason', 'it is up', '--yes');
  expect(again.out).toBe(`${first}~1: sent again as ${first}~2\n${second}~1: sent again as ${second}~2\n`);
  expect(again.err).toContain(`${first}: left out: it was sent again as ${first}~1 (--again sends it nevertheless)`);
  expect((await router.over(`${first}~2`)).state).toBe('done');
  const rest = await ask('--state', 'failed', '--reason', 'once more', '--yes');
  expect([rest.code, rest.out]).toEqual([0, '']);
  expect(rest.err).toContain('0 sent again, 4 left out, 0 failed.');
});

test('time bounds are instants or ages; more than --limit sends nothing', async () => {
  expect((await ask('--type', 'job', '--until', '1h')).err).toBe('No such event has ended.\n');
  expect((await ask('--type', 'job', '--since', '2001-01-01T00:00:00Z', '--format', 'json', '--again')).code).toBe(0);
  const before = calls();
  const many = await ask('--type', 'job', '--limit', '1', '--reason', 'r', '--yes');
  expect([many.code, calls()]).toEqual([2, before]);
  expect(many.err).toMatch(/^More than 1 events match\./);
});

test('a body that nobody could read is quarantined here, and sent again when it can be; what cannot is told and ends with 1', async () => {
  const { json } = await router.post('/ingest/argo', { hello: 'world' });
  const id = (json as { events: { id: string }[] }).events[0]?.id ?? '';
  await router.over(id);
  const run = await ask('--state', 'quarantined', '--reason', 'r', '--yes');
  expect(run.code).toBe(1);
  expect(run.err).toContain(`${id}: not sent: `);
  expect(run.err).toContain('0 sent again, 0 left out, 1 failed.');
});

test('the log of one machine has no dead letters, and says where to look instead', async () => {
  const run = await ask('--dlq', '--list');
  expect(run.code).toBe(1);
  expect(run.err).toContain('sre-router replay --state quarantined');
});

test.each<[args: string[], says: RegExp]>([
  [[], /^Say which events: /],
  [['--state', 'parked'], /^--state: only what has ended is sent again\./],
  [['--state', 'failed', '--yes'], /^--yes needs --reason/],
  [['--state', 'failed', '--since', 'yesterday'], /^--since: expected a time/],
  [['--record', '1/2'], /^--record is for dead letters: add --dlq\./],
  [['--dlq', '--state', 'failed'], /^--state is for events: leave --dlq out\./],
  [['--dlq', '--body', 'x'], /^--body is for one record/],
  [['--dlq', '--record', '1/2', '--content-type', 'a/b'], /^--content-type goes with --body\./],
])('replay %j is told what is wrong, and ends with 2', async (args, says) => {
  const { code, out, err } = await ask(...args);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(says);
});
