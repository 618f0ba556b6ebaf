import swagger from '@fastify/swagger';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import type { View } from '../view/view.js';
import { type Authorise, createAuthorise, type Role } from './auth.js';
import { problemOf } from './problem.js';
import { COMMANDS, commandBody, eventsQuery, incidentsQuery, parse, schemaOf } from './schemas.js';

export interface CommandRequest {
  readonly kind: (typeof COMMANDS)[number];
  readonly target: string;
  readonly by: string;
  readonly reason: string;
  readonly step?: string;
  readonly branch?: number;
  readonly output?: Json;
  readonly data?: Json;
}

export interface HttpPorts {
  readonly host: string;
  readonly port: number;
  readonly tokensFile: string | undefined;
  readonly bodyBytes: number;
  readonly view: View;
  ingest(
    source: string,
    raw: Buffer,
    headers: Readonly<Record<string, string | undefined>>,
  ): Promise<readonly { readonly id: string; readonly quarantine?: string | undefined }[]>;
  command(request: CommandRequest): Promise<{ id: string }>;
  readiness(): { ready: boolean; reasons: readonly string[] };
  mappings(): Json;
  metricsText(): Promise<string>;
  readonly metricsType: string;
  onError(error: Error): void;
}

export interface HttpServer {
  /** Resolves with the URL. */
  listen(): Promise<string>;
  /** Takes no new connection, finishes the requests in flight. */
  close(): Promise<void>;
}

/** A request must have arrived whole within this long, headers sooner: slow clients hold nothing for ever. */
const REQUEST_TIMEOUT_MS = 30_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** The HTTP surface: ingest, questions, commands, metrics, health. */
export function createHttpServer(ports: HttpPorts): HttpServer {
  const app = fastify({
    bodyLimit: ports.bodyBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    http: { headersTimeout: HEADERS_TIMEOUT_MS, maxHeaderSize: 16_384 },
    routerOptions: { maxParamLength: 512, ignoreTrailingSlash: true },
    exposeHeadRoutes: false,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // Validation is zod's; the schemas given to fastify only describe.
  app.setValidatorCompiler(() => () => true);
  app.setSerializerCompiler(() => (value) => JSON.stringify(value));
  app.setErrorHandler(async (error, _request, reply) => {
    const problem = problemOf(error);
    if (problem.status >= 500 && problem.code === 'INTERNAL') ports.onError(error instanceof Error ? error : new Error(String(error)));
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  app.setNotFoundHandler(async (request, reply) => {
    const problem = problemOf(
      new RouterError('NOT_FOUND', `${request.method} ${request.url.slice(0, 200)} is not known; see /openapi.json.`),
    );
    return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem));
  });
  const authorise = createAuthorise(ports.tokensFile, ports.onError);
  const ready = register(app, ports, authorise);
  return {
    async listen() {
      await ready;
      return app.listen({ host: ports.host, port: ports.port });
    },
    close: () => app.close(),
  };
}

async function register(app: FastifyInstance, ports: HttpPorts, authorise: Authorise): Promise<void> {
  await app.register(swagger, {
    openapi: { openapi: '3.1.0', info: { title: 'SRE event router', version: '1', description: 'Bearer roles: ingest, read, operate.' } },
  });
  const may = (request: FastifyRequest, role: Role): string => authorise(request.headers.authorization, role);
  const found = <T>(value: T | undefined, what: string): T => {
    if (value === undefined) throw new RouterError('NOT_FOUND', `No ${what}.`);
    return value;
  };

  app.route<{ Params: { source: string } }>({
    method: 'POST',
    url: '/ingest/:source',
    schema: { summary: 'Takes what the source sends. 202 only when every event is durable; 503: send it again.' },
    // Before the body is read: a stranger's megabytes are not.
    onRequest: async (request) => {
      may(request, 'ingest');
    },
    async handler(request, reply) {
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
      );
      const events = await ports.ingest(request.params.source, raw, headers);
      const answer = events.map(({ id, quarantine }) => ({ id, ...(quarantine === undefined ? {} : { quarantine }) }));
      return reply.code(202).send({ events: answer });
    },
  });

  app.get('/api/v1/events', { schema: { summary: 'Events, newest first.', querystring: schemaOf(eventsQuery) } }, async (request) => {
    may(request, 'read');
    const { items, next } = await ports.view.events(parse(eventsQuery, request.query));
    return { events: items, ...(next === undefined ? {} : { next }) };
  });
  app.get<{ Params: { id: string } }>(
    '/api/v1/events/:id',
    { schema: { summary: 'One event: attempts, outputs, why.' } },
    async (request) => {
      may(request, 'read');
      return found(await ports.view.event(request.params.id), `event ${request.params.id}`);
    },
  );
  app.get('/api/v1/incidents', { schema: { summary: 'Live incidents.', querystring: schemaOf(incidentsQuery) } }, async (request) => {
    may(request, 'read');
    const { items, next } = await ports.view.incidents(parse(incidentsQuery, request.query));
    return { incidents: items, ...(next === undefined ? {} : { next }) };
  });
  app.get<{ Params: { key: string } }>(
    '/api/v1/incidents/:key',
    { schema: { summary: "One incident with its steps' outputs: Slack thread, ticket, task." } },
    async (request) => {
      may(request, 'read');
      return found(await ports.view.incident(request.params.key), `live incident ${request.params.key}`);
    },
  );
  for (const kind of COMMANDS) {
    app.post<{ Params: { id: string } }>(
      `/api/v1/events/:id/${kind}`,
      { schema: { summary: `${kind}: taken by the run's owner, once.`, body: schemaOf(commandBody) } },
      async (request, reply) => {
        const by = may(request, 'operate');
        const body = parse(commandBody, readJson(request.body));
        const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as { reason: string };
        return reply.code(202).send(await ports.command({ kind, target: request.params.id, by, ...given }));
      },
    );
  }
  app.get('/api/v1/mappings', { schema: { summary: 'Routes in force.' } }, async (request) => {
    may(request, 'read');
    return ports.mappings();
  });
  app.get('/openapi.json', { schema: { summary: 'This document.' } }, async () => app.swagger());
  app.get('/metrics', { schema: { summary: 'Prometheus metrics.' } }, async (_request, reply) =>
    reply.type(ports.metricsType).send(await ports.metricsText()),
  );
  app.get('/livez', { schema: { summary: 'The process answers.' } }, async () => ({ live: true }));
  app.get('/readyz', { schema: { summary: 'It really works; else the reasons.' } }, async (_request, reply) => {
    const readiness = ports.readiness();
    return reply.code(readiness.ready ? 200 : 503).send(readiness);
  });
}

function readJson(body: unknown): unknown {
  if (!Buffer.isBuffer(body) || body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as unknown;
  } catch {
    throw new RouterError('BODY_NOT_JSON', 'Expected a JSON object such as {"reason": "…"}.');
  }
}
