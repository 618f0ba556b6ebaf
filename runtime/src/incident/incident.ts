import type { Event, Json } from '../event/event.js';
import type { Meaning } from '../journal/records.js';

/** Messages collapsed into one (workflow/digest.ts). */
export interface Digest {
  /** Rows ever added. */
  count: number;
  /** Rises with every change; the message shows one version. */
  version: number;
  rows: { id: string; text: string }[];
}

/** What people see: one open-to-close stretch of one correlation id, with what its runs made (Slack thread, ticket, task). */
export interface Incident {
  key: string;
  /** Ordering key of its events. */
  partitionkey: string;
  /** Event that opened it; tells two incidents of one key apart. */
  openedBy: string;
  type: string;
  state: 'open' | 'closed';
  openedMs: number;
  closedMs?: number;
  closedAs?: 'resolved' | 'expired' | 'orphan';
  /** Latest event that showed it alive, ms since the epoch. Saved at most every expireAfter/8. */
  lastSignMs: number;
  /** Latest start that the source told of (RFC 3339, as given). */
  startsAt?: string;
  /** End that the source told at the last close. */
  endsAt?: string;
  /** How many times the source began anew within this incident. At least 1, but 0 for an orphan. */
  occurrences: number;
  /** How many times it came back with a start already closed. */
  reopened: number;
  /** How many reopenings turned out stale: closed again with the same end. */
  stale: number;
  /** How many times it was closed, for telling steps that began before a close. */
  closes: number;
  /** Routes it is pinned to. */
  routes: { route: string; hash: string; mode: 'live' | 'shadow' }[];
  /** Step outputs by route and step id. */
  steps: { [route: string]: { [step: string]: Json } };
  /** Only of a storm digest. */
  digest?: Digest;
}

export interface Bound {
  readonly meaning: Meaning;
  /** Short code shown by explain. */
  readonly reason: string;
  /** State to have if the event is accepted; undefined: not kept. */
  readonly incident: Incident;
  /** True: look for routes by matching. False: use the pinned ones. */
  readonly matchAnew: boolean;
}

export type { Event };
