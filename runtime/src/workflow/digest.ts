import type { Event, Json } from '../event/event.js';
import type { Digest, Incident } from '../incident/incident.js';
import type { CompiledRoute, CompiledStep, Scope } from '../plan.js';
import type { Acceptance } from './accept.js';

/**
 * Storms: over budget, messages collapse. A step that would wait longer than COLLAPSE_AFTER_MS for its channel's budget puts a row into the channel's digest
 * instead: an internal `router.digest` event, keyed by destination and channel, so that one owner keeps one message with a live count and a row per event.
 *
 * Delivery guarantees: appending the row is idempotent (its event id is the step's key); the digest's message is posted and updated by ordinary steps.
 */
export const COLLAPSE_AFTER_MS = 10_000;

/** Rows kept; earlier ones stay counted. A message shows as many of the newest as it can hold. */
const MAX_ROWS = 100;
const MAX_ROW_CHARACTERS = 120;

const ROUTE_PREFIX = 'router.digest:';
export const DIGEST_TYPE = 'router.digest';

/** What a collapsed step outputs, and what later steps pass on as `to`. */
export interface DigestOutput {
  digest: string;
  row: string;
}

export type DigestData = { destination: string; channel: string; op: 'row' | 'reply'; row: string; text: string };

/** The digest output inside an input's `to`, if the message it answers was collapsed. */
export function digestTarget(input: Json): DigestOutput | undefined {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return undefined;
  const to = input.to;
  if (to === null || to === undefined || typeof to !== 'object' || Array.isArray(to)) return undefined;
  return typeof to.digest === 'string' && typeof to.row === 'string' ? { digest: to.digest, row: to.row } : undefined;
}

/** Key of a channel's digest: ordering key and correlation id. */
export function digestKey(destination: string, channel: string): string {
  return `digest:${destination}/${channel}`;
}

export function digestEvent(stepKey: string, data: DigestData, nowMs: number): Event {
  const now = new Date(nowMs).toISOString();
  const key = digestKey(data.destination, data.channel);
  return {
    specversion: '1.0',
    id: `digest-${stepKey}`,
    type: DIGEST_TYPE,
    source: 'router',
    ingestsource: 'router',
    time: now,
    recordedtime: now,
    partitionkey: key,
    correlationid: key,
    phase: 'update',
    data: data as unknown as Json,
  };
}

/** What a digest event does to its digest. Pure. */
export function decideDigest(event: Event, known: Incident | undefined, nowMs: number): Acceptance {
  const data = event.data as unknown as DigestData;
  const open = known?.state === 'open' && known.digest !== undefined ? known : undefined;
  const before: Digest = open?.digest ?? { count: 0, version: 0, rows: [] };
  const text = data.text.replaceAll(/\s+/g, ' ').slice(0, MAX_ROW_CHARACTERS);
  const at = before.rows.findIndex((row) => row.id === data.row);
  const isRow = data.op === 'row';
  const rows = !isRow
    ? before.rows
    : at >= 0
      ? before.rows.with(at, { id: data.row, text })
      : [...before.rows, { id: data.row, text }].slice(-MAX_ROWS);
  const digest: Digest = isRow ? { count: before.count + (at >= 0 ? 0 : 1), version: before.version + 1, rows } : before;
  const route = digestRoute(data.destination);
  const incident: Incident = open
    ? { ...open, digest, lastSignMs: nowMs }
    : {
        key: `router:${event.partitionkey}`,
        partitionkey: event.partitionkey,
        openedBy: event.id,
        type: DIGEST_TYPE,
        state: 'open',
        openedMs: nowMs,
        lastSignMs: nowMs,
        occurrences: 1,
        reopened: 0,
        stale: 0,
        closes: 0,
        routes: [{ route: route.name, hash: route.hash, mode: 'live' }],
        steps: {},
        digest,
      };
  const list = isRow ? 'updated' : 'repeated';
  return {
    run: true,
    meaning: open ? 'update' : 'opens',
    reason: isRow ? 'digest-row' : 'digest-reply',
    incident,
    branches: [{ route: route.name, hash: route.hash, list }],
    routes: [route],
  };
}

/** The built-in route of a destination's digests; undefined when `hash` is not one. */
export function builtInRoute(hash: string): CompiledRoute | undefined {
  return hash.startsWith(ROUTE_PREFIX) ? digestRoute(hash.slice(ROUTE_PREFIX.length)) : undefined;
}

const RETRY = { backoffMs: 1_000, maxBackoffMs: 300_000, maxAgeMs: 86_400_000 };

function digestRoute(destination: string): CompiledRoute {
  const name = `${ROUTE_PREFIX}${destination}`;
  const step = (id: string, use: string, when: CompiledStep['when'], input: CompiledStep['input']): CompiledStep => ({
    id,
    use,
    destination,
    retry: RETRY,
    onError: 'stop',
    always: true,
    when,
    input,
  });
  return {
    name,
    type: DIGEST_TYPE,
    mode: 'live',
    critical: false,
    continue: false,
    hash: name,
    text: name,
    lists: {
      // Rows that came while the budget was spent are shown by one update: later runs then find nothing newer to show.
      updated: [step('show', 'slack.digest', (scope) => ({ ok: true, value: digestOf(scope).version > shownVersion(scope) }), showInput)],
      repeated: [step('reply', 'slack.reply', () => ({ ok: true, value: true }), replyInput)],
    },
  };
}

function digestOf(scope: Scope): Digest {
  return (scope.incident?.digest as unknown as Digest | undefined) ?? { count: 0, version: 0, rows: [] };
}

function shown(scope: Scope): { channel: string; ts: string; version: number } | undefined {
  return scope.incident?.steps.show as { channel: string; ts: string; version: number } | undefined;
}

const shownVersion = (scope: Scope): number => shown(scope)?.version ?? 0;

function showInput(scope: Scope): ReturnType<CompiledStep['input']> {
  const { count, version, rows } = digestOf(scope);
  const data = scope.event.data as unknown as DigestData;
  const to = shown(scope);
  return {
    ok: true,
    value: {
      channel: data.channel,
      count,
      rows: rows.map((row) => row.text),
      version,
      ...(to === undefined ? {} : { to: { channel: to.channel, ts: to.ts } }),
    },
  };
}

function replyInput(scope: Scope): ReturnType<CompiledStep['input']> {
  const to = shown(scope);
  const data = scope.event.data as unknown as DigestData;
  if (to === undefined) return { ok: false, reason: 'missing-output', detail: 'The digest has no message yet.' };
  return { ok: true, value: { to: { channel: to.channel, ts: to.ts }, text: data.text } };
}
