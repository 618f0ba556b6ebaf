import type { Clock, Random } from '../clock.js';
import { RouterError } from '../errors.js';
import type { Event, Json } from '../event/event.js';
import { eventSchema, INTERNAL_TYPE_PREFIX } from '../event/event.js';
import { idFromOrigin, newId } from '../event/id.js';
import { EVENT_TYPES } from '../event/types.js';
import { pointerOf } from './payload.js';
import { SOURCE_KINDS } from './registry.js';
import type { DecodeLimits, Draft, Payload, SourceKind } from './source.js';

/** Of the data of an alert that is too large, this much is kept for people. */
const KEPT_CHARACTERS = 64 * 1024;

export interface ConfiguredSource {
  readonly kind: string;
  readonly settings: unknown;
  /** Ordering key from the configured CEL expression; undefined result or no function: the default. */
  readonly keyOf?: ((event: Event) => string | undefined) | undefined;
}

export interface ManagerPorts {
  readonly sources: Readonly<Record<string, ConfiguredSource>>;
  readonly limits: DecodeLimits & { readonly eventBytes: number };
  readonly clock: Clock;
  readonly random: Random;
  unknownType(type: string): void;
}

/**
 * The event manager: payload → events. Decodes, splits, validates, identifies.
 *
 * Delivery guarantees: pure but for clock and dice; either every event of the payload is returned or a RouterError is thrown, so a batch is never half taken.
 */
export class Manager {
  readonly #ports: ManagerPorts;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
  }

  /** Throws UNKNOWN_SOURCE, CONTENT_TYPE and what the source's decoder throws. */
  decode(sourceName: string, payload: Payload): readonly Event[] {
    const { source, kind } = this.#source(sourceName);
    checkContentType(kind, payload);
    try {
      const decoded = kind.decode(payload, source.settings, this.#ports.limits);
      if (!('handTo' in decoded)) return this.#events(sourceName, source, decoded, undefined);
      const inner = this.#source(decoded.handTo);
      if (inner.kind.keepsPoison === true)
        throw new RouterError('BODY_INVALID', `Source ${decoded.handTo} unwraps as well; name one that decodes.`);
      const drafts = inner.kind.decode(decoded.payload, inner.source.settings, this.#ports.limits);
      if ('handTo' in drafts) throw new RouterError('BODY_INVALID', 'Wrapped twice.');
      return this.#events(decoded.handTo, inner.source, drafts, { source: sourceName, originId: decoded.originId });
    } catch (error) {
      if (kind.keepsPoison !== true || !(error instanceof RouterError)) throw error;
      const data = payload.body.subarray(0, this.#ports.limits.eventBytes / 2).toString('utf8');
      const draft: Draft = { type: `${sourceName}.poison`, data, quarantine: `${error.pointer ?? ''}: ${error.message}` };
      return this.#events(sourceName, source, [draft], undefined);
    }
  }

  /** A quarantined or failed event once more, under a new id, with other data if given. */
  again(event: Event, n: number, data: Json | undefined): Event {
    const { quarantine: _quarantine, ...rest } = event;
    const now = new Date(this.#ports.clock.nowMs()).toISOString();
    const fresh: Event = {
      ...rest,
      id: `${event.id.replace(/~\d+$/, '')}~${n}`,
      recordedtime: now,
      ...(data === undefined ? {} : { data }),
    };
    delete fresh.nonce;
    return this.#checked(fresh, undefined);
  }

  #source(name: string): { source: ConfiguredSource; kind: SourceKind } {
    const source = Object.hasOwn(this.#ports.sources, name) ? this.#ports.sources[name] : undefined;
    const kind = source && SOURCE_KINDS[source.kind];
    if (source === undefined || kind === undefined) {
      throw new RouterError(
        'UNKNOWN_SOURCE',
        `No source named ${name.slice(0, 100)}; configured: ${Object.keys(this.#ports.sources).join(', ')}.`,
      );
    }
    return { source, kind };
  }

  #events(
    sourceName: string,
    source: ConfiguredSource,
    drafts: readonly Draft[],
    wrapper: { source: string; originId: string } | undefined,
  ): readonly Event[] {
    const now = new Date(this.#ports.clock.nowMs()).toISOString();
    const accepted = newId(this.#ports.clock, this.#ports.random);
    const batch = drafts.length > 1;
    return drafts.map((draft, index) => {
      const at = batch ? `/${index}` : '';
      if (draft.type.startsWith(INTERNAL_TYPE_PREFIX)) {
        throw new RouterError('BODY_INVALID', `Types that begin with ${INTERNAL_TYPE_PREFIX} are the router's own.`, {
          pointer: `${at}/type`,
        });
      }
      const from = draft.source ?? sourceName;
      if (
        draft.source !== undefined &&
        draft.source !== sourceName &&
        (draft.source === 'router' || Object.hasOwn(this.#ports.sources, draft.source))
      ) {
        throw new RouterError('BODY_INVALID', `source ${JSON.stringify(draft.source)} is the name of another configured source.`, {
          pointer: `${at}/source`,
        });
      }
      const named = draft.originId !== undefined;
      const base = named
        ? idFromOrigin(from, draft.originId as string)
        : wrapper === undefined
          ? accepted
          : idFromOrigin(wrapper.source, wrapper.originId);
      const id = batch && !named ? `${base}.${index}` : base;
      const optional = {
        subject: draft.subject,
        correlationid: draft.correlationId,
        phase: draft.phase,
        severitytext: draft.severity?.slice(0, 64),
        nonce: draft.nonce,
        expirytime: draft.expiryTime,
        traceparent: draft.traceparent?.slice(0, 128),
        dataschema: draft.dataschema,
        originid: (draft.originId ?? wrapper?.originId)?.slice(0, 1024),
        quarantine: draft.quarantine?.slice(0, 1000),
        data: draft.data,
      };
      const event = {
        specversion: '1.0',
        id,
        type: draft.type,
        source: from,
        time: draft.time ?? now,
        recordedtime: now,
        ingestsource: sourceName,
        datacontenttype: 'application/json',
        partitionkey: draft.partitionKey ?? id,
        ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      } as Event;
      event.partitionkey = (keyFrom(source, event) ?? draft.correlationId ?? draft.partitionKey ?? id).slice(0, 1024);
      // A 4xx would make Alertmanager send the same body for ever, its good neighbours with it.
      return this.#checked(event, at, batch || source.kind === 'alertmanager');
    });
  }

  /** The envelope must be right; data that its type's schema refuses only quarantines this one event. */
  #checked(event: Event, at: string | undefined, quarantineTooLarge = false): Event {
    const envelope = eventSchema.safeParse(event);
    if (!envelope.success) {
      const issue = envelope.error.issues[0];
      const pointer = `${at ?? ''}${pointerOf(issue?.path ?? [])}`;
      throw new RouterError('BODY_INVALID', `At ${pointer}: ${issue?.message ?? 'invalid'}.`, { pointer });
    }
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (bytes > this.#ports.limits.eventBytes) {
      if (quarantineTooLarge) {
        const data = { truncated: JSON.stringify(event.data).slice(0, KEPT_CHARACTERS) };
        return { ...event, data, quarantine: `: ${bytes} bytes; limits.event is ${this.#ports.limits.eventBytes}` };
      }
      throw new RouterError('EVENT_TOO_LARGE', `The event is ${bytes} bytes; limits.event is ${this.#ports.limits.eventBytes}.`, {
        pointer: at ?? '',
      });
    }
    if (event.quarantine !== undefined) return event;
    const known = EVENT_TYPES[event.type];
    if (known === undefined) {
      this.#ports.unknownType(event.type);
      return event;
    }
    const checked = known.schema.safeParse(event.data);
    if (checked.success) return event;
    const issue = checked.error.issues[0];
    return { ...event, quarantine: `${pointerOf(issue?.path ?? [])}: ${issue?.message ?? 'invalid'}`.slice(0, 1000) };
  }
}

function keyFrom(source: ConfiguredSource, event: Event): string | undefined {
  const key = source.keyOf?.(event);
  return key === undefined || key === '' ? undefined : key;
}

function checkContentType(kind: SourceKind, payload: Payload): void {
  const given = (payload.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const isBinaryCloudEvent = kind.kind === 'cloudevents' && payload.headers['ce-id'] !== undefined;
  if (isBinaryCloudEvent || kind.contentTypes.includes(given)) return;
  throw new RouterError(
    'CONTENT_TYPE',
    `Content-Type is ${given === '' ? 'missing' : JSON.stringify(given.slice(0, 100))}; this source takes ${kind.contentTypes.join(', ')}.`,
  );
}
