import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { Json } from '../../event/event.js';
import type { DestinationTools, Settlement } from '../action.js';
import { ActionError } from '../action.js';
import { OneRequest } from '../one-request.js';
import { urlBelow } from './url-below.js';

export const idempotencyConfig = z
  .strictObject({
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]+$/, 'expected the name of a header')
      .describe('Header that carries the step key, e.g. Idempotency-Key.'),
    keepFor: durationOr('24h').describe('How long the target remembers a key.'),
  })
  .transform(({ header, keepFor }) => ({ header, keepForMs: keepFor }))
  .optional();

export type Idempotency = z.output<typeof idempotencyConfig>;

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
  readonly idempotency: Idempotency;
  /** One request. Throws ActionError for everything that is no 2xx. */
  send(request: HttpRequest): Promise<HttpAnswer>;
  /** Wall clock. */
  nowMs(): number;
}

const MAX_READ_BYTES = 1_048_576;
const MAX_KEPT_BYTES = 65_536;
const SAFE = new Set(['GET', 'HEAD']);

/** Headers of an answer that later steps may see; cookies are not among them. */
const KEPT_HEADERS = new Set(['content-type', 'location', 'etag', 'x-request-id', 'retry-after', 'date']);

/** RFC 9110: what a header may hold. A line break in a payload would begin another header. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~A-Za-z0-9]+$/;

/** Names in lower case, so that no second spelling of a name gets past; later groups win. */
function headersOf(...groups: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of groups.flatMap(Object.entries<string>)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value))
      throw new ActionError('known', 'header-invalid', 'A header has a name or a value that no header may have, such as a line break.', {
        retryable: false,
      });
    all[name.toLowerCase()] = value;
  }
  return all;
}

function parseBody(text: string, contentType: string): { ok: boolean; body: Json } {
  if (text === '') return { ok: true, body: null };
  if (!/\bjson\b/i.test(contentType) || text.length > MAX_KEPT_BYTES) return { ok: true, body: text.slice(0, MAX_KEPT_BYTES) };
  try {
    return { ok: true, body: JSON.parse(text) as Json };
  } catch {
    return { ok: false, body: null };
  }
}

export function openHttp(
  options: { baseUrl: string; idempotency: Idempotency; headers: () => Record<string, string> },
  tools: DestinationTools,
): HttpClient {
  const { baseUrl, idempotency } = options;
  return {
    idempotency,
    nowMs: () => tools.nowMs(),
    async send({ method, path, query, headers, body, signal }) {
      const what = `${method} ${path.slice(0, 100)}`;
      const { transport, nowMs } = tools;
      const request = new OneRequest({ what, safe: SAFE.has(method), signal, maxBytes: MAX_READ_BYTES, transport, nowMs });
      const url = urlBelow(baseUrl, path, query);
      const own = {
        'user-agent': tools.userAgent,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      };
      const answer = await request.send(
        method,
        url,
        headersOf(own, headers ?? {}, options.headers()),
        body === undefined ? undefined : JSON.stringify(body),
      );
      const parsed = parseBody(answer.text, answer.headers['content-type'] ?? '');
      if (!parsed.ok) throw request.unreadable(`status ${answer.status}, but the body is not the JSON it says it is.`);
      return {
        status: answer.status,
        headers: Object.fromEntries(Object.entries(answer.headers).filter(([name]) => KEPT_HEADERS.has(name))),
        body: parsed.body,
      };
    },
  };
}

/** A key is not trusted in the last part of its time: the call that carries it may wait for its turn, and clocks differ. */
const MAX_MARGIN_MS = 60_000;

/** How a POST is settled: under the same key while the target remembers it, else by a person. */
export function keySettlement(idempotency: Idempotency, why: string): Settlement {
  if (idempotency === undefined) return { by: 'person', why };
  return { by: 'resend', forMs: idempotency.keepForMs - Math.min(MAX_MARGIN_MS, idempotency.keepForMs / 10) };
}

/** The header that carries the step key; none where the target knows no such header. */
export const keyHeader = (idempotency: Idempotency, key: string): Record<string, string> =>
  idempotency === undefined ? {} : { [idempotency.header]: key };

/**
 * Sends under the step key. A 409 to a second call says that the target still works on the first (draft-ietf-httpapi-idempotency-key-header): unknown, asked
 * again later. To a first call it is a refusal like any other.
 */
export async function sendOnce(client: HttpClient, request: HttpRequest, key: string, attempt: number): Promise<HttpAnswer> {
  try {
    return await client.send({ ...request, headers: { ...request.headers, ...keyHeader(client.idempotency, key) } });
  } catch (error) {
    if (!(error instanceof ActionError) || error.status !== 409 || client.idempotency === undefined || attempt === 1) throw error;
    throw new ActionError('unknown', 'key-in-use', `${error.message} An earlier call under the same key is still under way.`, {
      status: 409,
      ...(error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs }),
      cause: error,
    });
  }
}
