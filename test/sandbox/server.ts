import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Fault, Faults, readFault } from './faults.js';
import { isRecord } from './is-record.js';

const DEFAULT_SLOW_MS = 1_000;
export interface SandboxRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** JSON or urlencoded; {} when there is none. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface SandboxAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Effect {
  readonly route: string;
  /** What makes it recognisable as that of one step; null where the request carries nothing of the kind. */
  readonly key: string | null;
  readonly [detail: string]: unknown;
}

export interface Handler {
  /** Name of the route, as faults and the state call it. Called before faults strike. */
  route(request: SandboxRequest): string;
  /** `effect` records that something in the world was changed. */
  handle(request: SandboxRequest, effect: (key: string | null, detail: Readonly<Record<string, unknown>>) => void): SandboxAnswer;
  /** How the target is set up: rights, channels, projects… Throws an Error that says what is wrong. Absent: nothing can be. */
  configure?(settings: Readonly<Record<string, unknown>>): void;
}

export interface SandboxState {
  readonly requests: number;
  readonly requestsByRoute: Readonly<Record<string, number>>;
  readonly effects: readonly Effect[];
  /** How often each key took effect: more than 1 is something done twice. */
  readonly byKey: Readonly<Record<string, number>>;
}

export interface StandIn {
  /** With the base path of the API. */
  readonly url: string;
  readonly state: SandboxState;
  /** One fault, or several of one after the other; they replace those of their routes. */
  setFault(...faults: readonly Fault[]): void;
  configure(settings: Readonly<Record<string, unknown>>): void;
  /** Resolves when the next request has come whole, with its route; before a fault strikes or it is answered. */
  nextRequest(): Promise<string>;
  /** Resolves when no client has a connection open. */
  allClosed(): Promise<void>;
  /** Closes connections on which no request is under way, as a server does after its keep-alive time. */
  dropIdle(): void;
  close(): Promise<void>;
}

/** Own properties only: no name a client sends reaches a prototype. */
const counts = (map: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries(map);
const count = (map: Map<string, number>, name: string): void => {
  map.set(name, (map.get(name) ?? 0) + 1);
};

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string, contentType: string): unknown {
  if (text === '') return {};
  return contentType.startsWith('application/x-www-form-urlencoded') ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text);
}

function send(response: ServerResponse, { status, body, headers }: SandboxAnswer): void {
  response.writeHead(status, { ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }), ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

/** A JSON text that goes on until the client has had enough. */
function endless(response: ServerResponse): void {
  response.write('{"ok":true,"pad":"');
  const more = (): void => {
    while (!response.destroyed && response.write('x'.repeat(65_536)));
  };
  response.on('drain', more);
  more();
}

/** A server on 127.0.0.1 that remembers the effects of its requests and fails as it is told to: `PUT /__sandbox/faults`, `PUT /__sandbox/settings`, `GET /__sandbox/state`. */
export async function startStandIn(
  name: string,
  handler: Handler,
  onEffect?: (name: string, effect: Effect) => void,
  basePath = '',
): Promise<StandIn> {
  const faults = new Faults();
  const closing = new AbortController();
  const sockets = new Set<Socket>();
  const waiting: ((route: string) => void)[] = [];
  const whenClosed: (() => void)[] = [];
  const effects: Effect[] = [];
  const byKey = new Map<string, number>();
  const byRoute = new Map<string, number>();
  let requests = 0;
  const state = (): SandboxState => ({ requests, requestsByRoute: counts(byRoute), effects: [...effects], byKey: counts(byKey) });

  function configure(settings: Readonly<Record<string, unknown>>): void {
    if (handler.configure === undefined) throw new Error(`${name} has no settings.`);
    handler.configure(settings);
  }

  function control(method: string, path: string, body: unknown): SandboxAnswer {
    if (method === 'GET' && path.endsWith('/state')) return { status: 200, body: state() };
    if (method !== 'PUT' || !/\/(faults|settings)$/.test(path))
      return { status: 404, body: { error: 'GET …/state, PUT …/faults or PUT …/settings' } };
    try {
      if (path.endsWith('/faults')) faults.set((Array.isArray(body) ? body : [body]).map(readFault));
      else configure(isRecord(body) ? body : {});
      return { status: 200, body: { ok: true } };
    } catch (error) {
      return { status: 400, body: { error: error instanceof Error ? error.message : String(error) } };
    }
  }

  async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? '/', 'http://sandbox');
    const method = message.method ?? 'GET';
    const text = await readText(message);
    let path: string;
    let body: unknown;
    try {
      path = decodeURIComponent(url.pathname);
      body = parseBody(text, message.headers['content-type'] ?? '');
    } catch {
      return send(response, { status: 400, body: { error: 'not readable' } });
    }
    if (path.includes('/__sandbox/')) return send(response, control(method, path, body));
    const request: SandboxRequest = { method, path, query: url.searchParams, headers: message.headers, body: isRecord(body) ? body : {} };
    const route = handler.route(request);
    requests += 1;
    count(byRoute, route);
    const handle = (): SandboxAnswer =>
      handler.handle(request, (key, detail) => {
        const effect: Effect = { ...detail, route, key };
        effects.push(effect);
        if (key !== null) count(byKey, key);
        onEffect?.(name, effect);
      });
    for (const told of waiting.splice(0)) told(route);
    const fault = faults.next(route);
    switch (fault?.fault) {
      case 'refuse':
        message.socket.destroy();
        return;
      case 'hang':
        return;
      case 'answer-lost':
        handle();
        message.socket.destroy();
        return;
      case '400':
        return send(response, { status: 400, body: { error: 'sandbox: refused for good' } });
      case '429':
        return send(response, { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': '1' } });
      case '429-date': {
        const headers = { 'retry-after': new Date(Date.now() + 90_000).toUTCString() };
        return send(response, { status: 429, body: { ok: false, error: 'ratelimited' }, headers });
      }
      case '500-after':
        handle();
        return send(response, { status: 500, body: { error: 'sandbox: after the effect' } });
      case '500':
        return send(response, { status: 500, body: { error: 'sandbox: before the effect' } });
      case 'malformed':
        handle();
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
        response.end('{"ok":tr');
        return;
      case 'html':
        response.writeHead(200, { 'content-type': 'text/html' });
        response.end('<html><body>Please sign in to the network.</body></html>');
        return;
      case 'huge':
        handle();
        response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
        return endless(response);
      case 'redirect':
        handle();
        return send(response, { status: 303, headers: { location: fault.to ?? 'http://127.0.0.1:9/elsewhere' } });
      case 'slow':
        await delay(fault.ms ?? DEFAULT_SLOW_MS, undefined, { signal: closing.signal });
        return send(response, handle());
      default:
        return send(response, handle());
    }
  }

  const server = createServer((message, response) => {
    answer(message, response).catch((error: unknown) => {
      if (closing.signal.aborted || response.headersSent || message.destroyed) response.destroy();
      else send(response, { status: 500, body: { error: `The stand-in failed: ${String(error)}` } });
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) for (const told of whenClosed.splice(0)) told();
    });
  });
  // Longer than clients keep idle connections, so that only faults break one.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${name}: no port`);

  return {
    url: `http://127.0.0.1:${address.port}${basePath}`,
    get state() {
      return state();
    },
    setFault: (...given) => faults.set(given),
    configure,
    nextRequest: () => new Promise((told) => waiting.push(told)),
    allClosed: () => (sockets.size === 0 ? Promise.resolve() : new Promise((told) => whenClosed.push(told))),
    dropIdle: () => server.closeIdleConnections(),
    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
