import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { Ongoing } from '#runtime/workflow/action.js';
import { actionOf, World } from './world.js';

const KEY = '5f'.repeat(32);
const WAIT: Json = { task: 'bounce', params: {}, wait: true };
const opened: World[] = [];
const open = async (settings: Readonly<Record<string, unknown>> = {}, states?: readonly string[]): Promise<World> => {
  const world = await World.open('sre', settings);
  opened.push(world);
  if (states !== undefined) world.standIn.configure({ states });
  return world;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((world) => world.close()));
});

/** What one look after another gives, from submission on, as text. */
async function watch(world: World, looks: number): Promise<string[]> {
  const seen: string[] = [];
  let result: Awaited<ReturnType<World['follow']>> = await world.run('sre.task', WAIT, KEY);
  for (let look = 0; look <= looks; look += 1) {
    if (!result.ok) seen.push(`${result.error.outcome} ${result.error.reason} ${result.error.retryable ? 'again' : 'never'}`);
    else if (result.value instanceof Ongoing) seen.push(`${result.value.detail} again in ${result.value.againMs} ms`);
    else seen.push(JSON.stringify(result.value));
    if (!(result.ok && result.value instanceof Ongoing)) break;
    result = await world.follow('sre.task', result.value.memo, WAIT, KEY);
  }
  return seen;
}

test.each([{ idempotency: undefined }, {}])(
  'a task that is waited for is submitted once and asked about until it is over: %j',
  async (settings) => {
    const world = await open(settings, ['submitted', 'running', 'running', 'DONE']);
    expect(await watch(world, 9)).toEqual([
      'Task task-1 is submitted. again in 5000 ms',
      'Task task-1 is running. again in 5000 ms',
      'Task task-1 is running. again in 5000 ms',
      '{"id":"task-1","state":"DONE"}',
    ]);
    expect(world.standIn.state.requestsByRoute).toEqual({ 'tasks.submit': 1, 'tasks.get': 3 });
  },
);

test.each(['failed', 'Cancelled', 'error'])('a task that ended as %s is a failure that is not tried again', async (state) => {
  expect(await watch(await open({}, ['running', state]), 9)).toEqual([
    'Task task-1 is running. again in 5000 ms',
    'known task-failed never',
  ]);
});

test('a task that is over when it is submitted is not asked about', async () => {
  const world = await open({}, ['done']);
  expect(await watch(world, 9)).toEqual(['{"id":"task-1","state":"done"}']);
  expect(world.standIn.state.requestsByRoute).toEqual({ 'tasks.submit': 1 });
});

test('Retry-After of an answer says when to look again, where it is longer than poll', async () => {
  const world = await open({ poll: '2s' }, ['running', 'running', 'done']);
  world.standIn.configure({ retryAfterSeconds: 30 });
  expect((await watch(world, 9))[0]).toContain('again in 30000 ms');
  const hasty = await open({ poll: '2s' }, ['running']);
  hasty.standIn.configure({ retryAfterSeconds: 1 });
  expect((await watch(hasty, 0))[0]).toContain('again in 2000 ms');
});

test.each(['refuse', 'answer-lost', '429', '500', 'malformed', 'html'] as const)(
  'a look that fails by %s says nothing of the task',
  async (fault) => {
    const world = await open();
    world.standIn.setFault({ route: 'tasks.get', fault, times: 1 });
    expect((await watch(world, 9)).at(-1)).toMatch(/^known .* again$/);
  },
);

test('a token that is being replaced is no failed task; a task that the API has forgotten is one, but not in its first minute', async () => {
  const world = await open();
  const submitted = await world.run('sre.task', WAIT, KEY);
  const { memo } = (submitted.ok ? submitted.value : undefined) as Ongoing;
  world.standIn.configure({ token: 'another' });
  expect(await world.follow('sre.task', memo, WAIT, KEY)).toMatchObject({ ok: false, error: { reason: 'http-401', retryable: true } });
  const young = await open();
  expect(await young.follow('sre.task', memo, WAIT, KEY)).toMatchObject({ ok: false, error: { reason: 'http-404', retryable: true } });
  const later = { ...young.context(KEY, new AbortController().signal), firstIntentMs: Date.now() - 61_000 };
  await expect(actionOf('sre.task').follow?.(memo, WAIT, later)).rejects.toMatchObject({ reason: 'task-gone', retryable: false });
});

test('requests and answers may have other paths, fields, deeper ones too, and states', async () => {
  const asked: string[] = [];
  const answers = ['{"job":{"no":7,"phase":"Queued"}}', '{"job":{"no":7,"phase":"OK"}}'];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url} ${await text(request)}`);
    response.writeHead(200, { 'content-type': 'application/json' }).end(answers.shift());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const shape = { task: 'type', params: 'args', id: 'job.no', state: 'job.phase' };
  const settings = { submitPath: '/v2/jobs', statusPath: '/v2/jobs/{id}/state', shape, states: { done: ['ok'], failed: ['dead'] } };
  const world = await World.open('sre', settings, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  opened.push(world);
  expect(await watch(world, 9)).toEqual(['Task 7 is Queued. again in 5000 ms', '{"id":"7","state":"OK"}']);
  expect(asked).toEqual(['POST /v2/jobs {"type":"bounce","args":{}}', 'GET /v2/jobs/7/state ']);
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test('an id from an answer is one segment of a path', async () => {
  const world = await open();
  await world.follow('sre.task', { id: '../x?y' }, WAIT, KEY);
  expect(world.standIn.state.requests).toBe(0);
  await world.follow('sre.task', { id: 'a b' }, WAIT, KEY);
  expect(world.standIn.state.requestsByRoute).toEqual({ 'tasks.get': 1 });
});
