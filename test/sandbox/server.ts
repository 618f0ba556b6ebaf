import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type FaultName = 'none' | 'refuse' | 'hang' | 'answer-lost' | '429' | '500' | '500-after' | 'malformed' | 'slow';

export interface Fault {
  /** Route name as the stand-in calls it, or "*". */
  readonly route: string;
  readonly fault: FaultName;
  /** How many requests it meets; absent: until it is taken back. */
  readonly times?: number;
  /** slow: milliseconds. */
  readonly ms?: number;
}

/** Something that the stand-in did: a message posted, an issue created, a task submitted. */
export interface Effect {
  readonly route: string;
  /** The step key that came with it. */
  readonly key: string;
  readonly what: string;
  readonly atMs: number;
}

export interface StandInRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  /** JSON or a form, as an object. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Handler {
  /** Name of the route for faults. */
  route(request: StandInRequest): string;
  handle(request: StandInRequest, effect: (route: string, key: string, what: string) => void): Answer;
}

export interface StandIn {
  readonly url: string;
  readonly effects: readonly Effect[];
  readonly requests: () => number;
  setFault(fault: Fault): void;
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 8_388_608;

/** A stand-in server on loopback with faults that tests and demos switch, also over HTTP: PUT /__sandbox/faults, GET /__sandbox/state. */
export async function startStandIn(handler: Handler, onEffect: (effect: Effect) => void = () => undefined, port = 0): Promise<StandIn> {
  const effects: Effect[] = [];
  const faults = new Map<string, { fault: FaultName; left: number; ms: number }>();
  let requests = 0;
  const setFault = ({ route, fault, times, ms }: Fault): void => {
    if (fault === 'none') faults.delete(route);
    else faults.set(route, { fault, left: times ?? Number.POSITIVE_INFINITY, ms: ms ?? 1_000 });
  };
  const effect = (route: string, key: string, what: string): void => {
    const made = { route, key, what, atMs: Date.now() };
    effects.push(made);
    onEffect(made);
  };
  const takeFault = (route: string): { fault: FaultName; ms: number } => {
    for (const name of [route, '*']) {
      const found = faults.get(name);
      if (found === undefined) continue;
      found.left -= 1;
      if (found.left <= 0) faults.delete(name);
      return found;
    }
    return { fault: 'none', ms: 0 };
  };
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => incoming.socket.destroy());
  });

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://stand-in');
    const body = await readBody(incoming);
    if (url.pathname === '/__sandbox/state') return send(response, { body: { requests, effects, byKey: countByKey(effects) } });
    if (url.pathname === '/__sandbox/faults') {
      setFault(body as unknown as Fault);
      return send(response, { body: { ok: true } });
    }
    requests += 1;
    const request: StandInRequest = { method: incoming.method ?? 'GET', path: url.pathname, query: url.searchParams, headers: incoming.headers, body };
    const { fault, ms } = takeFault(handler.route(request));
    if (fault === 'refuse') return void incoming.socket.destroy();
    if (fault === 'hang') return;
    if (fault === '429') return send(response, { status: 429, headers: { 'retry-after': '1' }, body: { ok: false, error: 'ratelimited' } });
    if (fault === '500') return send(response, { status: 500, body: { error: 'simulated' } });
    const result = handler.handle(request, effect);
    if (fault === 'answer-lost') return void incoming.socket.destroy();
    if (fault === '500-after') return send(response, { status: 500, body: { error: 'simulated' } });
    if (fault === 'malformed') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"ok":tr');
      return;
    }
    if (fault === 'slow') await new Promise((later) => setTimeout(later, ms));
    send(response, result);
  }

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    effects,
    requests: () => requests,
    setFault,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Effects by step key: more than one of a key is a doubled action. */
export function countByKey(effects: readonly Effect[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { key } of effects) counts[key] = (counts[key] ?? 0) + 1;
  return counts;
}

async function readBody(incoming: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) throw new Error('too large');
    chunks.push(chunk as Buffer);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  if (text === '') return {};
  if ((incoming.headers['content-type'] ?? '').includes('json')) return JSON.parse(text) as Record<string, unknown>;
  return Object.fromEntries(new URLSearchParams(text));
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
