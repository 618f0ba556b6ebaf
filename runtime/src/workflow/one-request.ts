import { ActionError } from './action.js';
import { classifyStatus, classifyTransport, retryAfterMs } from './classify.js';
import type { Transport, TransportAnswer } from './transport.js';

export interface OneRequestOptions {
  /** For messages: "POST /issue". Nothing from payloads. */
  readonly what: string;
  /** It changes nothing at the target, so that no outcome of it is unknown. */
  readonly safe: boolean;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly transport: Transport;
  /** Wall clock, for a Retry-After that is a date. */
  nowMs(): number;
}

/**
 * The one request that one call may make, whoever makes it: an SDK that wants to repeat, follow a redirect or ask for something else first is refused.
 * It remembers what became of it, so that the outcome does not depend on how an SDK wraps errors.
 */
export class OneRequest {
  readonly #options: OneRequestOptions;
  #begun = false;
  #failure: ActionError | undefined;

  constructor(options: OneRequestOptions) {
    this.#options = options;
  }

  /** Resolves with a 2xx answer; throws ActionError for everything else. */
  async send(method: string, url: URL | string, headers: Readonly<Record<string, string>>, body?: string): Promise<TransportAnswer> {
    const { what, safe, signal, maxBytes, transport, nowMs } = this.#options;
    if (this.#begun) throw this.#fail(new ActionError('unknown', 'sent-twice', `${what}: a second request was refused.`));
    this.#begun = true;
    let answer: TransportAnswer;
    try {
      answer = await transport({ method, url, headers, body, signal, maxBytes });
    } catch (error) {
      throw this.#fail(classifyTransport(error, what, safe));
    }
    if (answer.status >= 200 && answer.status <= 299) return answer;
    const sentMs = Date.parse(answer.headers.date ?? '');
    const wait = retryAfterMs(answer.headers['retry-after'], Number.isNaN(sentMs) ? nowMs() : sentMs);
    throw this.#fail(classifyStatus(answer.status, what, { safe, retryAfterMs: wait }));
  }

  /** What went wrong, given what an SDK threw. Without a request nothing happened; after a good answer the SDK could not read it. */
  failure(thrown: unknown): ActionError {
    const { what } = this.#options;
    if (thrown instanceof ActionError) return thrown;
    if (this.#failure !== undefined) return this.#failure;
    if (this.#begun) return this.unreadable();
    const why = thrown instanceof Error ? thrown.message.slice(0, 200) : 'failed';
    return new ActionError('known', 'not-sent', `${what}: nothing was sent: ${why}`, { retryable: false, cause: thrown });
  }

  /** A good status with a body that is not what the target promises. */
  unreadable(why = 'the answer is not what it should be.'): ActionError {
    const { what, safe } = this.#options;
    return new ActionError(safe ? 'known' : 'unknown', 'malformed-answer', `${what}: ${why}`);
  }

  #fail(error: ActionError): ActionError {
    this.#failure ??= error;
    return error;
  }
}
