import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { Json } from '../../event/event.js';
import type { DestinationKind, DestinationTools } from '../action.js';
import { ActionError } from '../action.js';
import { classifyStatus, classifyTransport, retryAfterMs } from './classify.js';

export const idempotencyConfig = z
  .strictObject({
    header: z.string().min(1).describe('Header that carries the step key, e.g. Idempotency-Key.'),
    keepFor: durationOr('24h').describe('How long the target remembers a key.'),
  })
  .transform(({ header, keepFor }) => ({ header, keepForMs: keepFor }))
  .optional();

export interface HttpRequest {
  readonly method: string;
  /** Below the base URL; starts with "/". */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Json | undefined;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  /** Parsed if it is JSON, else text; at most MAX_KEPT_BYTES. */
  readonly body: Json;
}

export interface HttpClient {
  readonly idempotency: { readonly header: string; readonly keepForMs: number } | undefined;
  /** One request. Throws ActionError for everything that is no 2xx. */
  send(request: HttpRequest): Promise<HttpAnswer>;
}

const MAX_READ_BYTES = 1_048_576;
const MAX_KEPT_BYTES = 65_536;
const SAFE = new Set(['GET', 'HEAD']);

/** The URL of a path below the base; a path that leaves it is refused before anything is sent. */
export function urlBelow(baseUrl: string, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const base = new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  const url = new URL(path.replace(/^\/+/, ''), base);
  if (url.origin !== base.origin || !url.pathname.startsWith(base.pathname) || /%2e|%2f|%5c|\\/i.test(path)) {
    throw new ActionError('known', 'path-outside', `The path ${JSON.stringify(path.slice(0, 200))} leaves the destination's base URL.`, {
      retryable: false,
    });
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.append(name, value);
  return url;
}

async function readBounded(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    bytes += part.value.length;
    if (bytes > MAX_READ_BYTES) {
      await reader.cancel();
      break;
    }
    chunks.push(part.value);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseBody(text: string, contentType: string): { ok: boolean; body: Json } {
  if (text === '') return { ok: true, body: null };
  if (!/\bjson\b/i.test(contentType)) return { ok: true, body: text.slice(0, MAX_KEPT_BYTES) };
  try {
    return { ok: true, body: text.length > MAX_KEPT_BYTES ? text.slice(0, MAX_KEPT_BYTES) : (JSON.parse(text) as Json) };
  } catch {
    return { ok: false, body: null };
  }
}

/** Headers of an answer that later steps may see; cookies are not among them. */
const KEPT_HEADERS = new Set(['content-type', 'location', 'etag', 'x-request-id', 'retry-after', 'date']);

export function openHttp(
  options: { baseUrl: string; idempotency: HttpClient['idempotency']; headers: () => Record<string, string> },
  tools: DestinationTools,
): HttpClient {
  return {
    idempotency: options.idempotency,
    async send({ method, path, query, headers, body, signal }) {
      const what = `${method} ${path.slice(0, 100)}`;
      const safe = SAFE.has(method);
      const url = urlBelow(options.baseUrl, path, query);
      let response: Response;
      let text: string;
      try {
        response = await tools.fetch(url, {
          method,
          redirect: 'manual',
          signal,
          headers: {
            'user-agent': tools.userAgent,
            accept: 'application/json',
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
            ...options.headers(),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        text = await readBounded(response);
      } catch (error) {
        throw classifyTransport(error, what, safe);
      }
      if (!response.ok)
        throw classifyStatus(response.status, what, {
          safe,
          retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.parse(response.headers.get('date') ?? '') || 0),
        });
      const parsed = parseBody(text, response.headers.get('content-type') ?? '');
      if (!parsed.ok)
        throw new ActionError(
          safe ? 'known' : 'unknown',
          'malformed-answer',
          `${what}: status ${response.status}, but the body is not the JSON it says it is.`,
          { status: response.status },
        );
      return {
        status: response.status,
        headers: Object.fromEntries([...response.headers].filter(([name]) => KEPT_HEADERS.has(name))),
        body: parsed.body,
      };
    },
  };
}

const config = z
  .strictObject({
    baseUrl: z.url(),
    headersFile: z.string().min(1).optional().describe('JSON file {header: value} sent with every request.'),
    idempotency: idempotencyConfig,
  })
  .describe('Any HTTP API.');

export const http: DestinationKind<z.output<typeof config>, HttpClient> = {
  kind: 'http',
  config,
  open(_name, { baseUrl, headersFile, idempotency }, tools) {
    const headers = (): Record<string, string> => {
      if (headersFile === undefined) return {};
      const text = tools.secret(headersFile);
      try {
        return z.record(z.string(), z.string()).parse(JSON.parse(text));
      } catch {
        // Nothing was sent. The parser's own message would quote the file.
        throw new ActionError('known', 'secret-invalid', `The secret file ${headersFile} is no JSON object {header: value}.`);
      }
    };
    return openHttp({ baseUrl, idempotency, headers }, tools);
  },
};
