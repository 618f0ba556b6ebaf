import { readFileSync } from 'node:fs';
import { ERRORS, type ErrorCode, RouterError } from '../errors.js';

export interface ClientFlags {
  readonly url: string;
  readonly 'token-file'?: string | undefined;
}

export const clientOptions = {
  url: { type: 'string', default: process.env.SRE_ROUTER_URL ?? 'http://127.0.0.1:8080', describe: 'Address of a router (SRE_ROUTER_URL)' },
  'token-file': {
    type: 'string',
    default: process.env.SRE_ROUTER_TOKEN_FILE,
    describe: 'File with the bearer token (SRE_ROUTER_TOKEN_FILE)',
  },
} as const;

/** One request to a running router. Problem details become RouterErrors; no answer says what to check. */
export async function ask<T>(
  flags: ClientFlags,
  path: string,
  init: { method?: string; body?: string | Buffer; type?: string } = {},
): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json' };
  if (init.body !== undefined) headers['content-type'] = init.type ?? 'application/json';
  const file = flags['token-file'];
  if (file !== undefined) headers.authorization = `Bearer ${readFileSync(file, 'utf8').trim()}`;
  let response: Response;
  try {
    response = await fetch(new URL(path, flags.url), {
      method: init.method ?? 'GET',
      headers,
      ...(init.body === undefined ? {} : { body: init.body }),
    });
  } catch (error) {
    throw new RouterError('INVALID_REQUEST', `No router answers at ${flags.url}. Is it running? Name another with --url.`, {
      cause: error,
    });
  }
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  const problem = readProblem(text);
  const code = problem.code !== undefined && problem.code in ERRORS ? (problem.code as ErrorCode) : 'INVALID_REQUEST';
  throw new RouterError(
    code,
    `${response.status} ${problem.title ?? response.statusText} ${problem.detail ?? ''}${problem.pointer ? ` (at ${problem.pointer})` : ''}`.trim(),
  );
}

function readProblem(text: string): { title?: string; detail?: string; code?: string; pointer?: string } {
  try {
    return JSON.parse(text) as { title?: string };
  } catch {
    return {};
  }
}
