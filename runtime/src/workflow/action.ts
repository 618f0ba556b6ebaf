import type { z } from 'zod';
import type { Json } from '../event/event.js';
import type { Transport } from './transport.js';

/**
 * Thrown by an action (or probe) for everything that goes wrong. One call is one request: actions and their SDKs never retry, queue or sleep.
 * - `known`: the effect certainly did not happen (connection refused, 4xx, 429, an error code of the target that says so).
 * - `unknown`: it may have happened (time-out, lost or malformed answer, 5xx to anything but GET).
 */
export class ActionError extends Error {
  readonly outcome: 'known' | 'unknown';
  /** Short label for metrics and people, never text of a payload: refused, http-404, rate-limited, timeout, malformed-answer, channel_not_found, … */
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

/**
 * Answered by an action whose target has taken the work and is not done: `memo` (what names it there, such as a task id) is journaled with the step, the
 * step waits without a running place, and from then on only `follow` is called with it; the work is never submitted again.
 */
export class Ongoing {
  readonly memo: Json;
  /** Look again after this long. */
  readonly againMs: number;
  /** How it stands, for people. */
  readonly detail: string;
  constructor(memo: Json, againMs: number, detail: string) {
    this.memo = memo;
    this.againMs = againMs;
    this.detail = detail;
  }
}

/** What an action may use. `Client` is what its destination kind opens (e.g. Slack WebClient with retries off). */
export interface ActionContext<Client> {
  readonly client: Client;
  /** sha-256 hex of event id, route, step: the same for every attempt of this step, and for nothing else. */
  readonly key: string;
  /** Aborted at the step's timeout and at shutdown. An aborted call has an unknown outcome. */
  readonly signal: AbortSignal;
  /** When the first attempt's intent was journaled, milliseconds since the epoch. Probes look from some minutes before it: clocks differ. */
  readonly firstIntentMs: number;
  /** Which call of this step it is, from 1; probes and looks do not count. */
  readonly attempt: number;
}

/** How an unknown outcome is settled. */
export type Settlement =
  /** Sending again with the same key or input has no second effect. `forMs`: only this long after the first attempt (undefined = always). */
  | { readonly by: 'resend'; readonly forMs?: number }
  /** Look before sending again, not sooner than `settleMs` after the last attempt's intent, which is up to a second older than its call. */
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
  budgetKey?(input: Input, client: Client): string | undefined;
  /** The channel in whose digest it becomes a row when it is over budget (see digest.ts). Only for inputs with a `text`. */
  digestChannel?(input: Input): string;
  settlement(client: Client, input: Input): Settlement;
  run(input: Input, context: ActionContext<Client>): Promise<Output | Ongoing>;
  /** Only for settlement `probe`. The output if the effect is there, undefined if it is certainly not. Throws ActionError if it cannot tell now. */
  probe?(input: Input, context: ActionContext<Client>): Promise<Output | undefined>;
  /**
   * Only for actions that answer Ongoing: looks how the work stands, changing nothing. Throws a known ActionError that is not retryable when the work ended
   * badly: the step has failed, and is not submitted again by itself. Any other error means to look again.
   */
  follow?(memo: Json, input: Input, context: ActionContext<Client>): Promise<Output | Ongoing>;
}

/** One use of an action in the mappings, with the parts of its input that are literal (no `${{ }}` in them). */
export interface LiteralUse {
  readonly action: string;
  readonly with: { readonly [field: string]: Json };
}

/** One thing that `check --online` looked at. */
export type Checked =
  | { readonly ok: true; readonly what: string }
  /** `remedy`: what to do. */
  | { readonly ok: false; readonly what: string; readonly remedy: string };

export interface CheckContext {
  /** Uses of this destination in the mappings. */
  readonly uses: readonly LiteralUse[];
  /** A signal for one request, aborted when it takes too long. */
  deadline(): AbortSignal;
}

/** Opens the client of one destination kind from its (validated) configuration. */
export interface DestinationKind<Config = unknown, Client = unknown> {
  readonly kind: string;
  readonly config: z.ZodType<Config>;
  open(name: string, config: Config, tools: DestinationTools): Client;
  /** Where the configuration names no budget. */
  readonly defaultBudget?: { readonly perSecond: number; readonly per: 'channel' | 'destination' };
  /** For `check --online`: asks the target, changing nothing, and tells each thing as it is known. Never throws. */
  check(client: Client, context: CheckContext): AsyncIterable<Checked>;
  /** At start: what these uses lack to look up an unknown outcome, so that it would be ambiguous at once. Throws if it cannot be asked. */
  probeGaps?(client: Client, context: CheckContext): Promise<readonly string[]>;
}

export interface DestinationTools {
  /** Reads a secret file now (rotation without restart), trailing newline cut; registers it with the redactor. */
  secret(file: string): string;
  /** Registers one more value with the redactor: a part of a secret file that is sent on its own. */
  hide(value: string): void;
  /** Honours HTTPS_PROXY, NO_PROXY and the CA file. */
  readonly transport: Transport;
  readonly userAgent: string;
  /** Wall clock. */
  nowMs(): number;
}
