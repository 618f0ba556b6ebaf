import { z } from 'zod';
import type { Action } from '../action.js';
import { ActionError } from '../action.js';
import { type HttpClient, keySettlement, sendOnce } from './http-client.js';

const input = z.object({
  method: z.enum(['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH']),
  path: z
    .string()
    .min(1)
    .describe(
      "Below the destination's baseUrl, without query. Values from payloads belong into query or body: a slash in one is another path.",
    ),
  query: z.record(z.string(), z.string()).optional().describe('Added to the URL, escaped.'),
  headers: z.record(z.string(), z.string()).optional().describe('Not those of the connection or of credentials.'),
  body: z.json().optional().describe('Sent as JSON.'),
});
const output = z.object({ status: z.number(), headers: z.record(z.string(), z.string()), body: z.json() });

/** Headers that belong to the connection or to the destination's secrets. */
const FORBIDDEN_HEADERS =
  /^(host|connection|keep-alive|content-length|transfer-encoding|te|trailer|upgrade|expect|accept-encoding|authorization|cookie|proxy-.*)$/i;

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
    return keySettlement(idempotency, `${method} cannot be repeated safely: the destination has no idempotency header.`);
  },
  async run({ method, path, query, headers, body }, { client, key, signal, attempt }) {
    if (/[?#]/.test(path))
      throw new ActionError('known', 'path-outside', 'The path has a ? or #; give the query in "query".', { retryable: false });
    const allowed = Object.fromEntries(Object.entries(headers ?? {}).filter(([name]) => !FORBIDDEN_HEADERS.test(name)));
    return sendOnce(client, { method, path, query, body, headers: allowed, signal }, key, attempt);
  },
};
