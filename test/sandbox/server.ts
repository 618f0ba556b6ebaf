import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const DEFAULT_SLOW_MS = 1_000;
const FAULTS = ['refuse', 'hang', 'answer-lost', '429', '500', '500-after', 'malformed', 'slow', 'none'] as const;

/**
 * refuse, hang, 429 and 500 come before the effect; answer-lost, 500-after and malformed come after it.
 * refuse: the socket is destroyed · hang: no answer, ever · malformed: 200 with half of a JSON · slow: as usual, `ms` later.
 */
export type FaultName = (typeof FAULTS)[number];

export interface Fault {
  /** A route's name, or `*` for those without faults of their own. */
  readonly route: string;
  /** `none` ends the faults of the route; with route `*`, those of every route. */
  readonly fault: FaultName;
  /** For so many requests; without it, until replaced. */
  readonly times?: number;
  /** How long `slow` takes. */
  readonly ms?: number;
}

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
}

export interface SandboxState {
  readonly requests: number;
  readonly requestsByRoute: Readonly<Record<string, number>>;
  readonly effects: readonly Effect[];
  /** How often each key took effect: more than 1 is something done twice. */
  readonly byKey: Readonly<Record<string, number>>;
}

export interface StandIn {
  /** Without a trailing slash. */
  readonly url: string;
  readonly state: SandboxState;
  /** One fault, or several of one after the other; they replace those of their routes. */
  setFault(...faults: readonly Fault[]): void;
  close(): Promise<void>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Own properties only: no name a client sends reaches a prototype. */
const counts = (map: ReadonlyMap<string, number>): Record<string, number> => Object.fromEntries(map);
const count = (map: Map<string, number>, name: string): void => {
  map.set(name, (map.get(name) ?? 0) + 1);
};

function readFault(value: unknown): Fault {
  if (!isRecord(value)) throw new Error('A fault is {"route","fault","times"?,"ms"?}.');
  const { route, fault, times, ms } = value;
  const name = FAULTS.find((known) => known === String(fault));
  if (typeof route !== 'string' || name === undefined) throw new Error(`A fault has a route and one of: ${FAULTS.join(', ')}.`);
  for (const number of [times, ms]) {
    if (number !== undefined && !(typeof number === 'number' && number >= 0)) throw new Error('times and ms are numbers from 0 on.');
  }
  return { route, fault: name, ...(typeof times === 'number' ? { times } : {}), ...(typeof ms === 'number' ? { ms } : {}) };
}

class Faults {
  readonly #byRoute = new Map<string, { fault: Fault; left: number }[]>();

  set(faults: readonly Fault[]): void {
    for (const { route, fault } of faults) {
      if (route === '*' && fault === 'none') this.#byRoute.clear();
      this.#byRoute.delete(route);
    }
    for (const fault of faults) {
      if (fault.fault === 'none') continue;
      const list = this.#byRoute.get(fault.route) ?? [];
      list.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY });
      this.#byRoute.set(fault.route, list);
    }
  }

  next(route: string): Fault | undefined {
    for (const name of [route, '*']) {
      const list = this.#byRoute.get(name) ?? [];
      while (list[0] !== undefined && list[0].left <= 0) list.shift();
      if (list[0] === undefined) continue;
      list[0].left -= 1;
      return list[0].fault;
    }
    return undefined;
  }
}

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

/** A server on 127.0.0.1 that remembers the effects of its requests and fails as it is told to: `PUT /__sandbox/faults`, `GET /__sandbox/state`. */
export async function startStandIn(name: string, handler: Handler, onEffect?: (name: string, effect: Effect) => void): Promise<StandIn> {
  const faults = new Faults();
  const closing = new AbortController();
  const effects: Effect[] = [];
  const byKey = new Map<string, number>();
  const byRoute = new Map<string, number>();
  let requests = 0;
  const state = (): SandboxState => ({ requests, requestsByRoute: counts(byRoute), effects: [...effects], byKey: counts(byKey) });

  function control(method: string, path: string, body: unknown): SandboxAnswer {
    if (method === 'GET' && path.endsWith('/state')) return { status: 200, body: state() };
    if (method !== 'PUT' || !path.endsWith('/faults')) return { status: 404, body: { error: 'GET …/state or PUT …/faults' } };
    try {
      faults.set((Array.isArray(body) ? body : [body]).map(readFault));
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
      case '429':
        return send(response, { status: 429, body: { ok: false, error: 'ratelimited' }, headers: { 'retry-after': '1' } });
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
  // Longer than clients keep idle connections, so that only faults break one.
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${name}: no port`);

  return {
    url: `http://127.0.0.1:${address.port}`,
    get state() {
      return state();
    },
    setFault: (...given) => faults.set(given),
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
