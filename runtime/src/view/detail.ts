import type { Event, Json } from '../event/event.js';
import type { Accepted, BranchHistory, Marker, Meaning } from '../journal/records.js';
import type { RouteTable, RouteTrial } from '../plan.js';

export interface Page<T> {
  readonly items: readonly T[];
  /** Give it back as `cursor` for the next page; absent: no more. */
  readonly next?: string;
}

export interface IncidentSummary {
  readonly key: string;
  readonly state: string;
  readonly type: string;
  readonly openedAt: string;
  readonly closedAs?: string;
  readonly occurrences: number;
  readonly reopened: number;
  readonly stale: number;
}

export interface EventDetail {
  readonly id: string;
  /** An outcome, or running, waiting, parked, ambiguous. */
  readonly state: string;
  readonly position: { readonly partition: number; readonly offset: number };
  /** Absent when older than the log's retention. */
  readonly event?: Json;
  readonly meaning: string;
  readonly reason?: string;
  readonly incident?: string;
  readonly branches: readonly BranchHistory[];
  readonly duplicates: readonly { readonly offset: number; readonly at: string }[];
  readonly explanation: Explanation;
}

export interface Explanation {
  readonly sentences: readonly string[];
  /** Which routes were tried, computed from the stored event. */
  readonly routes: readonly RouteTrial[];
  /** True: the mappings have changed since, so `routes` tells what would happen today. */
  readonly mappingsChanged: boolean;
}

const MEANINGS: Readonly<Record<Meaning, string>> = {
  none: 'It belongs to no incident.',
  opens: 'It opened an incident.',
  reopens: 'It reopened an incident: its start had been closed before, or it came soon after the close.',
  repeat: 'It repeats what the incident already says: firing while open, or resolved while closed.',
  closes: 'It closed its incident.',
  'closes-stale': 'It closed its incident with the same end as the close before: the reopening in between was stale.',
  orphan: 'It resolves an incident that was never seen firing; recorded closed, nothing runs.',
  update: 'It updates an open incident.',
  expires: 'No sign of life came for incidents.expireAfter; the incident closed as expired.',
};

const REASONS: Readonly<Record<string, string>> = {
  'same-id': 'An event with the same id was accepted before.',
  'expirytime-past': 'Its expirytime had passed when it was accepted.',
  schema: 'It does not have the shape it must have.',
  'no-route': 'No route took it.',
  'expiry-void': 'A sign of life had come in the meantime, so nothing expired.',
  resubmit: 'It asked for an event to be submitted again.',
};

/** Why the event became what it became, in sentences and route by route. Pure. */
export function explain(
  event: Event | undefined,
  marker: Marker | undefined,
  accepted: Accepted | undefined,
  routes: RouteTable,
): Explanation {
  const sentences: string[] = [MEANINGS[marker?.m ?? accepted?.meaning ?? 'none']];
  const reason = marker?.r;
  if (reason !== undefined)
    sentences.push(
      REASONS[reason] ??
        (reason.startsWith('nonce-of ') ? `Its nonce was seen before within its key, on event ${reason.slice(9)}.` : `Reason: ${reason}.`),
    );
  if (event?.quarantine !== undefined)
    sentences.push(`At ${event.quarantine}. Fix it and resubmit: sre-router events resubmit ${event.id} --data FILE.`);
  if (event === undefined) sentences.push('Its record is older than log.retention.');
  if (accepted !== undefined) sentences.push('Its run is not finished.');
  const table = marker?.h ?? accepted?.table.slice(0, 12);
  const isRouted = event !== undefined && !event.type.startsWith('router.');
  return {
    sentences,
    routes: isRouted ? routes.explain(event) : [],
    mappingsChanged: table !== undefined && table !== routes.hash.slice(0, 12),
  };
}
