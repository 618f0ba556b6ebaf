import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, EnvHttpProxyAgent, fetch, type RequestInit } from 'undici';
import { DcrError } from './dcr-error.js';

/** What a request may bring; manifests and lists of workflows are below it. */
const MAX_BODY_BYTES = 16_777_216;
const TIMEOUT_MS = 15_000;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
}

export interface HttpAsk {
  readonly method: 'GET' | 'HEAD' | 'PATCH' | 'POST';
  readonly url: string | URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * One request, answered or not; redirects are not followed. `caFile` is trusted instead of the system's authorities; without it HTTPS_PROXY and NO_PROXY hold.
 * @throws DcrError UNREACHABLE when no answer comes in 15 s or it is longer than 16 MiB.
 */
export function openHttp(caFile?: string): (ask: HttpAsk) => Promise<HttpAnswer> {
  const dispatcher: Dispatcher =
    caFile === undefined ? new EnvHttpProxyAgent() : new Agent({ connect: { ca: readFileSync(caFile, 'utf8') } });
  return async ({ method, url, headers, body }) => {
    const where = `${method} ${new URL(url).origin}${new URL(url).pathname}`;
    const init: RequestInit = {
      method,
      headers: { ...headers },
      redirect: 'manual',
      dispatcher,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body }),
    };
    try {
      const response = await fetch(url, init);
      return { status: response.status, headers: response.headers, text: await bounded(response) };
    } catch (thrown) {
      const { message, cause } = thrown as Error & { cause?: NodeJS.ErrnoException };
      const why = cause === undefined ? message : cause.message || String(cause.code);
      throw new DcrError('UNREACHABLE', `${where}: no answer: ${why}.`, thrown);
    }
  };
}

async function bounded(response: { body: AsyncIterable<unknown> | null }): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    const part = Buffer.from(chunk as Uint8Array);
    size += part.length;
    if (size > MAX_BODY_BYTES) throw new Error(`the answer is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}
