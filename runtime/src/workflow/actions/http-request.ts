import { z } from 'zod';
import type { Action } from '../action.js';
import type { HttpClient } from './http-client.js';

const input = z.object({
  method: z.enum(['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH']),
  path: z.string().min(1).describe("Below the destination's baseUrl."),
  query: z.record(z.string(), z.string()).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.json().optional(),
});
const output = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.json() });

/** Headers that belong to the connection or to the destination's secrets. */
const FORBIDDEN_HEADERS = /^(host|connection|content-length|transfer-encoding|authorization|cookie|proxy-.*)$/i;

export const httpRequest: Action<z.infer<typeof input>, z.infer<typeof output>, HttpClient> = {
  name: 'http.request',
  kind: 'http',
  summary: 'One request to a named destination.',
  delivery:
    'GET, HEAD, PUT and DELETE are sent again after a lost answer. POST and PATCH only where the destination names an idempotency header, and while it keeps keys; otherwise a person decides.',
  input: input as z.ZodType<z.infer<typeof input>>,
  output,
  settlement({ idempotency }, { method }) {
    if (method !== 'POST' && method !== 'PATCH') return { by: 'resend' };
    return idempotency === undefined
      ? { by: 'person', why: `${method} cannot be repeated safely: the destination has no idempotency header.` }
      : { by: 'resend', forMs: idempotency.keepForMs };
  },
  async run({ method, path, query, headers, body }, { client, key, signal }) {
    const allowed = Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !FORBIDDEN_HEADERS.test(name)));
    const idempotent = client.idempotency === undefined ? {} : { [client.idempotency.header]: key };
    return client.send({ method, path, query, body, headers: { ...allowed, ...idempotent }, signal });
  },
};
