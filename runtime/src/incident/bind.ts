import type { Event } from '../event/event.js';
import { incidentKeyOf } from '../event/event.js';
import { compareInstants } from '../event/instant.js';
import type { Bound, Incident } from './incident.js';

export interface BindRules {
  readonly nowMs: number;
  /** A firing this soon after the last close continues the incident, on a route with a `reopened` list. */
  readonly reopenWithinMs: number;
  /** Whether the pinned routes have a `reopened` list. */
  readonly canReopen: boolean;
}

/** The start that the source gives: Alertmanager's startsAt, else the event's time. */
function startOf(event: Event): string {
  const starts = (event.data as { startsAt?: unknown } | undefined)?.startsAt;
  return typeof starts === 'string' ? starts : event.time;
}

/** The end that the source gives with a resolved; undefined when it gives none. */
function endOf(event: Event): string | undefined {
  const ends = (event.data as { endsAt?: unknown } | undefined)?.endsAt;
  return typeof ends === 'string' ? ends : undefined;
}

function begin(key: string, event: Event, nowMs: number): Incident {
  return {
    key,
    partitionkey: event.partitionkey,
    openedBy: event.id,
    type: event.type,
    state: 'open',
    openedMs: nowMs,
    lastSignMs: nowMs,
    startsAt: startOf(event),
    occurrences: 1,
    reopened: 0,
    stale: 0,
    closes: 0,
    routes: [],
    steps: {},
  };
}

const later = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined ? b : b === undefined || compareInstants(a, b) >= 0 ? a : b;

/**
 * What is news: decided by the incident's state, never by a hash of content (a genuine re-fire can be byte-identical to the first request).
 * Pure: returns the state to have, changes nothing. Rules: docs/explanation of incidents; each has a test against recorded requests.
 */
export function bind(known: Incident | undefined, event: Event, rules: BindRules): Bound | undefined {
  const key = incidentKeyOf(event);
  if (key === undefined) return undefined;
  if (event.phase === 'resolved') return bindResolved(known, key, event, rules);
  if (known?.state === 'open') {
    const alive: Incident = { ...known, lastSignMs: Math.max(known.lastSignMs, rules.nowMs) };
    if (event.phase !== 'firing') return { meaning: 'update', reason: 'update-of-open-incident', incident: alive, matchAnew: false };
    // A later start while open is a flap within one interval or another peer's clock: the requests cannot tell, so it is a repeat.
    const seen = later(known.startsAt, startOf(event));
    const untaken = !known.routes.some((route) => route.mode === 'live');
    return {
      meaning: 'repeat',
      reason: untaken ? 'firing-while-open-untaken' : 'firing-while-open',
      incident: seen === undefined ? alive : { ...alive, startsAt: seen },
      matchAnew: untaken,
    };
  }
  if (known === undefined) {
    return { meaning: 'opens', reason: 'no-incident-stands', incident: begin(key, event, rules.nowMs), matchAnew: true };
  }
  const sameOccurrence = event.phase === 'firing' && known.startsAt !== undefined && compareInstants(startOf(event), known.startsAt) <= 0;
  const within = rules.nowMs - (known.closedMs ?? 0) <= rules.reopenWithinMs;
  if (within && rules.canReopen) {
    const { closedMs: _closedMs, closedAs: _closedAs, ...rest } = known;
    const incident: Incident = {
      ...rest,
      state: 'open',
      lastSignMs: rules.nowMs,
      occurrences: known.occurrences + (sameOccurrence ? 0 : 1),
      reopened: known.reopened + (sameOccurrence ? 1 : 0),
    };
    const startsAt = later(known.startsAt, startOf(event));
    if (startsAt !== undefined) incident.startsAt = startsAt;
    return { meaning: 'reopens', reason: sameOccurrence ? 'start-already-closed' : 'new-occurrence', incident, matchAnew: false };
  }
  // Runs of the incident before this one count closes: they must not take the new one for theirs, still open.
  const fresh: Incident = { ...begin(key, event, rules.nowMs), closes: known.closes };
  const incident: Incident = sameOccurrence
    ? {
        ...fresh,
        ...(known.startsAt === undefined ? {} : { startsAt: known.startsAt }),
        ...(known.endsAt === undefined ? {} : { endsAt: known.endsAt }),
        occurrences: 0,
        reopened: 1,
      }
    : fresh;
  return {
    meaning: sameOccurrence ? 'reopens' : 'opens',
    reason: sameOccurrence ? 'start-already-closed-new-incident' : 'new-occurrence-new-incident',
    incident,
    matchAnew: true,
  };
}

function bindResolved(known: Incident | undefined, key: string, event: Event, rules: BindRules): Bound {
  const ended = endOf(event);
  if (known === undefined) {
    const incident: Incident = {
      ...begin(key, event, rules.nowMs),
      state: 'closed',
      closedMs: rules.nowMs,
      closedAs: 'orphan',
      occurrences: 0,
    };
    if (ended !== undefined) incident.endsAt = ended;
    return { meaning: 'orphan', reason: 'resolved-without-firing', incident, matchAnew: false };
  }
  if (known.state === 'closed') return { meaning: 'repeat', reason: 'resolved-while-closed', incident: known, matchAnew: false };
  const stale =
    known.reopened > known.stale && ended !== undefined && known.endsAt !== undefined && compareInstants(ended, known.endsAt) === 0;
  const incident: Incident = {
    ...known,
    state: 'closed',
    closedMs: rules.nowMs,
    closedAs: 'resolved',
    lastSignMs: rules.nowMs,
    closes: known.closes + 1,
    stale: known.stale + (stale ? 1 : 0),
  };
  if (ended !== undefined) incident.endsAt = ended;
  return { meaning: stale ? 'closes-stale' : 'closes', reason: stale ? 'same-end-as-before' : 'resolved', incident, matchAnew: false };
}

/** A storm digest ends after this long without a new row: 30 min. */
const DIGEST_QUIET_MS = 1_800_000;

/** How long this incident stays open without a sign of life. */
export function expireAfterOf(incident: Incident, expireAfterMs: number): number {
  return incident.digest === undefined ? expireAfterMs : Math.min(DIGEST_QUIET_MS, expireAfterMs);
}

/** Expiry is checked again in order: a sign of life since it was appended makes it void. undefined: void. */
export function bindExpiry(known: Incident | undefined, openedBy: string, nowMs: number, expireAfterMs: number): Bound | undefined {
  if (known?.state !== 'open' || known.openedBy !== openedBy || known.lastSignMs + expireAfterOf(known, expireAfterMs) > nowMs)
    return undefined;
  const incident: Incident = { ...known, state: 'closed', closedMs: nowMs, closedAs: 'expired', closes: known.closes + 1 };
  return { meaning: 'expires', reason: 'no-sign-of-life', incident, matchAnew: false };
}
