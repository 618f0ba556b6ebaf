import { readFileSync } from 'node:fs';
import { afterEach, expect, test } from '@jest/globals';
import { freePort, Processes, type SandboxUrls, startRouter, until, writeRouter } from '#test/support/processes.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const DEMO = `${ROOT}test/fixtures/demo/`;
const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});

const MAC = JSON.parse(readFileSync(`${ROOT}mappings/mac-cluster.json`, 'utf8')) as unknown;

/** Bodies that a real Alertmanager sent. */
function recorded(scene: string): string[] {
  return readFileSync(`${DEMO}${scene}.jsonl`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { body: string }).body);
}

interface Detail {
  id: string;
  state: string;
  meaning: string;
  branches: { steps: { id: string; state: string; out?: { channel?: string; ts?: string; key?: string } }[] }[];
}

async function post(url: string, body: string): Promise<string[]> {
  const response = await fetch(`${url}/ingest/alertmanager`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(response.status).toBe(202);
  return ((await response.json()) as { events: { id: string }[] }).events.map(({ id }) => id);
}

const ended = (url: string, id: string): Promise<Detail> =>
  until(`event ${id} to end`, async () => {
    const response = await fetch(`${url}/api/v1/events/${id}`);
    if (!response.ok) return undefined;
    const detail = (await response.json()) as Detail;
    return ['done', 'failed', 'repeat', 'unrouted'].includes(detail.state) ? detail : undefined;
  });

async function effectsOf(sandbox: SandboxUrls): Promise<{ roots: number; issues: number; tasks: number; doubled: number }> {
  const read = async (url: string): Promise<{ effects: { route: string }[]; byKey: Record<string, number> }> =>
    (await (await fetch(new URL('/__sandbox/state', url))).json()) as never;
  const [slack, jira, sre] = await Promise.all([read(sandbox.slack), read(sandbox.jira), read(sandbox.sre)]);
  const doubled = [slack, jira, sre].flatMap(({ byKey }) => Object.values(byKey)).filter((count) => count > 1).length;
  const count = (effects: { route: string }[], route: string): number => effects.filter((effect) => effect.route === route).length;
  return {
    roots: count(slack.effects, 'chat.postMessage'),
    issues: count(jira.effects, 'issue.create'),
    tasks: count(sre.effects, 'tasks.submit'),
    doubled,
  };
}

async function open(): Promise<{ processes: Processes; sandbox: SandboxUrls; config: string; port: number; url: string }> {
  const processes = new Processes();
  opened.push(processes);
  const sandbox = await processes.sandbox();
  const port = await freePort();
  const config = writeRouter(processes, { mappings: { 'mac-cluster.json': MAC }, sandbox, port });
  return { processes, sandbox, config, port, url: `http://127.0.0.1:${port}` };
}

test('a firing cluster is told, ticketed and bounced once, and its resolved goes to the same message', async () => {
  const { processes, sandbox, config, port, url } = await open();
  const [firing, resolved] = recorded('mac-cluster') as [string, string];
  await startRouter(processes, config, port);
  const opening = await ended(url, (await post(url, firing))[0] as string);
  expect(opening).toMatchObject({ state: 'done', meaning: 'opens' });
  expect(opening.branches[0]?.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
    'tell done',
    'ticket done',
    'bounce done',
    'note done',
  ]);
  expect(await ended(url, (await post(url, firing))[0] as string)).toMatchObject({ state: 'repeat', meaning: 'repeat' });
  const closing = await ended(url, (await post(url, resolved))[0] as string);
  expect(closing).toMatchObject({ state: 'done', meaning: 'closes' });
  const told = opening.branches[0]?.steps[0]?.out;
  expect(closing.branches[0]?.steps[0]?.out).toMatchObject({ channel: told?.channel, ts: told?.ts });
  expect(await effectsOf(sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
});

test('the incident outlives kill -9: a resolved that comes to the next process finds the message of the last', async () => {
  const { processes, sandbox, config, port, url } = await open();
  const [firing, resolved] = recorded('mac-cluster') as [string, string];
  const first = await startRouter(processes, config, port);
  const opening = await ended(url, (await post(url, firing))[0] as string);
  await first.kill('SIGKILL');
  await startRouter(processes, config, port);
  const closing = await ended(url, (await post(url, resolved))[0] as string);
  expect(closing.branches[0]?.steps[0]?.out?.ts).toBe(opening.branches[0]?.steps[0]?.out?.ts);
  expect(await effectsOf(sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
});

test('SIGTERM ends it with exit code 0, and a second router on the same folder is refused by name', async () => {
  const { processes, config, port } = await open();
  const first = await startRouter(processes, config, port);
  const second = processes.start('runtime/dist/cli.js', ['serve', '--config', config, '--port', '0']);
  const code = await until('the second router to be refused', async () => second.process.exitCode ?? undefined);
  expect(code).toBe(1);
  expect(second.output).toContain(`process ${first.process.pid}`);
  expect(await first.kill('SIGTERM')).toBe(0);
});

test('while Jira is down the message is out, the ticket waits across kill -9, and it is filed once when Jira is back', async () => {
  const { processes, sandbox, config, port, url } = await open();
  const fault = (body: object): Promise<Response> =>
    fetch(new URL('/__sandbox/faults', sandbox.jira), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  await fault({ route: '*', fault: '500-after', times: 1 });
  const first = await startRouter(processes, config, port);
  const [id] = await post(url, recorded('jira-outage')[0] as string);
  await until('the ticket to be unsettled', async () => {
    const detail = (await (await fetch(`${url}/api/v1/events/${id}`)).json()) as Detail;
    return detail.state === 'waiting' ? true : undefined;
  });
  await first.kill('SIGKILL');
  await startRouter(processes, config, port);
  expect(await ended(url, id as string)).toMatchObject({ state: 'done' });
  expect(await effectsOf(sandbox)).toMatchObject({ issues: 1, tasks: 1, doubled: 0 });
});
