import type { Version2Client, Version3Client } from 'jira.js';
import { z } from 'zod';
import { durationOr } from '../../config-text.js';
import type { DestinationKind } from '../action.js';
import { ActionError } from '../action.js';
import { classifyStatus, classifyTransport, retryAfterMs } from './classify.js';

const config = z
  .strictObject({
    baseUrl: z.url(),
    version: z
      .union([z.literal(2), z.literal(3)])
      .default(3)
      .describe('3 for Jira Cloud; 2 for Data Center.'),
    auth: z.enum(['basic', 'bearer']).default('basic').describe('basic: email and API token; bearer: a personal access token.'),
    email: z.string().min(3).optional(),
    tokenFile: z.string().min(1),
    settle: durationOr('60s').describe("Jira's search lags; a label is looked for only after this."),
  })
  .transform(({ settle, ...rest }) => ({ ...rest, settleMs: settle }));

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

function classify(error: unknown, what: string, safe: boolean): ActionError {
  const { status, response, cause } = error as {
    status?: number;
    response?: { status?: number; headers?: Record<string, string> };
    cause?: { response?: { status?: number; headers?: Record<string, string> } };
  };
  const answer = cause?.response ?? response;
  const code = answer?.status ?? (answer === undefined && cause !== undefined ? undefined : status);
  if (typeof code === 'number')
    return classifyStatus(code, what, {
      safe,
      retryAfterMs: retryAfterMs(answer?.headers?.['retry-after'], Date.parse(answer?.headers?.date ?? '') || 0),
    });
  return classifyTransport(error, what, safe);
}

export const jira: DestinationKind<z.output<typeof config>, JiraClient> = {
  kind: 'jira',
  config,
  open(_name, { baseUrl, version, auth, email, tokenFile, settleMs }, tools) {
    let opened: { token: string; client: Version2Client | Version3Client } | undefined;
    const open = async (): Promise<Version2Client | Version3Client> => {
      const token = tools.secret(tokenFile);
      if (opened?.token !== token) {
        // Loaded at first use: most routers file few tickets, and the SDK is large.
        const sdk = await import('jira.js');
        const options = {
          host: baseUrl.replace(/\/$/, ''),
          ...(auth === 'basic' ? { authentication: { basic: { email: email ?? '', apiToken: token } } } : {}),
          baseRequestConfig: {
            maxRedirects: 0,
            maxContentLength: MAX_ANSWER_BYTES,
            headers: { 'User-Agent': tools.userAgent, ...(auth === 'bearer' ? { Authorization: `Bearer ${token}` } : {}) },
          },
        };
        opened = { token, client: version === 3 ? new sdk.Version3Client(options) : new sdk.Version2Client(options) };
      }
      return opened.client;
    };
    return {
      version,
      settleMs,
      baseUrl: baseUrl.replace(/\/$/, ''),
      async send<T>({ method, path, data, params, signal }: JiraRequest): Promise<T> {
        const what = `${method} ${path.replaceAll(/\?.*/g, '')}`;
        const client = await open();
        let answer: unknown;
        try {
          answer = await client.sendRequest<unknown>(
            { url: `/rest/api/${version}${path}`, method, data, params, signal },
            undefined as never,
          );
        } catch (error) {
          throw classify(error, what, method === 'GET');
        }
        if (typeof answer === 'string' && answer !== '')
          throw new ActionError(method === 'GET' ? 'known' : 'unknown', 'malformed-answer', `${what}: the answer is not JSON.`);
        return answer as T;
      },
    };
  },
  async check(client) {
    try {
      await client.send({ method: 'GET', path: '/myself', signal: AbortSignal.timeout(10_000) });
      return [];
    } catch (error) {
      return [
        {
          what: error instanceof Error ? error.message : String(error),
          remedy: 'Check baseUrl, version (3 Cloud, 2 Data Center), auth, email and the token in tokenFile.',
        },
      ];
    }
  },
};
