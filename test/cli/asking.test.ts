import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type CliRun, type CliSetup, cli } from '#test/support/cli.js';
import { HttpTarget } from '#test/support/http-target.js';
import { freePort } from '#test/support/processes.js';
import { RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
const target = new HttpTarget();
/** An event's attributes take no control characters, its data do. */
const DIRECTIONS = 'key\u202egnp\u2066\u2028fake line';
const HOSTILE = 'key\u001b[31m\u009b2J\u202e\nfake line';
const step = (path: string, more: object = {}): object => ({
  id: 'call',
  use: 'http.request',
  destination: 'target',
  with: { method: 'POST', path },
  ...more,
});

beforeAll(async () => {
  await target.start();
  target.answer = ({ path }) => {
    if (path === '/refuse') return { status: 400 };
    if (path === '/lose') return { lost: true };
    return path === '/busy' ? { status: 429 } : { headers: { 'content-type': 'application/json' }, body: '{"id":"task-1"}' };
  };
  await router.start({
    routes: {
      good: [{ name: 'good', actions: [step('/work')] }],
      fails: [{ name: 'fails', actions: [step('/refuse')] }],
      parks: [{ name: 'parks', actions: [step('/refuse', { onError: 'park' })] }],
      loses: [{ name: 'loses', actions: [step('/lose')] }],
      waits: [{ name: 'waits', actions: [step('/busy', { retry: { attempts: 9, backoff: '1h' } })] }],
    },
    destinations: { target: { kind: 'http', baseUrl: target.url, breaker: { failures: 0 } } },
  });
});
afterAll(async () => {
  await router.close();
  await target.close();
});

const ask = (args: readonly string[], setup: CliSetup = {}): Promise<CliRun> =>
  cli(args, { ...setup, env: { SRE_ROUTER_URL: router.url, ...setup.env } });
const parsed = <T>({ out }: CliRun): T => JSON.parse(out) as T;
interface Sent {
  events: { id: string; state: string }[];
}

test('send posts an event, waits and shows what happened', async () => {
  const run = await ask(['send', '--type', 'good', '--data', '{"a":1}', '--id', 'one']);
  expect([run.code, run.err]).toEqual([0, '']);
  expect(run.out).toMatch(/^one-[0-9a-f]{16}: done\n/);
  expect(run.out).toContain('done      call · http.request → ');
});

test.each([
  ['fails', 1, 'failed'],
  ['parks', 1, 'parked'],
  ['loses', 1, 'ambiguous'],
  ['nobody', 0, 'unrouted'],
  ['adhoc.task', 1, 'quarantined'],
])('send of an event that becomes %s ends with %d', async (type, code, state) => {
  const run = await ask(['send', '--type', type, '--format', 'json']);
  expect([run.code, parsed<Sent>(run).events[0]?.state]).toEqual([code, state]);
});

test('send that does not wait says what was accepted', async () => {
  const text = await ask(['send', '--type', 'waits', '--wait', '0']);
  expect([text.code, text.out]).toEqual([0, expect.stringMatching(/^\S+: accepted\n$/)]);
  expect(parsed<Sent>(await ask(['send', '--type', 'waits', '--wait', '0', '--format', 'json'])).events).toEqual([
    { id: expect.any(String) },
  ]);
});

test('send that has waited long enough says how it stands, and that the router goes on', async () => {
  const run = await ask(['send', '--type', 'waits', '--wait', '1']);
  expect(run.code).toBe(1);
  expect(run.out).toContain(': waiting\n');
  expect(run.err).toBe('After 1 s 1 of 1 are not over; the router goes on. See: sre-router explain ID\n');
});

test('Ctrl-C ends the waiting, not the event, and says how to look at it', async () => {
  const interrupt = new AbortController();
  const running = ask(['send', '--type', 'waits', '--id', 'interrupted'], { interrupted: interrupt.signal });
  await router.over((await idOf('interrupted')) ?? '', ['waiting']);
  interrupt.abort();
  const { code, err } = await running;
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/^Stopped waiting\. interrupted-\S+ goes on in the router: sre-router explain interrupted-/),
  ]);
});

async function idOf(prefix: string): Promise<string | undefined> {
  for (;;) {
    const { json } = await router.ask('/api/v1/events?limit=500');
    const found = (json.events as { id: string }[]).find(({ id }) => id.startsWith(prefix));
    if (found !== undefined) return found.id;
  }
}

test('send takes a file or standard input as it is, to the source that fits', async () => {
  const file = join(router.dir, 'event.json');
  writeFileSync(file, '{"type":"good","id":"from-file"}');
  expect((await ask(['send', file])).out).toMatch(/^from-file-/);
  const cloudEvent = { specversion: '1.0', id: 'ce', source: 'shell', type: 'good' };
  expect((await ask(['send', '-'], { stdin: JSON.stringify(cloudEvent) })).out).toMatch(/good from shell, key ce-/);
  const batch = await ask(['send', '-', '--format', 'json'], { stdin: JSON.stringify([cloudEvent, { ...cloudEvent, id: 'ce2' }]) });
  expect(parsed<Sent>(batch).events).toHaveLength(2);
});

test('a body the router refuses ends with 1 and what is wrong with it', async () => {
  const run = await ask(['send', '-'], { stdin: '{"type":7}' });
  expect([run.code, run.out]).toEqual([1, '']);
  expect(run.err).toMatch(/^The body does not have the shape this source takes\. [^\n]*\(at \/type\)\n$/);
});

test('a source that is not configured ends with 2 and names those that are', async () => {
  const run = await ask(['send', '--type', 't', '--source', 'nobody']);
  expect([run.code, run.err]).toEqual([2, expect.stringContaining('configured: alertmanager, adhoc, events, argo')]);
});

test('events lists, filters and pages', async () => {
  const all = await ask(['events', '--limit', '3']);
  expect(all.out.trimEnd().split('\n')).toHaveLength(3);
  expect(all.err).toMatch(/^More: the same with --cursor \S+\n$/);
  const page = parsed<{ events: { id: string }[]; next: string }>(await ask(['events', '--limit', '3', '--format', 'json']));
  const rest = parsed<{ events: { id: string }[] }>(await ask(['events', '--limit', '500', '--cursor', page.next, '--format', 'json']));
  expect(rest.events.map(({ id }) => id)).not.toContain(page.events[0]?.id);
  const parked = await ask(['events', '--state', 'parked']);
  expect(parked.out).toMatch(/^\S+Z {2}parked {7}\S+ {2}parks {2}/);
  const none = await ask(['events', '--type', 'no.such.type']);
  expect([none.code, none.out, none.err]).toEqual([0, '', 'No such event.\n']);
});

test('explain tells text or JSON', async () => {
  const { id } = (await router.send({ type: 'good', id: 'explained' })) as { id: string };
  expect((await ask(['explain', id])).out).toContain('routes    good: took it');
  expect(parsed<{ id: string; branches: unknown[] }>(await ask(['explain', id, '--format', 'json']))).toMatchObject({
    id,
    branches: [{ route: 'good' }],
  });
  const none = await ask(['explain', 'nothing']);
  expect([none.code, none.out, none.err]).toEqual([1, '', 'No such thing here. No event nothing.\n']);
});

test('retry, resolve, abandon and resubmit say what was accepted and where to look', async () => {
  const send = async (type: string): Promise<string> => ((await router.send({ type })) as { id: string }).id;
  const retried = await send('parks');
  expect((await ask(['events', 'retry', retried, '--reason', 'again'])).out).toMatch(
    /^retry: accepted as command-\S+\. See: sre-router explain /,
  );
  const resolved = await send('parks');
  await ask(['events', 'resolve', resolved, '--step', 'call', '--output', '{"id":"task-9"}', '--reason', 'by hand']);
  expect(await router.over(resolved, ['done'])).toMatchObject({ branches: [{ steps: [{ out: { id: 'task-9' } }] }] });
  const abandoned = await send('loses');
  expect(parsed<{ id: string }>(await ask(['events', 'abandon', abandoned, '--reason', 'gone', '--format', 'json'])).id).toMatch(
    /^command-/,
  );
  await router.over(abandoned, ['failed']);
  const file = join(router.dir, 'fixed.json');
  writeFileSync(file, '{"task":"bounce"}');
  const quarantined = await send('adhoc.task');
  const again = await ask(['events', 'resubmit', quarantined, '--data', file, '--reason', 'mended']);
  expect(again.out).toContain(`See: sre-router explain ${quarantined}~1`);
  expect(await router.over(`${quarantined}~1`)).toMatchObject({ state: 'unrouted' });
});

test('a command in the wrong state ends with 1', async () => {
  const { id } = (await router.send({ type: 'good' })) as { id: string };
  const run = await ask(['events', 'retry', id, '--reason', 'r']);
  expect([run.code, run.err]).toEqual([1, expect.stringMatching(/is done; retry is for parked and ambiguous steps\.\n$/)]);
});

test('text from events cannot reach the terminal as more than text', async () => {
  const sent = { type: 'parks', correlationid: DIRECTIONS, subject: DIRECTIONS, data: { labels: { note: HOSTILE } } };
  const { id } = (await router.send(sent)) as { id: string };
  const explained = [await ask(['explain', id]), await ask(['explain', id, '--format', 'json'])];
  const listed = [await ask(['events', '--key', DIRECTIONS]), await ask(['events', '--key', DIRECTIONS, '--format', 'json'])];
  for (const { out } of explained) expect(out).toContain('fake line');
  for (const { out, err } of [...explained, ...listed]) {
    expect((out + err).replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    expect(out).not.toMatch(/^fake line/m);
  }
  expect(listed[0]?.out.trimEnd().split('\n')).toHaveLength(1);
  expect(parsed<{ events: { key: string }[] }>(listed[1] as CliRun).events[0]?.key).toBe(DIRECTIONS);
  const { json } = await router.ask(`/api/v1/events/${id}`);
  expect(parsed<object>(explained[1] as CliRun)).toEqual(json);
});

test.each(['send --type t', 'events', 'events retry x --reason r', 'explain x'])(
  '%s without a router says what to do, and ends with 2',
  async (line) => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, out, err } = await cli([...line.split(' '), '--url', url]);
    expect([code, out]).toEqual([2, '']);
    expect(err).toBe(`No router answers at ${url} (ECONNREFUSED). Start one with "sre-router serve", or name it with --url.\n`);
  },
);

test('what answers but is no router is told from one', async () => {
  const page = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'));
  await new Promise<void>((ready) => page.listen(0, '127.0.0.1', ready));
  const { port } = page.address() as { port: number };
  const run = await cli(['events', '--url', `http://127.0.0.1:${port}`]);
  page.close();
  expect([run.code, run.err]).toEqual([2, `http://127.0.0.1:${port} answered 200, but not as a router does. Is --url right?\n`]);
});

test('the address may have a path of its own, as behind a proxy', async () => {
  const proxy = createServer((request, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ events: [], asked: request.url })),
  );
  await new Promise<void>((ready) => proxy.listen(0, '127.0.0.1', ready));
  const { port } = proxy.address() as { port: number };
  const run = await cli(['events', '--format', 'json', '--url', `http://127.0.0.1:${port}/router/`]);
  proxy.close();
  expect(parsed<{ asked: string }>(run).asked).toBe('/router/api/v1/events?limit=20');
});
