import { z } from 'zod';
import type { DestinationKind } from '../action.js';
import { ActionError } from '../action.js';
import { type HttpClient, idempotencyConfig, openHttp } from './http-client.js';
import { readSecret } from './secret.js';

const config = z
  .strictObject({
    baseUrl: z.url(),
    headersFile: z.string().min(1).optional().describe('JSON file {header: value} sent with every request.'),
    idempotency: idempotencyConfig,
  })
  .describe('Any HTTP API.');

const headerFile = z.record(z.string(), z.string());

export const http: DestinationKind<z.output<typeof config>, HttpClient> = {
  kind: 'http',
  config,
  open(_name, { baseUrl, headersFile, idempotency }, tools) {
    const headers = (): Record<string, string> => {
      if (headersFile === undefined) return {};
      try {
        const read = headerFile.parse(JSON.parse(readSecret(tools, headersFile)));
        for (const value of Object.values(read)) tools.hide(value);
        return read;
      } catch (error) {
        if (error instanceof ActionError) throw error;
        // The error would quote the file.
        throw new ActionError('known', 'secret-invalid', `The secret file ${headersFile} is no JSON object {header: value}.`);
      }
    };
    return openHttp({ baseUrl, idempotency, headers }, tools);
  },
  async *check(client, { deadline }) {
    try {
      const { status } = await client.send({ method: 'HEAD', path: '/', signal: deadline() });
      yield { ok: true, what: `reachable (HEAD / answered ${status})` };
    } catch (error) {
      const { status } = error as { status?: number };
      if (status !== undefined && status < 500) yield { ok: true, what: `reachable (HEAD / answered ${status})` };
      else
        yield {
          ok: false,
          what: (error as Error).message,
          remedy: 'Check baseUrl, the way there (proxy, DNS, certificates), and that the API is up.',
        };
    }
  },
};
