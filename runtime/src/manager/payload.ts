import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { RouterError } from '../errors.js';
import type { Payload } from './source.js';

const inflate = promisify(gunzip);

/** Inflates a gzip body, never beyond `maxBytes`; checks the size of any other. Throws BODY_TOO_LARGE, BODY_NOT_INFLATABLE, CONTENT_TYPE. */
export async function readPayload(raw: Buffer, headers: Payload['headers'], maxBytes: number): Promise<Payload> {
  const tooLarge = (): RouterError =>
    new RouterError('BODY_TOO_LARGE', `The body is larger than limits.body (${maxBytes} bytes). Send fewer entries, or raise it.`);
  if (raw.length > maxBytes) throw tooLarge();
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return { body: raw, headers };
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new RouterError('CONTENT_TYPE', `Content-Encoding ${encoding.slice(0, 40)} is not taken; send gzip or none.`);
  }
  try {
    return { body: await inflate(raw, { maxOutputLength: maxBytes }), headers };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new RouterError('BODY_NOT_INFLATABLE', 'Content-Encoding says gzip, but the body does not inflate.', { cause: error });
  }
}

const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);

/** UTF-8 JSON → value, strictly: bad bytes, forbidden keys and depth are refused with a pointer. */
export function parseJson(body: Buffer, limits: DecodeLimits): Json {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (error) {
    throw new RouterError('BODY_NOT_UTF8', 'The body has bytes that are not UTF-8.', { cause: error });
  }
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (error) {
    throw new RouterError('BODY_NOT_JSON', `Expected JSON: ${withoutQuote(error)}`, { cause: error });
  }
  checkTree(value, limits.maxDepth);
  return value;
}

/** The parser's message quotes the body, and a secret may stand there. */
const withoutQuote = (error: unknown): string => (error instanceof Error ? error.message : '').replace(/, (\.{3})?".*$/s, '').slice(0, 200);

/** Iterative, so that no nesting can exhaust the stack. */
export function checkTree(root: Json, maxDepth: number): void {
  const open: { value: Json; depth: number; pointer: string }[] = [{ value: root, depth: 1, pointer: '' }];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { value, depth, pointer } = at;
    if (value === null || typeof value !== 'object') continue;
    if (depth > maxDepth)
      throw new RouterError('BODY_TOO_DEEP', `Nested deeper than limits.depth (${maxDepth}).`, { pointer: pointer.slice(0, 200) });
    if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1)
        open.push({ value: value[index] as Json, depth: depth + 1, pointer: `${pointer}/${index}` });
      continue;
    }
    for (const key of Object.keys(value)) {
      const below = `${pointer}/${escapePointer(key)}`;
      if (FORBIDDEN_KEYS.has(key))
        throw new RouterError('BODY_FORBIDDEN_KEY', `The key ${JSON.stringify(key)} is never allowed.`, { pointer: below });
      open.push({ value: value[key] as Json, depth: depth + 1, pointer: below });
    }
  }
}

export const escapePointer = (key: string): string => key.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');

/** JSON pointer of a zod issue's path. */
export const pointerOf = (path: readonly PropertyKey[]): string => path.map((part) => `/${escapePointer(String(part))}`).join('');
