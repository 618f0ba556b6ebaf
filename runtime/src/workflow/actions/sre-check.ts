import type { CheckContext, Checked } from '../action.js';
import { type SreClient, statusPathOf } from './sre-client.js';

/** Asks for a task that cannot be there: an API that works and takes the token says 404 (or 400: no id of ours). */
export async function* checkSre(client: SreClient, { deadline }: CheckContext): AsyncGenerator<Checked> {
  let status: number | undefined;
  let what = '';
  try {
    status = (await client.send({ method: 'GET', path: statusPathOf(client, 'sre-router-check'), signal: deadline() })).status;
  } catch (error) {
    status = (error as { status?: number }).status;
    what = (error as Error).message;
  }
  if (status === 401 || status === 403)
    yield {
      ok: false,
      what: `the token is not accepted (status ${status})`,
      remedy: 'Give a token that may submit tasks and read them in tokenFile.',
    };
  else if (status !== undefined && (status < 300 || status === 400 || status === 404 || status === 422))
    yield { ok: true, what: 'reachable, and the token is accepted' };
  else
    yield { ok: false, what, remedy: 'Check baseUrl, statusPath, the way there (proxy, DNS, certificates), and that the SRE API is up.' };
  if (client.idempotency === undefined)
    yield {
      ok: true,
      what: 'no idempotency header is configured: after a lost answer to a submission a person decides',
    };
}
