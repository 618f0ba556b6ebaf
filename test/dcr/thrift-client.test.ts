import { afterEach, expect, test } from '@jest/globals';
import { askFb303 } from '#runtime/dcr/fb303.js';
import { probeNode } from '#runtime/dcr/probe-node.js';
import type { NodeAddress } from '#runtime/dcr/thrift-client.js';
import { type Fb303Server, type Fb303ServerOptions, startFb303, type WireFault } from '#test/dcr/fb303-server.js';
import { freePort } from '#test/support/processes.js';

const LIMITS = { timeoutMs: 20_000, connectTimeoutMs: 10_000 };
const SHORT = { timeoutMs: 150, connectTimeoutMs: 100 };
/** For answers that are told apart from a hang: a busy machine may take longer than SHORT to connect. Still below the bound of 2 s. */
const PROMPT = { timeoutMs: 1_500, connectTimeoutMs: 1_000 };
const FARMERS = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`farmer_${n}_units`, n]));
const STATUS = { code: 1, details: 'WAITING_FOR_FARMERS 1/2 run=r-1', counters: { ...FARMERS, farmers_registered: 1, big: 4_000_000_000 } };
const COMBINATIONS = [
  ['framed', 'binary'],
  ['framed', 'compact'],
  ['buffered', 'binary'],
  ['buffered', 'compact'],
] as const;

const opened: Fb303Server[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((server) => server.close()));
});

async function open(options: Partial<Fb303ServerOptions> = {}): Promise<{ server: Fb303Server; address: NodeAddress }> {
  const wire = { transport: options.transport ?? 'framed', protocol: options.protocol ?? 'binary' } as const;
  const server = await startFb303({ ...wire, status: () => STATUS, ...options });
  opened.push(server);
  return { server, address: { host: '127.0.0.1', port: server.port, ...wire } };
}

test.each(COMBINATIONS)("status, details and counters come through Apache Thrift's own server, %s %s", async (transport, protocol) => {
  const { server, address } = await open({ transport, protocol });
  const answer = await askFb303(address, LIMITS, ['details', 'counters']);
  expect(answer).toEqual({ code: 'STARTING', details: STATUS.details, counters: STATUS.counters });
  expect(server.connections).toBe(1);
});

test.each(COMBINATIONS)(
  'property 7: 100 probes of a node with a dictionary per connection are 100 connections and pass, %s %s',
  async (transport, protocol) => {
    const { server, address } = await open({ transport, protocol, dictionary: true });
    for (let n = 0; n < 100; n += 1) expect(await probeNode(address, 'started', LIMITS)).toMatchObject({ exit: 0 });
    expect(server.connections).toBe(100);
    expect(server.requests).toBe(200);
  },
);

test('property 7: a request repeated on one connection fails there, so that reuse of a connection would be found', async () => {
  const { address } = await open({ dictionary: true });
  const { askThrift } = await import('#runtime/dcr/thrift-client.js');
  await expect(askThrift(address, ['getStatus', 'getStatus'], LIMITS)).rejects.toMatchObject({ code: 'RPC' });
});

const BROKEN: readonly [WireFault, number, RegExp][] = [
  ['eof', 3, /closed the connection/],
  ['garbage', 3, /./],
  ['exception', 3, /internal error: it broke/],
  ['wrong-seq', 3, /sequence id 2; expected 1/],
  ['hang', 3, /no whole answer within 150 ms/],
  ['flood', 3, /./],
];
for (const [transport, protocol] of COMBINATIONS)
  test.each(BROKEN)(
    `property 7: a node that answers with %s is exit %i within the deadline, ${transport} ${protocol}`,
    async (fault, exit, line) => {
      const { address } = await open({ transport, protocol, fault: () => fault });
      const startedMs = performance.now();
      const result = await probeNode(address, 'live', fault === 'hang' ? SHORT : PROMPT);
      expect(result).toMatchObject({ exit });
      expect(result.line).toMatch(line);
      expect(performance.now() - startedMs).toBeLessThan(2_000);
    },
  );

test('property 7: a refused connection is exit 2 and says where', async () => {
  const port = await freePort();
  const result = await probeNode({ host: '127.0.0.1', port, transport: 'framed', protocol: 'binary' }, 'live', LIMITS);
  expect(result.exit).toBe(2);
  expect(result.line).toContain(`127.0.0.1:${port} (framed, binary): no connection: connect ECONNREFUSED`);
});

test('property 7: a node in another state is exit 4 and says which', async () => {
  const { address } = await open({ status: () => ({ code: 1, details: 'BOOTING', counters: {} }) });
  expect(await probeNode(address, 'started', LIMITS)).toEqual({ exit: 4, line: 'not started: the node says STARTING: BOOTING' });
});

test.each([
  ['framed', 'buffered'],
  ['buffered', 'framed'],
] as const)('a client that speaks %s to a %s server ends within its deadline with exit 3', async (mine, theirs) => {
  const { address } = await open({ transport: theirs });
  expect(await probeNode({ ...address, transport: mine }, 'live', SHORT)).toMatchObject({ exit: 3 });
});

test.each([
  ['binary', 'compact'],
  ['compact', 'binary'],
] as const)('a client that speaks %s to a %s server ends within its deadline with exit 3', async (mine, theirs) => {
  const { address } = await open({ protocol: theirs });
  expect(await probeNode({ ...address, protocol: mine }, 'live', SHORT)).toMatchObject({ exit: 3 });
});

test('a code that is no fb_status is not taken for one', async () => {
  const { address } = await open({ status: () => ({ code: 6, details: '', counters: {} }) });
  expect(await probeNode(address, 'live', LIMITS)).toMatchObject({ exit: 3, line: expect.stringContaining('no fb_status') as never });
});
