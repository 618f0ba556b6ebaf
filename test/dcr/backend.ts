import { parseArgs } from 'node:util';
import { parseDurationMs, systemClock } from '#runtime/clock.js';
import { askThrift } from '#runtime/dcr/thrift-client.js';
import { dnsResolver } from './dns.js';
import { Pump } from './pump.js';
import { MemoryTopology } from './topology.js';
import { serveTopology } from './topology-http.js';

/** The backend as a process: the registry of nodes over HTTP and the pump. First line: {"topology": <url>}. */
const { values: flags } = parseArgs({
  options: {
    /** The DNS server it resolves names with, host:port. */
    dns: { type: 'string' },
    /** How long a node that cannot be reached is "not yet". 0s: broken at once. */
    patience: { type: 'string', default: '60s' },
    every: { type: 'string', default: '5s' },
    port: { type: 'string', default: '0' },
  },
});
if (flags.dns === undefined) throw new Error('--dns is missing');
const topology = new MemoryTopology(systemClock);
const pump = new Pump(
  {
    clock: systemClock,
    topology,
    resolve: dnsResolver(flags.dns),
    ask: (address) =>
      askThrift(address, ['getStatus'], { timeoutMs: 3_000, connectTimeoutMs: 1_000 }).then(
        () => true,
        () => false,
      ),
  },
  { everyMs: parseDurationMs(flags.every) ?? 5_000, patienceMs: parseDurationMs(flags.patience) ?? 60_000 },
);
pump.start();
const { url } = await serveTopology(topology, Number(flags.port));
process.stdout.write(`${JSON.stringify({ topology: url })}\n`);
