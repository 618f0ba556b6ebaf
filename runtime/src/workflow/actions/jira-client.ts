import type { DestinationTools } from '../action.js';
import { OneRequest } from '../one-request.js';
import type { openJiraSdk } from './jira-sdk.js';
import { readSecret } from './secret.js';

export interface JiraSettings {
  readonly baseUrl: string;
  readonly version: 2 | 3;
  readonly auth: 'basic' | 'bearer';
  readonly email?: string | undefined;
  readonly tokenFile: string;
  readonly settleMs: number;
}

export interface JiraRequest {
  readonly method: 'GET' | 'POST';
  /** Below /rest/api/<version>. */
  readonly path: string;
  readonly data?: unknown;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly signal: AbortSignal;
}

export interface JiraClient {
  readonly version: 2 | 3;
  readonly settleMs: number;
  readonly baseUrl: string;
  /** One request through jira.js. Throws ActionError. */
  send<T>(request: JiraRequest): Promise<T>;
}

const MAX_ANSWER_BYTES = 4_194_304;

type Sdk = ReturnType<typeof openJiraSdk>;
type RequestConfig = Parameters<Sdk['sendRequest']>[0];
type Adapter = Extract<NonNullable<RequestConfig['adapter']>, (...config: never) => unknown>;

/** The SDK's HTTP library over one request of ours: it cannot repeat, follow a redirect or take another proxy. */
function adapterOver(request: OneRequest): Adapter {
  return async (config) => {
    const headers = Object.fromEntries(Object.entries(config.headers.toJSON()).map(([name, value]) => [name, String(value)]));
    const body = typeof config.data === 'string' ? config.data : undefined;
    const answer = await request.send((config.method ?? 'get').toUpperCase(), `${config.baseURL}${config.url}`, headers, body);
    if (answer.isCut) throw request.unreadable(`the answer has more than ${MAX_ANSWER_BYTES} bytes.`);
    return { data: answer.text, status: answer.status, statusText: '', headers: answer.headers, config };
  };
}

export function openJira({ baseUrl, version, auth, email, tokenFile, settleMs }: JiraSettings, tools: DestinationTools): JiraClient {
  const host = baseUrl.replace(/\/$/, '');
  let opened: { token: string; client: Sdk } | undefined;

  const open = async (): Promise<Sdk> => {
    const token = readSecret(tools, tokenFile);
    if (opened?.token !== token) {
      // Loaded at first use: most routers file few tickets.
      const { openJiraSdk } = await import('./jira-sdk.js');
      const headers = { 'User-Agent': tools.userAgent };
      opened = {
        token,
        client: openJiraSdk(
          auth === 'basic'
            ? { host, headers, basic: { email: email ?? '', apiToken: token } }
            : { host, headers: { ...headers, Authorization: `Bearer ${token}` } },
        ),
      };
    }
    return opened.client;
  };

  return {
    version,
    settleMs,
    baseUrl: host,
    async send<T>({ method, path, data, params, signal }: JiraRequest): Promise<T> {
      const { transport, nowMs } = tools;
      const what = `${method} ${path}`;
      const request = new OneRequest({ what, safe: method === 'GET', signal, maxBytes: MAX_ANSWER_BYTES, transport, nowMs });
      const query = new URLSearchParams(Object.entries(params ?? {}).map(([name, value]): [string, string] => [name, String(value)]));
      const url = `/rest/api/${version}${path}${query.size === 0 ? '' : `?${query}`}`;
      let answer: unknown;
      try {
        const client = await open();
        answer = await client.sendRequest<unknown>({ url, method, data, adapter: adapterOver(request) }, undefined as never);
      } catch (error) {
        throw request.failure(error);
      }
      if (typeof answer === 'string' && answer !== '') throw request.unreadable('the answer is not JSON.');
      return answer as T;
    },
  };
}
