import type { z } from 'zod';
import { RouterError } from '../errors.js';
import { parseSafely } from '../event/parse-safely.js';

const escapePointer = (part: PropertyKey): string => String(part).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');

/** Throws INVALID_REQUEST that names the first thing that is wrong; with a pointer if it is in a body. */
export function parse<T extends z.ZodType>(schema: T, value: unknown, where: 'query' | 'body'): z.output<T> {
  const parsed = parseSafely(schema, value ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path ?? [];
  const name = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
  const pointer = where === 'body' ? { pointer: path.map((part) => `/${escapePointer(part)}`).join('') } : {};
  throw new RouterError('INVALID_REQUEST', `${where === 'query' ? 'Query: ' : ''}${name}${issue?.message ?? 'invalid'}.`, pointer);
}

/** Throws `absent`'s error where there is nothing. */
export function found<T>(value: T | undefined, absent: () => RouterError): T {
  if (value === undefined) throw absent();
  return value;
}
