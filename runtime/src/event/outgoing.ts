import type { Event } from './event.js';

/** A record of the events log. */
export interface OutgoingEvent {
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * The event as a record: its key is the ordering key. On Kafka the headers are those of CloudEvents' binding in structured mode, so that other teams' consumers
 * read it without knowing us; `traceparent` is repeated, since tracing libraries look for it there.
 */
export function outgoing(event: Event): OutgoingEvent {
  return {
    key: event.partitionkey,
    value: Buffer.from(JSON.stringify(event)),
    headers: {
      'content-type': 'application/cloudevents+json; charset=UTF-8',
      ...(event.traceparent === undefined ? {} : { traceparent: event.traceparent }),
    },
  };
}
