import type { Dispatcher } from 'undici';
import { request } from 'undici';
import { isLinkLocal, LinkLocalRefused } from './link-local.js';

export interface TransportRequest {
  readonly method: string;
  readonly url: URL | string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  /** The only time limit: at its abort the connection is closed. */
  readonly signal: AbortSignal;
  /** How much of the answer's body is read; what is longer is cut there, and the connection closed. */
  readonly maxBytes: number;
}

export interface TransportAnswer {
  readonly status: number;
  /** Names in lower case; a header that comes twice is joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body was longer than maxBytes. */
  readonly isCut: boolean;
}

/** One HTTP request: no redirect is followed, nothing is sent a second time. Rejects when no whole answer came. */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>;

/**
 * The transport of every client, over one pool of connections.
 * `request` and not `fetch`: fetch repeats a request by itself after a 421, follows redirects and inflates what it was not asked to.
 */
export function openTransport(dispatcher: Dispatcher): Transport {
  return async ({ method, url, headers, body, signal, maxBytes }) => {
    const { hostname } = new URL(url);
    if (isLinkLocal(hostname)) throw new LinkLocalRefused(hostname);
    const answer = await request(url, {
      dispatcher,
      method: method as Dispatcher.HttpMethod,
      // Compressed answers would have to be bounded twice.
      headers: { 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const chunks: Buffer[] = [];
    let left = maxBytes;
    let isCut = false;
    // Leaving the loop early destroys the stream, and its connection with it.
    for await (const chunk of answer.body) {
      const bytes = chunk as Buffer;
      chunks.push(bytes.length > left ? bytes.subarray(0, left) : bytes);
      left -= bytes.length;
      if (left >= 0) continue;
      isCut = true;
      break;
    }
    const joined = Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : String(value)]);
    return {
      status: answer.statusCode,
      headers: Object.fromEntries(joined) as Record<string, string>,
      text: Buffer.concat(chunks).toString('utf8'),
      isCut,
    };
  };
}
