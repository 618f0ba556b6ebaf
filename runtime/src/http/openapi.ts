import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../errors.js';
import type { Json } from '../event/event.js';
import { type Endpoint, errorsOf } from './endpoint.js';
import { PROBLEM_TYPE, problemShape } from './problem.js';

type Tree = { [key: string]: Json };

/** OpenAPI 3.1 of the endpoints. Pure. */
export function openApiDocument(endpoints: readonly Endpoint[], version: string): Json {
  const paths: { [path: string]: Tree } = {};
  for (const endpoint of endpoints) {
    const path = paths[endpoint.path] ?? {};
    path[endpoint.method.toLowerCase()] = operation(endpoint);
    paths[endpoint.path] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'SRE event router',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'Bearer tokens with the roles ingest, read and operate; without a tokens file everybody may. Errors are problem details (RFC 9457): match `code`.',
    },
    paths,
    components: {
      schemas: { Problem: schemaOf(problemShape) },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'Roles: ingest, read, operate.' } },
    },
  };
}

function operation(endpoint: Endpoint): Tree {
  const { path, method, role, summary, body, query, params = {} } = endpoint;
  const inPath = Object.entries(params).map(([name, description]) => ({
    name,
    in: 'path',
    required: true,
    description,
    schema: { type: 'string' },
  }));
  return {
    operationId: nameOf(method, path),
    summary,
    ...(role === 'none' ? {} : { description: `Needs the role \`${role}\`.`, security: [{ bearer: [] }] }),
    ...(inPath.length === 0 && query === undefined ? {} : { parameters: [...inPath, ...inQuery(query)] }),
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    responses: responses(endpoint),
  };
}

/** get /api/v1/events/{id} → getEventsById. */
function nameOf(method: string, path: string): string {
  const words = path.replace('/api/v1', '').split('/').filter(Boolean);
  const named = words.map((word) =>
    word.replace(/^\{(\w+)\}$/, 'by-$1').replaceAll(/(?:^|[^a-z0-9]+)([a-z0-9])/gi, (_all, letter: string) => letter.toUpperCase()),
  );
  return `${method.toLowerCase()}${named.join('') || 'Root'}`;
}

function inQuery(query: z.ZodObject | undefined): Tree[] {
  if (query === undefined) return [];
  const { properties, required } = schemaOf(query) as { properties: { [name: string]: Tree }; required?: string[] };
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(description === undefined ? {} : { description }),
    required: required?.includes(name) === true,
    schema,
  }));
}

function requestBody({ types, schema }: NonNullable<Endpoint['body']>): Tree {
  const media = schema === undefined ? {} : { schema: schemaOf(schema) };
  return { required: true, content: Object.fromEntries(types.map((type) => [type, media])) };
}

function responses(endpoint: Endpoint): Tree {
  const answers: Tree = {};
  for (const [status, { description, schema, types = ['application/json'] }] of Object.entries(endpoint.answers)) {
    const media: Tree = { schema: schema === undefined ? { type: 'string' } : schemaOf(schema, 'output') };
    answers[status] = { description, content: Object.fromEntries(types.map((type) => [type, media])) };
  }
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of errorsOf(endpoint)) byStatus.set(ERRORS[code].status, [...(byStatus.get(ERRORS[code].status) ?? []), code]);
  for (const [status, codes] of [...byStatus].sort(([a], [b]) => a - b)) {
    const description = codes.map((code) => `${code}: ${ERRORS[code].title}`).join(' ');
    const own = answers[status] as { description: string; content: Tree } | undefined;
    answers[status] = {
      description: own === undefined ? description : `${own.description} ${description}`,
      content: { ...own?.content, [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return answers;
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output' = 'input'): Tree {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Tree;
  return rest;
}
