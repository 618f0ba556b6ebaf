import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { type Fb303Server, type Fb303ServerOptions, startFb303 } from '#test/dcr/fb303-server.js';
import { Dcrctl, dcrctl } from '#test/dcr/process/dcrctl.js';
import { freePort, Processes, until } from '#test/support/processes.js';

// Real processes, on machines that have other things to do.
jest.setTimeout(120_000);

let processes: Processes;
const servers: Fb303Server[] = [];
beforeEach(() => {
  processes = new Processes();
});
afterEach(async () => {
  await Promise.all([processes.close(), ...servers.splice(0).map((server) => server.close())]);
});

async function node(options: Partial<Fb303ServerOptions> = {}): Promise<Fb303Server> {
  const server = await startFb303({
    transport: 'framed',
    protocol: 'binary',
    status: () => ({ code: 1, details: 'WAITING_FOR_FARMERS 1/2 run=r-1', counters: { farmers_registered: 1, 'bad name': 1 } }),
    ...options,
  });
  servers.push(server);
  return server;
}

const probe = (args: readonly string[], env = {}) => dcrctl(processes, ['probe', ...args], env);

test.each([
  ['framed', 'binary'],
  ['framed', 'compact'],
  ['buffered', 'binary'],
  ['buffered', 'compact'],
] as const)('a node that waits for farmers is started, live and ready, %s %s', async (transport, protocol) => {
  const { port } = await node({ transport, protocol, dictionary: true });
  const modes = ['started', 'live', 'ready'];
  const all = await Promise.all(
    modes.map((mode) => probe(['--mode', mode, '--port', String(port), '--transport', transport, '--protocol', protocol])),
  );
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(all[0]?.stdout).toBe('started: the node says STARTING: WAITING_FOR_FARMERS 1/2 run=r-1\n');
  expect(all[0]?.stderr).toBe('');
});

test('exit codes: 1 arguments, 2 connect, 3 call, 4 state; one line each', async () => {
  const booting = await node({ status: () => ({ code: 1, details: 'BOOTING', counters: {} }) });
  const hung = await node({ fault: () => 'hang' });
  const results = await Promise.all([
    probe([]),
    probe(['--mode', 'well']),
    probe(['--mode', 'live', '--port', '70000']),
    probe(['--mode', 'live', '--timeout', 'soon']),
    probe(['--mode', 'live', '--surprise']),
    probe(['--mode', 'live', '--port', String(await freePort())]),
    probe(['--mode', 'live', '--port', String(hung.port), '--timeout', '200ms']),
    probe(['--mode', 'started', '--port', String(booting.port)]),
    probe(['--mode', 'live'], { DCRCTL_PORT: String(booting.port) }),
  ]);
  expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1, 1, 2, 3, 4, 0]);
  for (const { stdout } of results.slice(5)) expect(stdout.trim().split('\n')).toHaveLength(1);
});

const serving = async (port: number, options: readonly string[] = []): Promise<{ url: string; running: Dcrctl }> => {
  const servePort = await freePort();
  const running = new Dcrctl(processes, [
    'probe',
    '--serve',
    '--serve-host',
    '127.0.0.1',
    '--serve-port',
    String(servePort),
    '--port',
    String(port),
    ...options,
  ]);
  await until('the probe to serve', async () => (running.stderr.includes('Answering on port') ? true : undefined), 10_000, running.child);
  return { url: `http://127.0.0.1:${servePort}`, running };
};

test('over HTTP the same answers: 200 or 503, one connection a question, never an old answer', async () => {
  let details = 'BOOTING';
  const server = await node({ status: () => ({ code: 1, details, counters: {} }) });
  const { url, running } = await serving(server.port);
  const ask = async (path: string): Promise<[number, string]> => {
    const answer = await fetch(`${url}${path}`);
    return [answer.status, (await answer.text()).trim()];
  };
  expect(await ask('/started')).toEqual([503, 'not started: the node says STARTING: BOOTING']);
  expect(await ask('/live')).toEqual([200, 'live: the node says STARTING']);
  details = 'WAITING_FOR_FARMERS 0/2';
  expect(await ask('/started')).toEqual([200, 'started: the node says STARTING: WAITING_FOR_FARMERS 0/2']);
  expect(await ask('/ready')).toEqual([200, 'ready: the node says STARTING: WAITING_FOR_FARMERS 0/2']);
  expect(server.connections).toBe(4);
  expect((await ask('/healthz'))[0]).toBe(404);
  expect((await fetch(`${url}/ready`, { method: 'POST' })).status).toBe(405);
  expect(server.connections).toBe(4);
  await server.close();
  expect((await ask('/live'))[0]).toBe(503);
  expect(await running.child.kill('SIGTERM')).toBe(0);
});

test('no more than 8 questions are under way at once; the others are answered 503 without asking the node', async () => {
  const server = await node({ fault: () => 'hang' });
  const { url } = await serving(server.port, ['--timeout', '500ms']);
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await fetch(`${url}/live`)).status));
  expect(new Set(statuses)).toEqual(new Set([503]));
  expect(server.connections).toBe(8);
  const after = await fetch(`${url}/live`);
  expect([after.status, after.headers.get('x-probe-exit')]).toEqual([503, '3']);
});

test('/metrics gives state and counters, also when the node does not answer', async () => {
  const server = await node();
  const { url } = await serving(server.port);
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    'dcr_node_up 1',
    'dcr_node_state{state="WAITING_FOR_FARMERS"} 1',
    'dcr_node_state{state="GUARDIAN"} 0',
    'dcr_node_farmers_registered 1',
  ])
    expect(text.split('\n')).toContain(line);
  expect(text).not.toContain('bad name');
  await server.close();
  expect(await (await fetch(`${url}/metrics`)).text()).toBe('# TYPE dcr_node_up gauge\ndcr_node_up 0\n');
});
