import type { Command } from './command.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { durationMs, isSet, optional, portNumber, required } from './flags.js';
import { WIRE_OPTIONS } from './options.js';
import { wireOf } from './settings-wire.js';
import { PROBE_MODES } from './state-table.js';

export const probeCommand: Command = {
  name: 'probe',
  describe: 'Ask a node for its status over one new Thrift connection',
  exits: '0 passes · 1 wrong usage · 2 no connection · 3 no answer, or none that is understood · 4 not in a state that passes',
  options: {
    mode: { describe: 'started: runs and is registered. live: answers at all. ready: registered and serving', choices: PROBE_MODES },
    host: { describe: 'Address of the node', default: '127.0.0.1' },
    port: { describe: "The node's status port", default: '9090' },
    ...WIRE_OPTIONS,
    timeout: { describe: "Longest time for all of it; must be below the probe's timeoutSeconds", default: '4s' },
    'connect-timeout': { describe: 'Longest time until the connection stands', default: '1s' },
    serve: { describe: 'Answer GET /started, /ready, /live and /metrics over HTTP instead, each by a new question', flag: true },
    'serve-host': { describe: 'Address to listen on with --serve', default: '0.0.0.0' },
    'serve-port': { describe: 'Port to listen on with --serve', default: '8086' },
  },
  examples: [
    ['$0 probe --mode ready', 'node on 127.0.0.1:9090, framed binary'],
    ['$0 probe --mode live --transport buffered --protocol compact --port 9091', ''],
    ['$0 probe --serve --serve-port 8086', 'for httpGet probes of the kubelet'],
  ],
  async run(flags, ports) {
    const node = { host: required(flags, 'host'), port: portNumber(flags, 'port'), ...wireOf(flags) };
    const limits = { timeoutMs: durationMs(flags, 'timeout'), connectTimeoutMs: durationMs(flags, 'connect-timeout') };
    if (isSet(flags, 'serve')) {
      const { serveProbe } = await import('./probe-server.js');
      const server = await serveProbe({ node, limits, host: required(flags, 'serve-host'), port: portNumber(flags, 'serve-port') });
      ports.say(`Answering on port ${server.port} for ${node.host}:${node.port}.`);
      if (!ports.stop.aborted) await new Promise((resolve) => ports.stop.addEventListener('abort', resolve, { once: true }));
      await server.close();
      return EXIT_FINE;
    }
    const mode = PROBE_MODES.find((name) => name === optional(flags, 'mode'));
    if (mode === undefined) throw new DcrError('USAGE', `--mode is missing: one of ${PROBE_MODES.join(', ')}; or --serve.`);
    const { probeNode } = await import('./probe-node.js');
    const { exit, line } = await probeNode(node, mode, limits);
    ports.out(line);
    return exit;
  },
};
