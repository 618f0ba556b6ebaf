import type { Clock, Random } from '../clock.js';
import { RouterError } from '../errors.js';
import type { Event, Json } from '../event/event.js';
import { idAgain, idFromOrigin, newId } from '../event/id.js';
import { parseJson } from './json-body.js';
import type { Making, Naming } from './make-event.js';
import { isTruncated, makeEvent } from './make-event.js';
import { POISON_TYPE, poisonBody, poisonData, poisonReason } from './poison.js';
import { SOURCE_KINDS } from './registry.js';
import type { DecodeLimits, DecodingKind, Draft, Handoff, Payload, SourceKind } from './source.js';
import { mediaTypeOf } from './source.js';

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

/** How the events of one payload are named; see make-event.ts. */
type PayloadNaming = Omit<Naming, 'at'>;

/**
 * The event manager: payload → events. Decodes, splits, validates, identifies.
 *
 * Delivery guarantees: pure but for clock and dice; either every event of the payload is returned or a RouterError is thrown, so a batch is never half taken.
 * A source that unwraps (argo) never throws for what it cannot read: it returns one quarantined event with the body in it.
 */
export class Manager {
  readonly #ports: ManagerPorts;

  constructor(ports: ManagerPorts) {
    this.#ports = ports;
  }

  /** Throws UNKNOWN_SOURCE, CONTENT_TYPE and what the source's decoder throws. */
  decode(sourceName: string, payload: Payload): readonly Event[] {
    const { source, kind } = this.#source(sourceName);
    if ('decode' in kind) {
      checkContentType(kind, payload);
      return this.#decoded(sourceName, source, kind, payload, { fallback: this.#newId() });
    }
    let handoff: Handoff | undefined;
    try {
      handoff = kind.unwrap(payload, source.settings, this.#ports.limits);
      return this.#handedOff(sourceName, handoff, undefined);
    } catch (error) {
      if (!(error instanceof RouterError)) throw error;
      return [this.#poison(sourceName, payload, handoff, error)];
    }
  }

  /**
   * A record of the raw topic. The sources are tried in turn: the first that recognises the record decides, also when it then refuses it. `origin` names the
   * record where nothing in it does, so that what is read again gets the same ids. Throws RouterError for what none of them can read.
   */
  raw(sourceNames: readonly string[], { body, headers }: Payload, origin: string): readonly Event[] {
    // Few producers set one; Argo's do not.
    const payload = { body, headers: { 'content-type': 'application/json', ...headers } };
    const refusals: string[] = [];
    for (const name of sourceNames) {
      const { source, kind } = this.#source(name);
      let handoff: Handoff | undefined;
      try {
        const naming = { fallback: idFromOrigin({ kind: 'raw', ingest: name, id: origin }), originId: origin };
        if ('decode' in kind) return this.#decoded(name, source, kind, payload, naming);
        handoff = kind.unwrap(payload, source.settings, this.#ports.limits);
        return this.#handedOff(name, handoff, undefined);
      } catch (error) {
        if (!(error instanceof RouterError) || handoff !== undefined) throw error;
        refusals.push(`${name}: ${error.message}`);
      }
    }
    throw new RouterError('BODY_INVALID', `No source can read it. ${refusals.join(' ')}`);
  }

  /**
   * An event that has ended once more, as `<id>~n`, with other data if given: placed, keyed and checked as if it had just come. A body that could not be read
   * (poison) is read again, as it came or as `data` has it, and gives the events it holds; it is refused when it still cannot be read.
   * Throws WRONG_STATE when only a part of the data was kept and none is given.
   */
  again(event: Event, n: number, data: Json | undefined): readonly Event[] {
    const id = idAgain(event.id, n);
    const given = data === undefined ? undefined : Buffer.from(JSON.stringify(data));
    if (event.type === POISON_TYPE) {
      const body = given ?? poisonBody(event);
      if (body === undefined) throw truncated(event);
      return this.#strictly(event.ingestsource, { body, headers: {} }, id);
    }
    if (given === undefined && isTruncated(event)) throw truncated(event);
    const found = Object.hasOwn(this.#ports.sources, event.ingestsource) ? this.#ports.sources[event.ingestsource] : undefined;
    const kind = found && SOURCE_KINDS[found.kind];
    const place = kind !== undefined && 'decode' in kind ? kind.place : undefined;
    const fresh = given === undefined ? event.data : parseJson(given, this.#ports.limits);
    const draft = draftAgain(event, fresh, place?.(fresh));
    const making = this.#making(event.ingestsource, found, { traceparent: event.traceparent, quarantinesTooLarge: false });
    return [makeEvent(draft, making, { fixed: id, fallback: id, originId: event.originid, at: '' })];
  }

  /** Like decode, but what cannot be read is thrown, not kept. */
  #strictly(sourceName: string, payload: Payload, fixed: string): readonly Event[] {
    const { source, kind } = this.#source(sourceName);
    if ('decode' in kind) return this.#decoded(sourceName, source, kind, payload, { fixed, fallback: fixed });
    return this.#handedOff(sourceName, kind.unwrap(payload, source.settings, this.#ports.limits), fixed);
  }

  #handedOff(wrapper: string, { handTo, payload, originId, namedAt }: Handoff, fixed: string | undefined): readonly Event[] {
    if (!Object.hasOwn(this.#ports.sources, handTo)) {
      throw new RouterError(
        'UNKNOWN_SOURCE',
        `No source named ${JSON.stringify(handTo.slice(0, 100))}; configured: ${Object.keys(this.#ports.sources).join(', ')}. Add it, or map the name in sources.${wrapper}.sources.`,
        { pointer: namedAt },
      );
    }
    const { source, kind } = this.#source(handTo);
    if (!('decode' in kind))
      throw new RouterError('BODY_INVALID', `Source ${handTo} unwraps as well; name one that decodes.`, { pointer: namedAt });
    const fallback = idFromOrigin({ kind: 'wrapper', ingest: wrapper, id: originId });
    return this.#decoded(handTo, source, kind, payload, { fallback, originId, ...(fixed === undefined ? {} : { fixed }) });
  }

  #decoded(ingest: string, source: ConfiguredSource, kind: DecodingKind, payload: Payload, naming: PayloadNaming): readonly Event[] {
    const drafts = kind.decode(payload, source.settings, this.#ports.limits);
    const isBatch = drafts.length > 1;
    const making = this.#making(ingest, source, {
      traceparent: payload.headers.traceparent,
      quarantinesTooLarge: isBatch || kind.neverRefusesEntries === true,
    });
    return drafts.map((draft, index) => {
      const placed = draft.quarantine === undefined ? { ...draft, ...kind.place?.(draft.data) } : draft;
      const suffix = isBatch ? `.${index}` : '';
      return makeEvent(placed, making, {
        ...naming,
        fallback: `${naming.fallback}${suffix}`,
        ...(naming.fixed === undefined ? {} : { fixed: `${naming.fixed}${suffix}` }),
        at: isBatch ? `/${index}` : '',
      });
    });
  }

  #poison(ingest: string, { body }: Payload, handoff: Handoff | undefined, error: RouterError): Event {
    const now = new Date(this.#ports.clock.nowMs()).toISOString();
    const { limits } = this.#ports;
    const isInner = handoff !== undefined && error.pointer !== handoff.namedAt;
    // Named like the delivery, yet unlike its events: when it comes again after a change of the configuration, they are no duplicates of this.
    const id = handoff === undefined ? this.#newId() : `${idFromOrigin({ kind: 'wrapper', ingest, id: handoff.originId })}.poison`;
    return {
      specversion: '1.0',
      id,
      type: POISON_TYPE,
      source: ingest,
      time: now,
      recordedtime: now,
      ingestsource: ingest,
      datacontenttype: 'application/json',
      partitionkey: id,
      ...(handoff === undefined ? {} : { originid: handoff.originId }),
      quarantine: poisonReason(error, isInner ? handoff.bodyAt : ''),
      data: poisonData(body, limits, limits.eventBytes) as Json,
    };
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

  #making(ingest: string, source: ConfiguredSource | undefined, given: Pick<Making, 'traceparent' | 'quarantinesTooLarge'>): Making {
    const { sources, limits, clock, unknownType } = this.#ports;
    return {
      ...given,
      ingest,
      keyOf: source?.keyOf,
      now: new Date(clock.nowMs()).toISOString(),
      eventBytes: limits.eventBytes,
      isReserved: (name) => name === 'router' || Object.hasOwn(sources, name),
      unknownType,
    };
  }

  #newId(): string {
    return newId(this.#ports.clock, this.#ports.random);
  }
}

/** What the envelope says, unless the data does (`placement`). A nonce is left out: it would make the event a duplicate of itself. */
function draftAgain(event: Event, data: Json | undefined, placement: Partial<Draft> | undefined): Draft {
  const byEnvelope = { correlationId: event.correlationid, phase: event.phase, severity: event.severitytext };
  const draft = {
    type: event.type,
    data,
    source: event.source,
    subject: event.subject,
    time: event.time,
    expiryTime: event.expirytime,
    traceparent: event.traceparent,
    dataschema: event.dataschema,
    partitionKey: event.partitionkey,
    ...(placement ?? byEnvelope),
  };
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as unknown as Draft;
}

function truncated({ id }: Event): RouterError {
  return new RouterError('WRONG_STATE', `Event ${id} was too large: only the beginning of its data was kept. Give the whole with --data.`);
}

function checkContentType({ contentTypes }: DecodingKind, payload: Payload): void {
  const given = mediaTypeOf(payload);
  if (contentTypes === undefined || contentTypes.includes(given)) return;
  throw new RouterError(
    'CONTENT_TYPE',
    `Content-Type is ${given === '' ? 'missing' : JSON.stringify(given.slice(0, 100))}; this source takes ${contentTypes.join(', ')}.`,
  );
}
