import { z } from 'zod';
import type { DestinationKind } from '../action.js';
import { type HttpClient, idempotencyConfig, openHttp } from './http-client.js';

const config = z.strictObject({
  baseUrl: z.url(),
  tokenFile: z.string().min(1).optional().describe('File with the bearer token.'),
  submitPath: z.string().default('/tasks').describe('POST {task, params} here; the answer has an id.'),
  statusPath: z.string().default('/tasks/{id}').describe('GET; the answer has id and state.'),
  idempotency: idempotencyConfig,
});

export interface SreClient extends HttpClient {
  readonly submitPath: string;
  readonly statusPath: string;
}

export const sre: DestinationKind<z.output<typeof config>, SreClient> = {
  kind: 'sre',
  config,
  open(_name, { baseUrl, tokenFile, submitPath, statusPath, idempotency }, tools) {
    const headers = (): Record<string, string> => (tokenFile === undefined ? {} : { authorization: `Bearer ${tools.secret(tokenFile)}` });
    return { ...openHttp({ baseUrl, idempotency, headers }, tools), submitPath, statusPath };
  },
  async check(client) {
    try {
      await client.send({
        method: 'GET',
        path: client.statusPath.replace('{id}', 'sre-router-check'),
        signal: AbortSignal.timeout(10_000),
      });
      return [];
    } catch (error) {
      const status = (error as { status?: number }).status;
      if (status === 404 || status === 400) return [];
      return [
        {
          what: error instanceof Error ? error.message : String(error),
          remedy:
            status === 401 || status === 403
              ? 'Give a token that may submit tasks in tokenFile.'
              : 'Check baseUrl and that the SRE API answers.',
        },
      ];
    }
  },
};
