import type { Server as HttpsServer } from 'node:https';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type HTTPMethods } from 'fastify';
import type { Clock } from '../clock.js';
import { ERRORS, RouterError } from '../errors.js';
import { type Authorise, createAuthorise } from './auth.js';
import { BodyBudget } from './body-budget.js';
import { answerClientError } from './client-error.js';
import { withinDeadline } from './deadline.js';
import type { ApiPorts, ApiRequest, Endpoint } from './endpoint.js';
import { ENDPOINTS } from './endpoints.js';
import { makeProblem, PROBLEM_TYPE, problemOf } from './problem.js';
import { RATE_RETRY_AFTER_SECONDS, type Rate, RequestRate } from './request-rate.js';
import { readTlsPair, reloadTls, type TlsFiles } from './tls.js';

export interface HttpPorts extends ApiPorts {
  readonly clock: Clock;
  readonly host: string;
  readonly port: number;
  readonly tokensFile: string | undefined;
  /** Without it the port speaks plain HTTP. */
  readonly tls?: TlsFiles | undefined;
  /** Of each token; without tokens nothing is counted. */
  readonly rate: Rate;
  readonly bodyBytes: number;
  /** Default: 10 s for the headers, 30 s for the whole request, looked at every 2 s; 80 s for an answer that is not read. Slow clients hold nothing for ever. */
  readonly patience?: { readonly headersMs: number; readonly requestMs: number; readonly lookMs: number; readonly silentMs: number };
  /** Default 4,000; further ones are closed at once. */
  readonly maxConnections?: number;
  /** After each answer. `endpoint`: its path as documented, or "none". */
  answered(endpoint: string, status: number, seconds: number): void;
  onError(error: Error): void;
}

export interface HttpServer {
  /** Resolves with the URL. */
  listen(): Promise<string>;
  /** Takes no new connection, finishes the requests in flight; what is not over after 5 s is cut off, unanswered. */
  close(): Promise<void>;
}

const PATIENCE = { headersMs: 10_000, requestMs: 30_000, lookMs: 2_000, silentMs: 80_000 };
const MAX_HEADER_BYTES = 16_384;
/** Idle connections: longer than the 60 s for which load balancers keep theirs, so that they close them first. */
const KEEP_ALIVE_MS = 72_000;
const FINISH_WITHIN_MS = 5_000;
/** Each takes a file descriptor, of which the log and the destinations need some too; systems give a process 1,024 or far more. */
const MAX_CONNECTIONS = 4_000;
/** So many of the largest bodies may be under way at once. */
const LARGEST_BODIES = 8;

const SAFE_HEADERS = { 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'content-security-policy': "default-src 'none'" };

/** The HTTP surface: what ENDPOINTS lists, and nothing else. Every answer that is no success is problem+json (but /readyz); none is a redirect. */
export function createHttpServer(ports: HttpPorts): HttpServer {
  const { headersMs, requestMs, lookMs, silentMs } = ports.patience ?? PATIENCE;
  let isClosing = false;
  const limits = {
    headersTimeout: headersMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connectionsCheckingInterval: lookMs,
    requireHostHeader: false,
  };
  const { tls } = ports;
  const app: FastifyInstance = fastify({
    bodyLimit: ports.bodyBytes,
    requestTimeout: requestMs,
    // Nothing sent or read; longer than idle connections are kept.
    connectionTimeout: silentMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    ...(tls === undefined
      ? { http: limits }
      : { https: { ...limits, ...readTlsPair(tls), minVersion: 'TLSv1.2' as const, handshakeTimeout: headersMs } }),
    routerOptions: { maxParamLength: MAX_HEADER_BYTES, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true },
    exposeHeadRoutes: true,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, error),
    clientErrorHandler(error, socket) {
      const status = answerClientError(error, socket);
      if (status !== undefined) ports.answered('none', status, 0);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler(async (error, _request, reply) => {
    if (problemOf(error).code === 'INTERNAL') ports.onError(error instanceof Error ? error : new Error(String(error)));
    return sendProblem(reply, error);
  });
  app.setNotFoundHandler(async (request, reply) =>
    sendProblem(reply, new RouterError('NOT_FOUND', `${request.method} ${request.url.slice(0, 200)} is not known; see /openapi.json.`)),
  );
  // First, so that what later hooks refuse is counted too. Not onResponse: since Node 24 it does not come for an answer that is cut off because nobody reads it.
  app.addHook('onRequest', async (request, reply) => {
    const { endpoint } = request.routeOptions.config as { endpoint?: string };
    reply.raw.once('close', () => ports.answered(endpoint ?? 'none', reply.statusCode, reply.elapsedTime / 1_000));
  });
  // Node's own refusal has no body.
  app.addHook('onRequest', async ({ headers, raw }) => {
    if (headers.host === undefined && raw.httpVersion !== '1.0') throw new RouterError('INVALID_REQUEST', 'The header Host is missing.');
  });
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.headers(SAFE_HEADERS);
    // Or the connection would stay, idle, and hold the stop up.
    if (isClosing) reply.header('connection', 'close');
    return payload;
  });
  app.server.on('checkExpectation', (_request, response) => {
    const problem = makeProblem('INVALID_REQUEST', 'Expect: only 100-continue is known.');
    response.writeHead(problem.status, { 'content-type': PROBLEM_TYPE, connection: 'close' }).end(JSON.stringify(problem));
    ports.answered('none', problem.status, 0);
  });
  app.server.maxConnections = ports.maxConnections ?? MAX_CONNECTIONS;
  if (tls !== undefined) reloadTls(app.server as HttpsServer, tls, ports.onError);
  const authorise = createAuthorise(ports.tokensFile, ports.onError);
  const budget = new BodyBudget(ports.bodyBytes, LARGEST_BODIES);
  const rate = new RequestRate(ports.rate, ports.clock);
  for (const endpoint of ENDPOINTS) addEndpoint(app, endpoint, { ports, authorise, budget, rate });
  refuseOtherMethods(app);
  return {
    listen: () => app.listen({ host: ports.host, port: ports.port }).catch((error: unknown) => Promise.reject(listenError(error, ports))),
    async close() {
      isClosing = true;
      const cancel = ports.clock.after(FINISH_WITHIN_MS, () => app.server.closeAllConnections());
      await app.close();
      cancel();
    },
  };
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another process; stop it, or set http.port (--port)',
  EACCES: 'needs rights that this process does not have; set http.port (--port) to one above 1023',
  EADDRNOTAVAIL: 'is no address of this machine; set http.host (--host)',
  ENOTFOUND: 'is not known; set http.host (--host)',
};

function listenError(error: unknown, { host, port }: HttpPorts): unknown {
  const what = LISTEN_PROBLEMS[(error as NodeJS.ErrnoException).code ?? ''];
  return what === undefined ? error : new RouterError('CONFIG_INVALID', `${host} port ${port} ${what}.`, { cause: error });
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const problem = problemOf(error);
  if (problem.code === 'RATE_LIMITED') reply.header('retry-after', String(RATE_RETRY_AFTER_SECONDS));
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

const urlOf = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

interface Guards {
  readonly ports: HttpPorts;
  readonly authorise: Authorise;
  readonly budget: BodyBudget;
  readonly rate: RequestRate;
}

function addEndpoint(app: FastifyInstance, endpoint: Endpoint, { ports, authorise, budget, rate }: Guards): void {
  const callers = new WeakMap<FastifyRequest, string>();
  app.route({
    method: endpoint.method,
    url: urlOf(endpoint.path),
    config: { endpoint: endpoint.path },
    // Before the body is read: a stranger's megabytes are not.
    onRequest: async (request, reply) => {
      const caller = authorise(request.headers, endpoint.role);
      if (ports.tokensFile !== undefined && endpoint.role !== 'none') rate.take(caller);
      callers.set(request, caller);
      if (endpoint.body === undefined) return;
      const giveBack = budget.take(request.headers['content-length'], request.headers['content-encoding'] !== undefined);
      if (giveBack === undefined) throw new RouterError('OVERLOADED', 'Too many large requests are under way; send it again.');
      reply.raw.once('close', giveBack);
    },
    async handler(request, reply) {
      const asked = apiRequest(request, callers.get(request) ?? '');
      const { status, body, type } = await withinDeadline(ports.clock, endpoint.handle(asked, ports));
      return reply
        .code(status)
        .type(type ?? 'application/json; charset=utf-8')
        .send(type === undefined ? JSON.stringify(body) : body);
    },
  });
}

function apiRequest(request: FastifyRequest, by: string): ApiRequest {
  return {
    params: request.params as Record<string, string>,
    query: request.query as Record<string, unknown>,
    headers: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value])),
    body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
    by,
  };
}

/** A known path with another method: 405 and what is allowed, before any body is read. */
function refuseOtherMethods(app: FastifyInstance): void {
  for (const path of new Set(ENDPOINTS.map((endpoint) => endpoint.path))) {
    const known = ENDPOINTS.filter((endpoint) => endpoint.path === path).flatMap(({ method }) =>
      method === 'GET' ? ['GET', 'HEAD'] : [method],
    );
    app.route({
      method: app.supportedMethods.filter((method) => !known.includes(method)) as HTTPMethods[],
      url: urlOf(path),
      config: { endpoint: path },
      onRequest: async (request, reply) => {
        reply.header('allow', known.join(', '));
        throw new RouterError('METHOD_NOT_ALLOWED', `${request.method} is not known here; allowed: ${known.join(', ')}.`);
      },
      handler: async () => ERRORS.METHOD_NOT_ALLOWED.title,
    });
  }
}
