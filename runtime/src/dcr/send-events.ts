import type { Clock, Random } from '../clock.js';
import { asError } from '../errors.js';
import { DcrError } from './dcr-error.js';
import type { HttpAnswer, HttpAsk } from './http-ask.js';
import type { RunEvent } from './run-event.js';
import { readSecret } from './secret-file.js';
import { sleep } from './sleep.js';

const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 15_000;

export interface RouterTarget {
  readonly url: string;
  readonly tokenFile: string | undefined;
  /** Longest time for all tries. */
  readonly timeoutMs: number;
}

export interface SendPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly stop: AbortSignal;
  ask(request: HttpAsk): Promise<HttpAnswer>;
  say(line: string): void;
}

/**
 * Posts the events as one batch, which the router takes whole or not at all; tried again with the same ids, so that a lost answer makes no second event.
 * @throws DcrError REFUSED on a 4xx; UNREACHABLE when no try was answered 202 in time.
 */
export async function sendEvents(
  events: readonly RunEvent[],
  { url, tokenFile, timeoutMs }: RouterTarget,
  ports: SendPorts,
): Promise<void> {
  const endMs = ports.clock.nowMs() + timeoutMs;
  for (let attempt = 1; ; attempt += 1) {
    const headers = {
      'content-type': 'application/cloudevents-batch+json',
      ...(tokenFile === undefined ? {} : { authorization: `Bearer ${readSecret(tokenFile, '--router-token-file')}` }),
    };
    let why: string;
    try {
      const { status, text } = await ports.ask({ method: 'POST', url, headers, body: JSON.stringify(events) });
      if (status >= 200 && status < 300) return;
      why = `the router answers ${status}: ${text.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
      if (status >= 300 && status < 500 && status !== 429)
        throw new DcrError(
          'REFUSED',
          `${url}: ${why}. Check --router-url (it ends in /ingest/<source of kind cloudevents>) and the token's role (ingest).`,
        );
    } catch (error) {
      if (error instanceof DcrError && error.code !== 'UNREACHABLE') throw error;
      why = asError(error).message;
    }
    const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (attempt - 1)) * (0.5 + ports.random.fraction() / 2);
    if (ports.clock.nowMs() + backoffMs > endMs)
      throw new DcrError('UNREACHABLE', `Not told to the router after ${attempt} tries: ${why}.`);
    ports.say(`Not told yet: ${why}; once more.`);
    await sleep(ports.clock, backoffMs, ports.stop);
  }
}
