import { RouterError } from '../errors.js';
import { cut } from '../event/cut.js';
import type { Event } from '../event/event.js';
import { eventSchema, INTERNAL_TYPE_PREFIX } from '../event/event.js';
import { idFromOrigin } from '../event/id.js';
import { parseSafely } from '../event/parse-safely.js';
import { EVENT_TYPES } from '../event/types.js';
import { firstIssue } from './pointer.js';
import type { Draft } from './source.js';

const KEY_MAX_UNITS = 1_024;
const QUARANTINE_MAX_UNITS = 1_000;
/** Of the data of an event that is too large, this much is kept for people, at most a quarter of limits.event. */
const KEPT_MAX_UNITS = 65_536;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-|$)/;

/** What all events of one payload share. */
export interface Making {
  /** The configured source. */
  readonly ingest: string;
  /** Ordering key from the configured CEL expression; undefined: the default. */
  readonly keyOf?: ((event: Event) => string | undefined) | undefined;
  /** RFC 3339. */
  readonly now: string;
  readonly eventBytes: number;
  readonly traceparent?: string | undefined;
  /** An event that is too large is quarantined; otherwise it is refused. */
  readonly quarantinesTooLarge: boolean;
  /** Source names that nobody but their own source may claim. */
  isReserved(source: string): boolean;
  unknownType(type: string): void;
}

/** Where an id comes from when the draft brings none (`fallback`), or in any case (`fixed`: an event that is submitted again). */
export interface Naming {
  readonly fallback: string;
  readonly fixed?: string;
  readonly originId?: string | undefined;
  /** JSON pointer of the entry, for error messages. */
  readonly at: string;
}

/**
 * One draft → one event: attributes, schema check, ordering key, id. Data that its type's schema refuses quarantines the event.
 * Throws RouterError BODY_INVALID for a wrong attribute, EVENT_TOO_LARGE.
 */
export function makeEvent(draft: Draft, making: Making, naming: Naming): Event {
  const source = sourceOf(draft, making, naming.at);
  const identity = { ingest: making.ingest, source };
  const nonceId = (key: string | null): string => idFromOrigin({ kind: 'nonce', ...identity, key, id: draft.nonce ?? '' });
  const ownId = draft.originId === undefined ? undefined : idFromOrigin({ kind: 'id', ...identity, id: draft.originId });
  // A nonce names an event only within its key, which the configured expression may read from the event: named provisionally, then for good.
  const byNonce = naming.fixed === undefined && ownId === undefined && draft.nonce !== undefined;
  const id = naming.fixed ?? ownId ?? (byNonce ? nonceId(null) : naming.fallback);
  const quarantine = draft.quarantine ?? schemaProblem(draft, making);
  const event: Event = {
    specversion: '1.0',
    id,
    type: draft.type,
    source,
    time: draft.time ?? making.now,
    recordedtime: making.now,
    ingestsource: making.ingest,
    datacontenttype: 'application/json',
    partitionkey: id,
    ...optionalAttributes(draft, making, naming),
    ...(quarantine === undefined ? {} : { quarantine: cut(quarantine, QUARANTINE_MAX_UNITS) }),
  };
  const key = orderingKey(event, draft, making);
  if (key !== undefined && byNonce) event.id = nonceId(key);
  event.partitionkey = key ?? event.id;
  const envelope = parseSafely(eventSchema, event);
  if (!envelope.success) {
    const { pointer, message } = firstIssue(envelope.error);
    throw new RouterError('BODY_INVALID', `At ${naming.at}${pointer}: ${message}.`, { pointer: `${naming.at}${pointer}` });
  }
  return bounded(event, making, naming.at);
}

function sourceOf({ type, source }: Draft, { ingest, isReserved }: Making, at: string): string {
  if (type.startsWith(INTERNAL_TYPE_PREFIX)) {
    throw new RouterError('BODY_INVALID', `Types that begin with ${INTERNAL_TYPE_PREFIX} are the router's own.`, { pointer: `${at}/type` });
  }
  if (source !== undefined && source !== ingest && isReserved(source)) {
    throw new RouterError('BODY_INVALID', `source ${JSON.stringify(source)} is the name of another configured source.`, {
      pointer: `${at}/source`,
    });
  }
  return source ?? ingest;
}

function optionalAttributes(draft: Draft, making: Making, naming: Naming): Partial<Event> {
  const originid = draft.originId ?? naming.originId;
  const optional = {
    subject: draft.subject,
    correlationid: draft.correlationId,
    phase: draft.phase,
    severitytext: draft.severity === undefined ? undefined : cut(withoutControls(draft.severity), 64),
    nonce: draft.nonce,
    expirytime: draft.expiryTime,
    traceparent: [draft.traceparent, making.traceparent].find((text) => text !== undefined && text.length <= 128 && TRACEPARENT.test(text)),
    dataschema: draft.dataschema,
    originid: originid === undefined ? undefined : cut(originid, 1_024),
    data: draft.data,
  };
  return Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<Event>;
}

const withoutControls = (text: string): string => text.replaceAll(/\p{Cc}/gu, '\ufffd');

/** Events of one correlation id share an incident, so they share a key before a caller's own partition key counts. undefined: the id. */
function orderingKey(event: Event, draft: Draft, { keyOf }: Making): string | undefined {
  const configured = event.quarantine === undefined ? keyOf?.(event) : undefined;
  const key = configured === undefined || configured === '' ? (draft.correlationId ?? draft.partitionKey) : configured;
  return key === undefined ? undefined : cut(withoutControls(key), KEY_MAX_UNITS);
}

function schemaProblem({ type, data }: Draft, { unknownType }: Making): string | undefined {
  const known = Object.hasOwn(EVENT_TYPES, type) ? EVENT_TYPES[type] : undefined;
  if (known === undefined) {
    unknownType(type);
    return undefined;
  }
  const checked = parseSafely(known.schema, data);
  if (checked.success) return undefined;
  const { pointer, message } = firstIssue(checked.error);
  return `${pointer}: ${message}`;
}

function bounded(event: Event, { eventBytes, quarantinesTooLarge }: Making, at: string): Event {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes <= eventBytes) return event;
  const what = `${bytes} bytes; limits.event is ${eventBytes}`;
  if (!quarantinesTooLarge) throw new RouterError('EVENT_TOO_LARGE', `The event is ${what}.`, { pointer: at });
  const truncated = cut(JSON.stringify(event.data ?? null), Math.min(KEPT_MAX_UNITS, Math.floor(eventBytes / 4)));
  return { ...event, data: { truncated, bytes }, quarantine: `: ${what}` };
}

/** True: only the beginning of its data was kept. */
export function isTruncated({ quarantine, data }: Event): boolean {
  if (quarantine === undefined || data === null || typeof data !== 'object' || Array.isArray(data)) return false;
  return typeof data.truncated === 'string' && typeof data.bytes === 'number';
}
