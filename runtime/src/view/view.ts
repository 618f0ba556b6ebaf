import { RouterError } from '../errors.js';
import type { Event, Json } from '../event/event.js';
import { payloadSecrets, redactJson } from '../redact.js';
import { eventDetailOf } from './event-detail.js';
import { type EventQuery, eventRows } from './event-rows.js';
import { findEvent } from './find-event.js';
import { type IncidentQuery, incidentDetailOf, incidentRows } from './incidents.js';
import type { EventDetail, EventPage, IncidentDetail, IncidentPage } from './shapes.js';
import type { ViewPorts } from './view-ports.js';

/** The read model: what people and other programs ask, answered from the log and the journal alone. Everything it returns is redacted, but `original`. */
export class View {
  readonly #ports: ViewPorts;

  constructor(ports: ViewPorts) {
    this.#ports = ports;
  }

  /** The event as stored, for the router itself. */
  async original(id: string): Promise<Event | undefined> {
    return (await findEvent(this.#ports.log, this.#ports.journal, id))?.event;
  }

  async event(id: string): Promise<EventDetail | undefined> {
    const detail = await eventDetailOf(this.#ports, id);
    // What a field named like a secret holds may have been written into a text by a step.
    return detail && redacted(detail, payloadSecrets((detail.event as Event | undefined)?.data));
  }

  /** Newest first across partitions. Throws INVALID_REQUEST for a cursor that is none. */
  async events(query: EventQuery): Promise<EventPage> {
    return { ...redacted(await eventRows(this.#ports, query)), ...this.#behind() };
  }

  async incident(key: string): Promise<IncidentDetail | undefined> {
    const found = await incidentDetailOf(this.#ports, key);
    return (
      found &&
      redacted(
        found.detail,
        found.events.flatMap(({ data }) => payloadSecrets(data)),
      )
    );
  }

  /** By partition and key. Throws INVALID_REQUEST for a cursor that is none. */
  async incidents(query: IncidentQuery): Promise<IncidentPage> {
    return { ...redacted(await incidentRows(this.#ports, query)), ...this.#behind() };
  }

  /** Records that are not here yet: 0 when this is no copy. undefined: not known yet. */
  behind(): number | undefined {
    return this.#ports.behind === undefined ? 0 : this.#ports.behind();
  }

  /** What was asked for is not here; where this is a copy that has not everything yet, that is said. */
  absent(what: string): RouterError {
    const behind = this.behind();
    if (behind === 0) return new RouterError('NOT_FOUND', what);
    const far = behind === undefined ? 'still being filled' : `${behind} records behind`;
    return new RouterError('NOT_FOUND', `${what} This process's view is ${far}: it may be on its way, ask again.`);
  }

  #behind(): { behind?: number } {
    const behind = this.behind() ?? 0;
    return behind === 0 ? {} : { behind };
  }
}

function redacted<T extends object>(answer: T, own: readonly string[] = []): T {
  return redactJson(answer as Json, own) as T;
}
