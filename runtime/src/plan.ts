import type { Event, Json } from './event/event.js';

/** What the mapper hands to the workflow: routes compiled once, evaluated many times, by pure functions. */

export const LISTS = ['actions', 'reopened', 'repeated', 'updated', 'resolved', 'expired'] as const;
export type ListName = (typeof LISTS)[number];

/** Everything expressions may read. `steps` and `incident.steps` hold outputs by step id; an id without output is absent. */
export interface Scope {
  readonly event: Event;
  readonly steps: Readonly<Record<string, Json>>;
  readonly incident?: {
    readonly key: string;
    readonly steps: Readonly<Record<string, Json>>;
    readonly [fact: string]: Json | Readonly<Record<string, Json>>;
  };
}

export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  /** The expression read the output of a step that has none: the step is skipped, reason `missing-output`. */
  | { readonly ok: false; readonly reason: 'missing-output'; readonly detail: string }
  | { readonly ok: false; readonly reason: 'error'; readonly detail: string };

export interface RetryPolicy {
  /** Calls in all, the first included. undefined = no limit but maxAgeMs. */
  readonly attempts?: number;
  /** First wait; doubles each time with full jitter up to maxBackoffMs. Default 1 s. */
  readonly backoffMs: number;
  /** Default 5 min. */
  readonly maxBackoffMs: number;
  /** Give up this long after the step's first attempt. Default 24 h. */
  readonly maxAgeMs: number;
}

export interface CompiledStep {
  readonly id: string;
  /** Action name, e.g. slack.message. */
  readonly use: string;
  /** Destination name, defaulted from the action. */
  readonly destination: string;
  readonly timeoutMs?: number;
  readonly retry: RetryPolicy;
  readonly onError: 'stop' | 'continue' | 'park';
  readonly onceWithinMs?: number;
  readonly always: boolean;
  /** True when the step has no `when`. */
  when(scope: Scope): Evaluated<boolean>;
  /** The action's input with every `${{ }}` replaced. Not yet checked against the action's input schema. */
  input(scope: Scope): Evaluated<Json>;
}

export interface CompiledRoute {
  readonly name: string;
  readonly type: string;
  readonly mode: 'live' | 'shadow';
  readonly critical: boolean;
  readonly continue: boolean;
  /** sha-256 (hex) of `text`. Runs and incidents are pinned to it. */
  readonly hash: string;
  /** Canonical JSON of the route as written: enough to compile it again, by the same or a later release. */
  readonly text: string;
  readonly lists: Readonly<Partial<Record<ListName, readonly CompiledStep[]>>>;
}

/** Why a route was not taken. `clause`: the part of `when` that is false, `values`: what it read. For explain. */
export interface RouteTrial {
  readonly route: string;
  readonly matched: boolean;
  readonly reason: 'matched' | 'when-false' | 'when-error' | 'after-first-match';
  readonly clause?: string;
  readonly values?: Readonly<Record<string, Json>>;
  readonly detail?: string;
}

export interface RouteTable {
  /** sha-256 of all routes; changes when any route does. */
  readonly hash: string;
  /** Routes that take the event: the first match, and on while `continue`. Counts `when` errors through `onWhenError`. */
  match(event: Event): readonly CompiledRoute[];
  /** The same decision with each route's reason. Slower. */
  explain(event: Event): readonly RouteTrial[];
  /** A route from its pinned text. Throws RouterError MAPPING_INVALID if today's code cannot read it. */
  compilePinned(text: string): CompiledRoute;
}
