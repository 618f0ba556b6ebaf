import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { open as openAsync } from 'node:fs/promises';
import { afterEach, expect, test } from '@jest/globals';
import { freePort, Processes, startRouter, until } from '#test/support/processes.js';

const ROOT = new URL('../../', import.meta.url).pathname;
const CLI = `${ROOT}runtime/dist/cli.js`;
const opened: Processes[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((processes) => processes.close()));
});
function open(): Processes {
  const processes = new Processes();
  opened.push(processes);
  return processes;
}

const CANARY = 'xoxb-canary-crash-0123456789';

/** A router whose steps never end, since their target hangs up for an hour. */
function writeConfig(processes: Processes, port: number): string {
  mkdirSync(`${processes.dir}/mappings`);
  processes.file(
    'mappings/mapping.json',
    JSON.stringify({
      routes: {
        waits: [
          {
            name: 'r',
            actions: [
              { id: 's', use: 'http.request', destination: 'd', retry: { attempts: 9, backoff: '1h' }, with: { method: 'GET', path: '/' } },
            ],
          },
        ],
      },
    }),
  );
  const slack = { kind: 'slack', tokenFile: processes.file('slack.token', CANARY) };
  const config = {
    http: { host: '127.0.0.1', port },
    log: { dir: `${processes.dir}/data` },
    mappings: `${processes.dir}/mappings`,
    destinations: { d: { kind: 'http', baseUrl: 'http://127.0.0.1:1' }, slack },
  };
  return processes.file('router.json', JSON.stringify(config));
}

test('a reader that has seen enough ends a command quietly', async () => {
  const child = open().run('sh', ['-c', `${process.execPath} ${ROOT}runtime/bin/sre-router.js schema --format asyncapi | head -c 10`]);
  await once(child.process, 'exit');
  expect(child.output).toBe('{\n  "async');
});

test('Ctrl-C while send waits ends it with 130 and leaves the event to the router', async () => {
  const processes = open();
  const port = await freePort();
  await startRouter(processes, writeConfig(processes, port), port);
  const url = `http://127.0.0.1:${port}`;
  const sending = processes.start('runtime/dist/cli.js', ['send', '--type', 'waits', '--id', 'mine', '--url', url]);
  await until(
    'the event to wait',
    async () => ((await (await fetch(`${url}/api/v1/events?state=waiting`)).json()) as { events: unknown[] }).events[0],
    20_000,
    sending,
  );
  expect(await sending.kill('SIGINT')).toBe(130);
  expect(sending.output).toMatch(/^Stopped waiting\. mine-\S+ goes on in the router: sre-router explain mine-\S+/);
});

test('what the router prints is log lines and nothing else, also when it stops', async () => {
  const processes = open();
  const port = await freePort();
  const router = await startRouter(processes, writeConfig(processes, port), port);
  expect(await router.kill('SIGTERM')).toBe(0);
  const lines = router.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { msg: string });
  expect(lines.map(({ msg }) => msg)).toEqual(['ready', 'stopping', 'stopped; what is unfinished goes on at the next start']);
});

test.each([
  ['thrown', 'throw error'],
  ['rejected', 'Promise.reject(error)'],
])('a fault that is %s ends the router with 1 and one line, without what an SDK hung on the error', async (_how, fail) => {
  const processes = open();
  const port = await freePort();
  const headers = `{ Authorization: 'Bearer ${CANARY}' }`;
  const code = `const error = Object.assign(new Error('broken: ${CANARY}'), { config: { headers: ${headers} }, request: ${headers} }); process.once('SIGUSR2', () => { ${fail} });`;
  const router = processes.run(process.execPath, [
    '--import',
    `data:text/javascript,${encodeURIComponent(code)}`,
    CLI,
    'serve',
    '--config',
    writeConfig(processes, port),
  ]);
  await until(
    'the router to be ready',
    async () => ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok ? true : undefined),
    20_000,
    router,
  );
  expect(await router.kill('SIGUSR2')).toBe(1);
  expect(router.output).not.toContain('canary');
  const lines = router.output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { level: string; err?: { message: string } });
  expect(lines.at(-1)).toMatchObject({ level: 'fatal', err: { message: 'broken: [redacted]' } });
});

test('SIGTERM while the router starts is not lost: it ends cleanly as soon as it has started', async () => {
  const processes = open();
  const config = writeConfig(processes, await freePort());
  // Reading it lasts until somebody writes: a start that takes its time.
  const pipe = `${processes.dir}/mappings/slow.json`;
  execFileSync('mkfifo', [pipe]);
  const router = processes.start('runtime/dist/cli.js', ['serve', '--config', config]);
  const writer = await openAsync(pipe, 'w');
  router.process.kill('SIGTERM');
  await until(
    'the router to say that it will stop',
    async () => (router.output.includes('as soon as it has started') ? true : undefined),
    10_000,
    router,
  );
  await writer.writeFile('{"routes": {}}');
  await writer.close();
  await until('the router to end', async () => router.process.exitCode ?? undefined);
  expect(router.process.exitCode).toBe(0);
  expect(router.output).toContain('stopped; what is unfinished goes on');
});
