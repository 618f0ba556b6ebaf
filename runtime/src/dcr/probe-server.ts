import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asError } from '../errors.js';
import { redactText } from '../redact.js';
import { DcrError, EXIT_FINE } from './dcr-error.js';
import { nodeMetrics } from './node-metrics.js';
import { askNode, probeNode } from './probe-node.js';
import { PROBE_MODES } from './state-table.js';
import type { AskLimits, NodeAddress } from './thrift-client.js';

/** Connections to the node at once. The kubelet asks three questions a period; the rest is for people and metrics. */
const MAX_QUESTIONS = 8;
/** A request head, not a body: nothing here takes one. */
const MAX_HEADER_BYTES = 8_192;

export interface ProbeServerOptions {
  readonly node: NodeAddress;
  readonly limits: AskLimits;
  readonly host: string;
  readonly port: number;
}

/**
 * GET /started, /ready, /live: 200 or 503 with the line of the probe; /metrics: state and counters for Prometheus. Each request is a question on a new
 * connection of its own; nothing is kept. Beyond 8 at once the answer is 503, without asking.
 */
export async function serveProbe({ node, limits, host, port }: ProbeServerOptions): Promise<{ port: number; close(): Promise<void> }> {
  let asking = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const say = (status: number, text: string, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers });
      response.end(request.method === 'HEAD' ? undefined : text.endsWith('\n') ? text : `${text}\n`);
    };
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(405, 'Only GET and HEAD.', { allow: 'GET, HEAD' });
    const mode = PROBE_MODES.find((name) => path === `/${name}`);
    if (mode === undefined && path !== '/metrics') return say(404, 'Here are /started, /ready, /live and /metrics.');
    if (asking >= MAX_QUESTIONS) return say(503, `${MAX_QUESTIONS} questions are under way; ask again.`, { 'retry-after': '1' });
    asking += 1;
    try {
      if (mode === undefined) {
        return say(200, nodeMetrics(await askNode(node, limits).catch(() => undefined)), {
          'content-type': 'text/plain; version=0.0.4; charset=utf-8',
        });
      }
      const { exit, line } = await probeNode(node, mode, limits);
      say(exit === EXIT_FINE ? 200 : 503, redactText(line), { 'x-probe-exit': String(exit) });
    } finally {
      asking -= 1;
    }
  };
  const server = createServer(
    { maxHeaderSize: MAX_HEADER_BYTES, requestTimeout: limits.timeoutMs, headersTimeout: limits.timeoutMs },
    (request, response) => {
      request.resume();
      answer(request, response).catch((error: unknown) => {
        response.destroy(asError(error));
      });
    },
  );
  server.listen(port, host);
  await once(server, 'listening').catch((error: Error) => {
    throw new DcrError('USAGE', `--serve-host, --serve-port: cannot listen on ${host}:${port}: ${error.message}.`, error);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
