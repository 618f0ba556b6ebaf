import type { Json } from '../event/event.js';
import type { Accepted, Progress, Settled, Unfinished } from '../journal/records.js';
import type { Pass } from './gate.js';

/** State of one step of one branch, folded from the journal: a settled fact wins over any progress. */
export interface StepState {
  progress?: Progress;
  settled?: Settled;
}

/** What is loaded while a run runs, and dropped while it waits. */
export interface RunBody {
  readonly accepted: Accepted;
  /** By `<branch>/<step id>`. */
  readonly steps: Map<string, StepState>;
}

/** One unfinished run. While it waits only these few fields stay in memory. */
export interface Run {
  readonly eventId: string;
  readonly offset: number;
  readonly key: string;
  readonly incident: string | undefined;
  /** incident.openedBy; undefined without an incident, and for runs of an earlier release. */
  readonly opener: string | undefined;
  readonly critical: boolean;
  readonly acceptedMs: number;
  state: Unfinished;
  /** Instant it waits for; undefined = it waits for a gate, or does not wait. */
  dueMs: number | undefined;
  /** Given by a gate to a branch that waited. */
  pass: { readonly branch: number; readonly destination: string; readonly budgetKey: string; readonly pass: Pass } | undefined;
  cancelWait: (() => void) | undefined;
  body: RunBody | undefined;
  /** Steps that an earlier owner of the partition says it did, by `<branch>/<step id>`: they settle what is not settled when it is next looked at. */
  told: Map<string, Settled> | undefined;
  /** A command or close came while it ran: look again before it waits. */
  nudged: boolean;
}

/** A run as it was accepted, ready to begin. */
export function newRun({ event, offset, atMs, incident, opener }: Accepted, critical: boolean): Run {
  return {
    eventId: event.id,
    offset,
    key: event.partitionkey,
    incident,
    opener,
    critical,
    acceptedMs: atMs,
    state: 'running',
    dueMs: undefined,
    pass: undefined,
    cancelWait: undefined,
    body: undefined,
    told: undefined,
    nudged: false,
  };
}

export const stepStateKey = (branch: number, step: string): string => `${branch}/${step}`;

/** Outputs of a branch's settled steps, by step id. */
export function outputsOf(body: RunBody, branch: number): Record<string, Json> {
  const outputs: Record<string, Json> = {};
  const prefix = `${branch}/`;
  for (const [key, state] of body.steps) {
    if (key.startsWith(prefix) && state.settled?.state === 'done' && state.settled.out !== undefined)
      outputs[key.slice(prefix.length)] = state.settled.out;
  }
  return outputs;
}
