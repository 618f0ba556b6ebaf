import type { Clock, Random } from '../clock.js';
import type { Event, Json } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { JournalEntry } from '../journal/journal.js';
import type { CompiledRoute } from '../plan.js';
import type { Action } from './action.js';
import type { Gate } from './gate.js';

/** A destination that is configured and can be opened. */
export interface OpenDestination {
  readonly name: string;
  readonly kind: string;
  readonly client: unknown;
  readonly gate: Gate;
  /** For steps that name none. */
  readonly timeoutMs: number;
  /** Budget counted a channel (or whatever the action names) instead of the whole destination. */
  readonly perChannel: boolean;
}

export interface StepReport {
  readonly eventId: string;
  readonly key: string;
  readonly route: string;
  readonly step: string;
  readonly action: string;
  /** done, skipped, failed, retry, unsettled, ongoing, parked, ambiguous. */
  readonly result: string;
  readonly reason?: string;
  readonly detail?: string;
  readonly attempts: number;
  /** Of the call itself; undefined if none was made. */
  readonly durationMs?: number;
}

/** What running a step needs from around it. One a partition. */
export interface RunnerPorts {
  readonly clock: Clock;
  readonly random: Random;
  put(entries: readonly JournalEntry[]): Promise<void>;
  get(key: string): Promise<Json | undefined>;
  /** Throws LOG_DAMAGED when not all that was written under the prefix can be read. */
  range(prefix: string): AsyncIterable<{ key: string; value: Json }>;
  /** There is a value, and it cannot be read. */
  isDamaged(key: string): boolean;
  route(hash: string): Promise<CompiledRoute>;
  /** Appends an event of the router's own; resolves when durable. */
  append(event: Event): Promise<void>;
  action(name: string): Action | undefined;
  destination(name: string): OpenDestination | undefined;
  /** The incident that `opener` opened, though another of its key may stand by now; without `opener` the one that stands. */
  incident(key: string, opener: string | undefined): Incident | undefined;
  /** False when no effect may begin: stopping, or no longer sure to own the partition. */
  mayStart(): boolean;
  /** Aborted at shutdown, after the grace. */
  readonly shutdown: AbortSignal;
  report(step: StepReport): void;
}
