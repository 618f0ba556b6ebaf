import type { Event, Json } from '../event/event.js';
import type { ListName } from '../plan.js';

/**
 * What the journal holds, by key. All records of one event, key or incident are in the partition of its ordering key.
 *
 *   L                        Ledger               totals and the next offset to read; part of every put that changes them
 *   a/<eid>                  Accepted             an unfinished run
 *   i/<eid>/<branch>/<step>  Progress             a step begun and not settled: intent, waiting, parked, ambiguous
 *   d/<eid>/<branch>/<step>  Settled              a step's end: a fact, whoever wrote it; wins over any i/
 *   m/<eid>                  Marker               an ended event; recognises re-reads and duplicates
 *   h/<eid>                  History              how a finished run went, for people
 *   x/<eid>/<offset>         {t}                  a duplicate delivery of <eid>, listed on the original
 *   n/<incident>             Incident             see incident/incident.ts
 *   p/<incident>/<opener>    Incident             one that a new incident of its key replaced while runs of it were live
 *   o/<hash>                 OnceRecord           hash of ordering key, route, step
 *   k/<hash>                 {e: eid, t}          a nonce seen within its key
 *   t/<hash>                 string               text of a pinned route
 *   y/<eid>/<branch>/<step>  Settled[]            what owners did and told after they had been replaced (copies of the topics only)
 *   z/<eid>                  true                 a run that was unfinished when its record was trimmed: what it leaves is trimmed by itself
 */
export const LEDGER_KEY = 'L';
export const acceptedKey = (eventId: string): string => `a/${eventId}`;
export const progressKey = (eventId: string, branch: number, step: string): string => `i/${eventId}/${branch}/${step}`;
export const settledKey = (eventId: string, branch: number, step: string): string => `d/${eventId}/${branch}/${step}`;
export const markerKey = (eventId: string): string => `m/${eventId}`;
export const historyKey = (eventId: string): string => `h/${eventId}`;
export const duplicateKey = (eventId: string, offset: number): string => `x/${eventId}/${offset}`;
export const incidentRecordKey = (incident: string): string => `n/${incident}`;
export const replacedIncidentKey = (incident: string, opener: string): string => `p/${incident}/${opener}`;
export const onceKey = (hash: string): string => `o/${hash}`;
export const nonceKey = (hash: string): string => `k/${hash}`;
export const lateKey = (eventId: string): string => `z/${eventId}`;
export const doubledKey = (eventId: string, branch: number, step: string): string => `y/${eventId}/${branch}/${step}`;
export const routeTextKey = (hash: string): string => `t/${hash}`;

export const OUTCOMES = ['done', 'duplicate', 'repeat', 'expired', 'unrouted', 'muted', 'quarantined', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const UNFINISHED = ['running', 'waiting', 'parked', 'ambiguous'] as const;
export type Unfinished = (typeof UNFINISHED)[number];

/** Law: received = sum of outcomes + unfinished runs. */
export interface Ledger {
  /** The next offset of `events` that has not been accepted. */
  next: number;
  /** First-seen positions. */
  received: number;
  outcomes: Partial<Record<Outcome, number>>;
}

/** What an event was to its incident. */
export type Meaning = 'opens' | 'reopens' | 'repeat' | 'closes' | 'closes-stale' | 'orphan' | 'update' | 'expires' | 'none';

export interface Branch {
  route: string;
  /** sha-256 of the pinned route text, kept under t/<hash>. */
  hash: string;
  list: ListName;
}

export interface Accepted {
  event: Event;
  offset: number;
  atMs: number;
  meaning: Meaning;
  /** Why it means that: a short code (incident/bind.ts). Absent in runs of an earlier release. */
  reason?: string;
  /** Incident key, where it belongs to one. */
  incident?: string;
  /** incident.openedBy: tells it from a later incident of the same key. */
  opener?: string;
  /** incident.closes at acceptance: a higher number later means that it has been closed since. */
  closes?: number;
  branches: Branch[];
  /** Hash of the route table at acceptance. */
  table: string;
}

export type Attempts = {
  /** Calls made so far. */
  n: number;
  /** When the first intent was journaled, ms since the epoch. */
  firstMs: number;
  /** When the latest intent was journaled, ms since the epoch. */
  lastMs: number;
};

export type Progress = Attempts & {
  /**
   * intent: a call may be under way. retry: known failure, waits. unsettled: unknown outcome, waits for probe or resend.
   * ongoing: the target has taken the work and is not done; looked at again at `dueMs`.
   */
  state: 'intent' | 'retry' | 'unsettled' | 'ongoing' | 'parked' | 'ambiguous';
  /** Not before this instant, ms since the epoch (retry, unsettled, ongoing). */
  dueMs?: number;
  /** What names the work at the target, as the action answered. While it is here the step is followed, never called again. */
  memo?: Json;
  /** ongoing: when the target last told how the work stands, ms since the epoch. */
  seenMs?: number;
  reason?: string;
  detail?: string;
  /** A person asked for another call, whatever the outcome of the last: skip settling. */
  forced?: boolean;
};

export type Settled = {
  state: 'done' | 'skipped' | 'failed';
  atMs: number;
  attempts: number;
  /** Present when done with an output. */
  out?: Json;
  /** skipped: when-false, missing-output, closed, stopped, abandoned. failed: the ActionError's reason. done: how, if not by a plain call. */
  reason?: string;
  detail?: string;
  /** A failed step after which the branch went on (onError: continue). */
  continued?: boolean;
  /** Shadow routes: what would have been sent. */
  shadow?: Json;
};

export interface Marker {
  /** Outcome. */
  o: Outcome;
  /** Offset in `events`. */
  p: number;
  /** Ended at, ms since the epoch. */
  t: number;
  /** Reason: a short code; the long explanation is computed when asked for. */
  r?: string;
  /** Meaning for its incident. */
  m?: Meaning;
  /** First 12 hex digits of the route table's hash. */
  h?: string;
  /** A run existed: h/<eid> tells more. */
  run?: true;
}

export interface StepHistory {
  id: string;
  use: string;
  state: 'done' | 'skipped' | 'failed' | 'pending' | Progress['state'];
  attempts: number;
  atMs?: number;
  reason?: string;
  detail?: string;
  out?: Json;
  dueMs?: number;
  shadow?: Json;
}

export interface BranchHistory extends Branch {
  mode: 'live' | 'shadow';
  outcome?: Outcome;
  steps: StepHistory[];
}

export interface History {
  outcome: Outcome;
  acceptedMs: number;
  finishedMs: number;
  meaning: Meaning;
  reason?: string;
  incident?: string;
  table: string;
  branches: BranchHistory[];
}

export interface OnceRecord {
  /** The event whose step did it. */
  e: string;
  branch: number;
  step: string;
  atMs: number;
  /** Its window's end when it was written: not needed after it. */
  untilMs: number;
  /** Present once its outcome is known. */
  out?: Json;
}
