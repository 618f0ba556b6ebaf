import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { systemClock } from '#runtime/clock.js';
import type { NodeAddress } from '#runtime/dcr/thrift-client.js';
import { dnsResolver } from './dns.js';
import { startFb303, type WireFault } from './fb303-server.js';
import { readProperties } from './properties.js';
import { S3Cache } from './s3-cache.js';
import { SimNode } from './sim-node.js';
import { type SimTimes, TIMES } from './sim-options.js';
import { HttpTopology } from './topology-http.js';

/**
 * A node as a process: node test/dist/dcr/node.js --role synchronizer --properties dcr.json --name <fqdn> --ip <pod ip> --topology <url> --dns 127.0.0.1:53 …
 * First line: {"port", "control"}. Faults: PUT {"fault": …} to the control URL. SIGTERM drains. Exit 1: given up by the pump, or crashed.
 */
const { values: flags } = parseArgs({
  options: {
    role: { type: 'string', default: 'synchronizer' },
    properties: { type: 'string' },
    name: { type: 'string' },
    ip: { type: 'string', default: '127.0.0.1' },
    topology: { type: 'string' },
    dns: { type: 'string' },
    port: { type: 'string', default: '0' },
    transport: { type: 'string', default: 'framed' },
    protocol: { type: 'string', default: 'binary' },
    /** Fails a request that is repeated on one connection. */
    dictionary: { type: 'boolean', default: false },
    /** Registers without looking whether its name resolves. */
    'no-dns-gate': { type: 'boolean', default: false },
    /** JSON: parts of SimTimes, in milliseconds of the node's clock. */
    times: { type: 'string', default: '{}' },
  },
});

const need = (name: 'properties' | 'name' | 'topology' | 'dns'): string => {
  const value = flags[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
};
const propertiesFile = need('properties');
const wire = { transport: flags.transport as NodeAddress['transport'], protocol: flags.protocol as NodeAddress['protocol'] };
const resolve = dnsResolver(need('dns'));
const topology = new HttpTopology(need('topology'));
const keys = { accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? '', secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? '' };
const times: SimTimes = { ...TIMES, ...(JSON.parse(flags.times) as Partial<SimTimes>) };
const faultSchema = z.object({
  fault: z.enum([
    'none',
    'hang',
    'crash',
    'fail',
    'pause',
    'resume',
    'slow',
    'lose-cache',
    'eof',
    'garbage',
    'exception',
    'wrong-seq',
    'flood',
  ]),
  /** slow: work takes so many times as long, and answers so many milliseconds. */
  factor: z.number().optional(),
  delayMs: z.number().optional(),
  text: z.string().optional(),
  /** lose-cache: how long things take in the next life. */
  times: z.record(z.string(), z.number()).optional(),
});

let node: SimNode;
let wireFault: WireFault = 'none';
let delayMs = 0;
const server = await startFb303({
  ...wire,
  dictionary: flags.dictionary,
  port: Number(flags.port),
  status: () => node.status(),
  fault: () => (node.hung ? 'hang' : wireFault),
  delay: () => new Promise((answer) => setTimeout(answer, delayMs)),
});

function boot(changed: Partial<SimTimes> = {}): void {
  node = new SimNode(
    {
      role: flags.role === 'farmer' ? 'farmer' : 'synchronizer',
      name: need('name'),
      ip: flags.ip,
      address: { host: '127.0.0.1', port: server.port, ...wire },
      boot: randomBytes(4).toString('hex'),
      times: { ...times, ...changed },
      dnsGate: !flags['no-dns-gate'],
    },
    {
      clock: systemClock,
      topology,
      cache: new S3Cache(readProperties(propertiesFile).cache, keys),
      properties: () => readProperties(propertiesFile),
      resolve,
    },
  );
  const mine = node;
  node.start();
  node.end.then(
    (end) => {
      if (mine === node) process.exit(end === 'stopped' ? 0 : 1);
    },
    () => process.exit(1),
  );
}
boot();

function strike({ fault, factor, delayMs: slowMs, text, times: next }: z.infer<typeof faultSchema>): void {
  switch (fault) {
    case 'none':
      node.hung = false;
      node.slowness = 1;
      wireFault = 'none';
      delayMs = 0;
      return;
    case 'hang':
      node.hung = true;
      return;
    case 'crash':
      return process.exit(1);
    case 'fail':
      return node.fail(text ?? 'told to fail');
    case 'pause':
      return node.pause();
    case 'resume':
      return node.resume();
    case 'slow':
      node.slowness = factor ?? 10;
      delayMs = slowMs ?? 0;
      return;
    case 'lose-cache': {
      // The container restarts in its pod: same name and address, another life.
      const last = node;
      boot(next);
      return last.crash();
    }
    default:
      wireFault = fault;
  }
}

const control = createServer((request, response) => {
  const read = async (): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    if (request.method === 'PUT') strike(faultSchema.parse(JSON.parse(body)));
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(node.status()));
  };
  read().catch((error: unknown) => response.writeHead(400).end(String(error)));
});
control.listen(0, '127.0.0.1');
await once(control, 'listening');
process.on('SIGTERM', () => {
  node.terminate().catch(() => process.exit(1));
});
process.stdout.write(`${JSON.stringify({ port: server.port, control: `http://127.0.0.1:${(control.address() as AddressInfo).port}` })}\n`);
