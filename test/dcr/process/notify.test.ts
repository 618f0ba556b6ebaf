import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { asEnv, dcrctl, type Ran } from '#test/dcr/process/dcrctl.js';
import { freePort, Processes, type SandboxUrls, startRouter, until, writeRouter } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

const ROOT = new URL('../../../', import.meta.url).pathname;
const MAPPING = JSON.parse(readFileSync(`${ROOT}mappings/dcr-run.json`, 'utf8')) as unknown;

let processes: Processes;
let sandbox: SandboxUrls;
let port: number;
beforeEach(async () => {
  processes = new Processes();
  sandbox = await processes.sandbox();
  port = await freePort();
  await startRouter(
    processes,
    writeRouter(processes, {
      mappings: { 'dcr-run.json': MAPPING },
      sandbox,
      port,
      config: { sources: { events: { kind: 'cloudevents' } } },
    }),
    port,
  );
});
afterEach(() => processes.close());

const notify = (args: readonly string[], options: Record<string, string> = {}): Promise<Ran> =>
  dcrctl(
    processes,
    ['notify', ...args],
    asEnv({ 'run-id': 'r-7', cluster: 'express-7', 'router-url': `http://127.0.0.1:${port}/ingest/events`, ...options }),
  );

interface Effect {
  readonly route: string;
  readonly text?: string;
  readonly threadTs?: string | null;
  readonly summary?: string;
}

/** What Slack and Jira have seen, once nothing is under way. */
async function effects(): Promise<{ slack: Effect[]; jira: Effect[] }> {
  await until('the router to be done', async () => {
    const { events } = (await (await fetch(`http://127.0.0.1:${port}/api/v1/events`)).json()) as { events: { state: string }[] };
    return events.every(({ state }) => !['running', 'waiting', 'accepted'].includes(state)) ? true : undefined;
  });
  const read = async (url: string): Promise<Effect[]> =>
    ((await (await fetch(new URL('/__sandbox/state', url))).json()) as { effects: Effect[] }).effects;
  return { slack: await read(sandbox.slack), jira: await read(sandbox.jira) };
}

const roots = (slack: readonly Effect[]): Effect[] =>
  slack.filter(({ route, threadTs }) => route === 'chat.postMessage' && (threadTs ?? null) === null);
const edits = (slack: readonly Effect[]): (string | undefined)[] =>
  slack.filter(({ route }) => route === 'chat.update').map(({ text }) => text);

test('a run is one thread: opened, edited as it goes, and told its end', async () => {
  expect(await notify(['started'])).toMatchObject({ code: 0, stdout: 'told: started of run r-7\n' });
  await notify(['progress', '--state', 'waiting for farmers']);
  await notify(['Succeeded']);
  const { slack, jira } = await effects();
  expect(roots(slack).map(({ text }) => text)).toEqual(['DCR of express-7, run r-7: started']);
  expect(edits(slack)).toEqual(['DCR of express-7, run r-7: waiting for farmers', 'DCR of express-7, run r-7: done']);
  expect(jira).toEqual([]);
});

test('manual intervention goes into the thread with its runbook and the three commands', async () => {
  await notify(['started']);
  const args = [
    '--subject',
    'rebuilt',
    '--message',
    'no progress for 1h',
    '--wait-for',
    '30m',
    '--workflow',
    'dcr-express-7',
    '--namespace',
    'dcr',
  ];
  expect(
    await notify(['manual-intervention', ...args], { 'runbook-url': 'https://docs.example.org/dcr.html#manual-intervention' }),
  ).toMatchObject({ code: 0 });
  const reply = (await effects()).slack.find(({ threadTs }) => (threadTs ?? null) !== null)?.text ?? '';
  expect(reply.split('\n')[0]).toBe(
    'Manual intervention required, waiting 30m; without an answer the run is aborted. Step: rebuilt: no progress for 1h',
  );
  expect(reply).toContain('https://docs.example.org/dcr.html#manual-intervention');
  for (const decision of ['retry', 'proceed', 'abort'])
    expect(reply).toContain(
      `${decision}: argo node set -n dcr dcr-express-7 --node-field-selector displayName=ask -p decision=${decision} &amp;&amp; argo resume -n dcr dcr-express-7 --node-field-selector displayName=ask`,
    );
});

test('a failure gets one ticket, however often it is told, and also when its start was never heard of', async () => {
  await notify(['started']);
  for (let n = 0; n < 3; n += 1) expect(await notify(['Failed', '--message', 'no progress for 1h'])).toMatchObject({ code: 0 });
  await notify(['Error'], { 'run-id': 'r-8' });
  const { slack, jira } = await effects();
  expect(jira.filter(({ route }) => route === 'issue.create').map(({ summary }) => summary)).toEqual([
    'DCR of express-7, run r-7 failed',
    'DCR of express-7, run r-8 failed',
  ]);
  expect(roots(slack)).toHaveLength(2);
  expect(edits(slack).at(-1)).toMatch(/run r-8: failed|run r-7: failed/);
});

test('a router that is away is tried until the time is over: exit 3; one that refuses is exit 2', async () => {
  const away = `http://127.0.0.1:${await freePort()}/ingest/events`;
  expect(await notify(['started'], { 'router-url': away, timeout: '1500ms' })).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/UNREACHABLE: Not told to the router after \d tries/) as never,
  });
  expect(await notify(['started'], { 'router-url': `http://127.0.0.1:${port}/ingest/nobody` })).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/REFUSED: .*404/) as never,
  });
});

test.each([[['perhaps']], [['started', '--router-url', 'ftp://x']], [['manual-intervention']], [['started', '--cluster', 'a\nb']]])(
  '%p is wrong usage',
  async (args) => {
    expect(await notify(args)).toMatchObject({ code: 1 });
  },
);
