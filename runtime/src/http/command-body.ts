import type { z } from 'zod';
import { type ErrorCode, RouterError } from '../errors.js';
import type { ApiPorts, ApiRequest } from './endpoint.js';
import { parse } from './parse.js';

/** What `readCommandBody` may throw, beside INVALID_REQUEST. */
export const COMMAND_BODY_ERRORS = [
  'CONTENT_TYPE',
  'BODY_NOT_JSON',
  'BODY_NOT_UTF8',
  'BODY_TOO_DEEP',
  'BODY_FORBIDDEN_KEY',
  'BODY_AMBIGUOUS',
] as const satisfies readonly ErrorCode[];

/** The body of a request that changes something. Its type is one that browsers send only with leave: no page can command a router by a form. */
export function readCommandBody<T extends z.ZodType>(
  schema: T,
  { headers, body }: ApiRequest,
  ports: Pick<ApiPorts, 'readJson'>,
): z.output<T> {
  if (!/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? ''))
    throw new RouterError('CONTENT_TYPE', 'Send Content-Type: application/json.');
  return parse(schema, ports.readJson(body), 'body');
}
