import type { z } from 'zod';
import type { Json } from '../event/event.js';

/**
 * Thrown by an action (or probe) for everything that goes wrong. One call is one request: actions and their SDKs never retry, queue or sleep.
 * - `known`: the effect certainly did not happen (connection refused, 4xx, 429, an error code of the target that says so).
 * - `unknown`: it may have happened (time-out, lost or malformed answer, 5xx to anything but GET).
 */
export class ActionError extends Error {
  readonly outcome: 'known' | 'unknown';
  /** Short kebab-case label for metrics and people: refused, http-4xx, rate-limited, timeout, malformed-answer, channel_not_found, … */
  readonly reason: string;
  /** False when the same call can never work (bad input, missing channel, 404): no retry. */
  readonly retryable: boolean;
  /** The target asked for no call before this long. */
  readonly retryAfterMs: number | undefined;
  readonly status: number | undefined;
  constructor(
    outcome: 'known' | 'unknown',
    reason: string,
    detail: string,
    options: { retryable?: boolean; retryAfterMs?: number; status?: number; cause?: unknown } = {},
  ) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ActionError';
    this.outcome = outcome;
    this.reason = reason;
    this.retryable = options.retryable ?? true;
    this.retryAfterMs = options.retryAfterMs;
    this.status = options.status;
  }
}

/** What an action may use. `Client` is what its destination kind opens (e.g. Slack WebClient with retries off). */
export interface ActionContext<Client> {
  readonly client: Client;
  /** sha-256 hex of event id, route, step: the same for every attempt of this step, and for nothing else. */
  readonly key: string;
  /** Aborted at the step's timeout and at shutdown. An aborted call has an unknown outcome. */
  readonly signal: AbortSignal;
  /** When the first attempt's intent was journaled, milliseconds since the epoch. Probes look from a minute before it. */
  readonly firstIntentMs: number;
}

/** How an unknown outcome is settled. */
export type Settlement =
  /** Sending again with the same key or input has no second effect. `forMs`: only this long after the first attempt (undefined = always). */
  | { readonly by: 'resend'; readonly forMs?: number }
  /** Look before sending again, not sooner than `settleMs` after the last attempt. */
  | { readonly by: 'probe'; readonly settleMs: number }
  /** Nothing can tell: ask a person. `why` is shown. */
  | { readonly by: 'person'; readonly why: string };

/** One action = one file = one of these, listed in actions/registry.ts. */
export interface Action<Input = Json, Output extends Json = Json, Client = unknown> {
  readonly name: string;
  /** Destination kind, which is also the name of the default destination: slack, jira, sre, http (no default). */
  readonly kind: string;
  readonly summary: string;
  /** The "Delivery guarantees" paragraph of the docs. */
  readonly delivery: string;
  readonly input: z.ZodType<Input>;
  readonly output: z.ZodType<Output>;
  /** What a token bucket with `per: channel` counts by; undefined = the whole destination. */
  budgetKey?(input: Input): string | undefined;
  /** True: over budget it becomes a row of its channel's digest (see digest.ts). Its input has `text`, its budget key is the channel. */
  readonly collapses?: boolean;
  settlement(client: Client, input: Input): Settlement;
  run(input: Input, context: ActionContext<Client>): Promise<Output>;
  /** Only for settlement `probe`. The output if the effect is there, undefined if it is certainly not. Throws ActionError if it cannot tell now. */
  probe?(input: Input, context: ActionContext<Client>): Promise<Output | undefined>;
}

/** Opens the client of one destination kind from its (validated) configuration. */
export interface DestinationKind<Config = unknown, Client = unknown> {
  readonly kind: string;
  readonly config: z.ZodType<Config>;
  open(name: string, config: Config, tools: DestinationTools): Client;
  /** Where the configuration names no budget. */
  readonly defaultBudget?: { readonly perSecond: number; readonly per: 'channel' | 'destination' };
  /** For `check --online`: each thing that is missing with its remedy; empty = fine. */
  check?(client: Client): Promise<readonly { what: string; remedy: string }[]>;
}

export interface DestinationTools {
  /** Reads a secret file now (rotation without restart), trailing newline cut; registers it with the redactor. */
  secret(file: string): string;
  /** Honours HTTPS_PROXY, NO_PROXY and the CA file. */
  readonly fetch: typeof globalThis.fetch;
  readonly userAgent: string;
}
