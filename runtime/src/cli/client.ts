import { ERRORS, type ErrorCode, RouterError } from '../errors.js';
import { type CliIo, UsageError } from './io.js';
import { readFileOf } from './read-file.js';

export interface ClientFlags {
  readonly url: string | undefined;
  readonly 'token-file': string | undefined;
}

const DEFAULT_URL = 'http://127.0.0.1:8080';
/** Longer than the router's own deadline. */
const ANSWER_WITHIN_MS = 15_000;

export const clientOptions = {
  url: { type: 'string', describe: `Address of a router; default SRE_ROUTER_URL, else ${DEFAULT_URL}` },
  'token-file': { type: 'string', describe: 'File with the bearer token; default SRE_ROUTER_TOKEN_FILE' },
} as const;

/** No router could be asked: exit 2. */
export class UnreachableError extends Error {}

/** One request to a running router. Problem details become RouterErrors; no answer says what to check. */
export async function ask<T>(
  io: CliIo,
  flags: ClientFlags,
  path: string,
  init: { method?: string; body?: string | Buffer; type?: string } = {},
): Promise<T> {
  const base = flags.url ?? io.env.SRE_ROUTER_URL ?? DEFAULT_URL;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (init.body !== undefined) headers['content-type'] = init.type ?? 'application/json';
  const file = flags['token-file'] ?? io.env.SRE_ROUTER_TOKEN_FILE;
  if (file !== undefined) headers.authorization = `Bearer ${tokenOf(file)}`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(urlOf(base, path), {
      method: init.method ?? 'GET',
      headers,
      redirect: 'manual',
      signal: AbortSignal.any([io.interrupted, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    text = await response.text();
  } catch (error) {
    if (io.interrupted.aborted || error instanceof UsageError) throw error;
    throw new UnreachableError(`No router answers at ${base} (${why(error)}). Start one with "sre-router serve", or name it with --url.`);
  }
  const json = parsed(text);
  if (response.ok && json !== undefined) return json as T;
  const { code, title, detail, pointer } = (json ?? {}) as { code?: string; title?: string; detail?: string; pointer?: string };
  if (code === undefined || !(code in ERRORS))
    throw new UnreachableError(`${base} answered ${response.status}, but not as a router does. Is --url right?`);
  throw new RouterError(code as ErrorCode, [title, detail, pointer ? `(at ${pointer})` : ''].filter(Boolean).join(' '));
}

function tokenOf(file: string): string {
  const token = readFileOf('--token-file', file).toString('utf8').trim();
  if (!/^[\x21-\x7e]+$/.test(token))
    throw new UsageError(`--token-file: ${file} holds no bearer token: expected one line of printable characters.`);
  return token;
}

function urlOf(base: string, path: string): URL {
  try {
    const url = new URL(`${base.replace(/\/+$/, '')}${path}`);
    if (/^https?:$/.test(url.protocol)) return url;
  } catch {
    // Told below.
  }
  throw new UsageError(`--url: expected an address such as ${DEFAULT_URL}.`);
}

function why(thrown: unknown): string {
  const { name, message, cause } = thrown as {
    name: string;
    message: string;
    cause?: { code?: string; message?: string; errors?: { code?: string }[] };
  };
  if (name === 'TimeoutError') return `nothing within ${ANSWER_WITHIN_MS / 1_000} s`;
  return cause?.code ?? cause?.errors?.[0]?.code ?? cause?.message ?? message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
