import type { Event } from '../event/event.js';
import { compareInstants } from '../event/instant.js';
import { bind, bindExpiry } from '../incident/bind.js';
import type { Bound, Incident } from '../incident/incident.js';
import type { Branch, Meaning, Outcome } from '../journal/records.js';
import type { CompiledRoute, ListName } from '../plan.js';

export interface AcceptRules {
  readonly nowMs: number;
  readonly reopenWithinMs: number;
  readonly expireAfterMs: number;
  match(event: Event): readonly CompiledRoute[];
  /** A pinned route, or undefined when its text is gone or unreadable. */
  pinned(hash: string): CompiledRoute | undefined;
}

export type Acceptance = {
  readonly meaning: Meaning;
  readonly reason: string;
  /** State the incident has from now on; undefined: none, or unchanged. */
  readonly incident?: Incident;
} & (
  | { readonly run: false; readonly outcome: Outcome }
  | { readonly run: true; readonly branches: readonly Branch[]; readonly routes: readonly CompiledRoute[] }
);

/** Which list runs for which meaning; the first that the route has. An absent list runs nothing. */
const LISTS_FOR: Readonly<Record<Meaning, readonly ListName[]>> = {
  none: ['actions'],
  opens: ['actions'],
  reopens: ['reopened'],
  repeat: ['repeated'],
  update: ['updated'],
  closes: ['resolved'],
  'closes-stale': ['resolved'],
  expires: ['expired', 'resolved'],
  orphan: [],
};

function branchFor(route: CompiledRoute, meaning: Meaning): Branch | undefined {
  const list = LISTS_FOR[meaning].find((name) => route.lists[name] !== undefined);
  return list === undefined ? undefined : { route: route.name, hash: route.hash, list };
}

/**
 * What becomes of an event that is neither a re-read nor a duplicate. Pure: decides from the event, its incident and the routes, and says why.
 * `known`: the incident of its key, if one is live.
 */
export function decideAcceptance(event: Event, known: Incident | undefined, rules: AcceptRules): Acceptance {
  if (event.quarantine !== undefined) return { run: false, outcome: 'quarantined', meaning: 'none', reason: 'schema' };
  if (event.expirytime !== undefined && compareInstants(event.expirytime, new Date(rules.nowMs).toISOString()) <= 0) {
    return { run: false, outcome: 'expired', meaning: 'none', reason: 'expirytime-past' };
  }
  if (event.type === 'router.expiry') return decideExpiry(event, known, rules);
  const canReopen = known?.routes.some((route) => rules.pinned(route.hash)?.lists.reopened !== undefined) ?? false;
  const bound = bind(known, event, { nowMs: rules.nowMs, reopenWithinMs: rules.reopenWithinMs, canReopen });
  if (bound === undefined) return fresh(event, 'none', 'no-correlation', undefined, rules);
  if (bound.meaning === 'orphan')
    return { run: false, outcome: 'unrouted', meaning: 'orphan', reason: bound.reason, incident: bound.incident };
  return bound.matchAnew ? fresh(event, bound.meaning, bound.reason, bound.incident, rules) : pinnedRun(bound, rules);
}

function fresh(event: Event, meaning: Meaning, reason: string, incident: Incident | undefined, rules: AcceptRules): Acceptance {
  const routes = rules.match(event);
  const taking = meaning === 'repeat' ? routes.filter((route) => route.mode === 'live') : routes;
  if (taking.length === 0) {
    // The incident stands all the same: its repeats are repeats (matched anew), and its resolved closes it.
    const outcome = meaning === 'repeat' ? 'repeat' : 'unrouted';
    return { run: false, outcome, meaning, reason: 'no-route', ...(incident === undefined ? {} : { incident }) };
  }
  const branches = taking.map((route): Branch => ({ route: route.name, hash: route.hash, list: 'actions' }));
  const pinned = incident && { ...incident, routes: taking.map((route) => ({ route: route.name, hash: route.hash, mode: route.mode })) };
  return { run: true, meaning, reason, branches, routes: taking, ...(pinned === undefined ? {} : { incident: pinned }) };
}

function pinnedRun(bound: Bound, rules: AcceptRules): Acceptance {
  const routes: CompiledRoute[] = [];
  const branches: Branch[] = [];
  for (const pin of bound.incident.routes) {
    const route = rules.pinned(pin.hash);
    const branch = route && branchFor(route, bound.meaning);
    if (route === undefined || branch === undefined) continue;
    routes.push(route);
    branches.push(branch);
  }
  const { meaning, reason, incident } = bound;
  if (branches.length > 0) return { run: true, meaning, reason, incident, branches, routes };
  const outcome = meaning === 'repeat' ? 'repeat' : incident.routes.length === 0 ? 'unrouted' : 'done';
  return { run: false, outcome, meaning, reason, incident };
}

function decideExpiry(event: Event, known: Incident | undefined, rules: AcceptRules): Acceptance {
  const openedBy = (event.data as { openedBy?: unknown } | undefined)?.openedBy;
  const bound = bindExpiry(known, String(openedBy), rules.nowMs, rules.expireAfterMs);
  return bound === undefined ? { run: false, outcome: 'done', meaning: 'none', reason: 'expiry-void' } : pinnedRun(bound, rules);
}
