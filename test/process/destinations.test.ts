import { afterEach, expect, test } from '@jest/globals';
import { freePort, Processes, type SandboxUrls, startRouter, until, writeRouter } from '#test/support/processes.js';

const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

const route = (...actions: object[]) => ({ routes: { 'adhoc.task': [{ name: 'tasks', actions }] } });
const BOUNCE = { id: 'bounce', use: 'sre.task', once: { within: '1m' }, with: { task: 'bounce', wait: true } };
const TELL = { id: 'tell', use: 'slack.message', with: { channel: '#sre', text: 'down' }, retry: { backoff: '50ms' } };

interface Setting {
  readonly processes: Processes;
  readonly sandbox: SandboxUrls;
  readonly config: string;
  readonly port: number;
  readonly url: string;
}

async function open(mapping: object, destinations: Readonly<Record<string, Record<string, unknown>>> = {}): Promise<Setting> {
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'm.json': mapping }, sandbox, port, destinations });
  return { processes, sandbox, config, port, url: `http://127.0.0.1:${port}` };
}

const put = (url: string, what: 'faults' | 'settings', body: object): Promise<Response> =>
  fetch(new URL(`/__sandbox/${what}`, url), { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function requestsOf(url: string): Promise<Record<string, number>> {
  const state = (await (await fetch(new URL('/__sandbox/state', url))).json()) as { requestsByRoute: Record<string, number> };
  return state.requestsByRoute;
}

async function send(url: string): Promise<string> {
  const body = JSON.stringify({ type: 'adhoc.task', data: { task: 'bounce' } });
  const response = await fetch(`${url}/ingest/adhoc`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return ((await response.json()) as { events: [{ id: string }] }).events[0].id;
}

interface Detail {
  readonly state: string;
  readonly branches: readonly { readonly steps: readonly { readonly state: string; readonly detail?: string; readonly out?: object }[] }[];
}
const detailOf = async (url: string, id: string): Promise<Detail> => (await (await fetch(`${url}/api/v1/events/${id}`)).json()) as Detail;
const reaches = (url: string, id: string, state: string): Promise<Detail> =>
  until(`event ${id} to be ${state}`, async () => {
    const detail = await detailOf(url, id);
    return detail.state === state ? detail : undefined;
  });

test('a task that is waited for is submitted once and followed to its end through kill -9, without an idempotency header too', async () => {
  const { processes, sandbox, config, port, url } = await open(route(BOUNCE), { sre: { idempotency: undefined, poll: '50ms' } });
  await put(sandbox.sre, 'settings', { states: ['queued', 'running'] });
  const first = await startRouter(processes, config, port);
  const id = await send(url);
  await until('two looks', async () => (((await requestsOf(sandbox.sre))['tasks.get'] ?? 0) >= 2 ? true : undefined), 30_000, first);
  const waiting = await reaches(url, id, 'waiting');
  expect(waiting.branches[0]?.steps[0]).toMatchObject({ state: 'ongoing', detail: 'Task task-1 is running.' });
  await first.kill('SIGKILL');
  const before = (await requestsOf(sandbox.sre))['tasks.get'] ?? 0;
  const second = await startRouter(processes, config, port);
  await until(
    'looks by the next process',
    async () => (((await requestsOf(sandbox.sre))['tasks.get'] ?? 0) > before ? true : undefined),
    30_000,
    second,
  );
  await put(sandbox.sre, 'settings', { finish: 'done' });
  expect((await reaches(url, id, 'done')).branches[0]?.steps[0]).toMatchObject({ state: 'done', out: { id: 'task-1', state: 'done' } });
  expect(await requestsOf(sandbox.sre)).toMatchObject({ 'tasks.submit': 1 });
}, 90_000);

test('without the scope to look it up a lost message is ambiguous at its first look, and the start said so', async () => {
  const { processes, sandbox, config, port, url } = await open(route(TELL));
  await put(sandbox.slack, 'settings', { scopes: ['chat:write', 'channels:read', 'groups:read'] });
  await put(sandbox.slack, 'faults', { route: 'chat.postMessage', fault: 'answer-lost', times: 1 });
  const router = await startRouter(processes, config, port);
  await until(
    'the warning',
    async () => (router.output.includes('It lacks channels:history, groups:history') ? true : undefined),
    30_000,
    router,
  );
  const ambiguous = await reaches(url, await send(url), 'ambiguous');
  expect(ambiguous.branches[0]?.steps[0]?.detail).toContain('missing_scope');
  expect(await requestsOf(sandbox.slack)).toMatchObject({ 'chat.postMessage': 1, 'conversations.history': 1 });
}, 90_000);

test('check --online tells each miss with its remedy, as text while it asks and as one JSON document, and exits with 1', async () => {
  const ticket = { id: 'ticket', use: 'jira.issue', with: { project: 'SRE', issueType: 'Incident', summary: 'down' } };
  const { processes, sandbox, config } = await open(route(TELL, ticket, { ...BOUNCE, with: { task: 'bounce' } }));
  const check = async (...flags: string[]): Promise<{ code: number; output: string }> => {
    const child = processes.start('runtime/dist/cli.js', ['check', '--online', '--config', config, ...flags]);
    const code = await until('the check to end', async () => child.process.exitCode ?? undefined);
    return { code, output: child.output };
  };
  const fine = await check();
  expect([fine.code, fine.output]).toEqual([0, expect.stringContaining('ok    slack: channel #sre: the bot is a member')]);
  await put(sandbox.slack, 'settings', { channels: { sre: { archived: true } } });
  await put(sandbox.jira, 'settings', { projects: { SRE: { types: ['Task'] } } });
  await put(sandbox.sre, 'settings', { token: 'another' });
  const text = await check();
  expect(text.code).toBe(1);
  for (const told of [
    'MISS  slack: channel #sre is archived\n      → ',
    'MISS  jira: project SRE has no issue type Incident',
    '3 miss(es)',
  ])
    expect(text.output).toContain(told);
  const json = await check('--format', 'json');
  const document = JSON.parse(json.output) as { errors: number; misses: number; online: { destination: string; ok: boolean }[] };
  expect([json.code, document.errors, document.misses]).toEqual([1, 0, 3]);
  expect(document.online.filter(({ ok }) => !ok).map(({ destination }) => destination)).toEqual(['slack', 'jira', 'sre']);
}, 90_000);
