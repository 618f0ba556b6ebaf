import { CloudEvent, type CloudEventV1, HTTP, type Message, ValidationError } from 'cloudevents';
import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Phase } from '../event/event.js';
import { PHASES } from '../event/event.js';
import { parseJson } from './payload.js';
import type { DecodeLimits, Draft, Payload, SourceKind } from './source.js';

const extension = (event: CloudEventV1<unknown>, name: string): string | undefined => {
  const value = event[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A CloudEvent as a draft: its attributes, and our extension attributes where it carries them. */
export function draftOf(event: CloudEventV1<unknown>): Draft {
  const phase = PHASES.find((name): name is Phase => name === extension(event, 'phase'));
  const optional = {
    subject: event.subject,
    time: event.time,
    correlationId: extension(event, 'correlationid'),
    phase,
    severity: extension(event, 'severitytext'),
    nonce: extension(event, 'nonce'),
    expiryTime: extension(event, 'expirytime'),
    traceparent: extension(event, 'traceparent'),
    dataschema: event.dataschema,
    partitionKey: extension(event, 'partitionkey'),
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== null && value !== ''));
  return { type: event.type, data: event.data, source: event.source, originId: event.id, ...given };
}

/** CloudEvents over HTTP: structured, binary and batched, read by the official SDK. */
export const cloudevents: SourceKind = {
  kind: 'cloudevents',
  config: z.strictObject({}),
  contentTypes: ['application/cloudevents+json', 'application/cloudevents-batch+json', 'application/json'],
  decode(payload, _config, limits) {
    const entries = readCloudEvents(payload, limits);
    if (entries.length === 0) throw new RouterError('BODY_INVALID', 'The batch is empty; send at least one CloudEvent.');
    if (entries.length > limits.maxEntries) {
      throw new RouterError('BATCH_TOO_LARGE', `${entries.length} events in one request; limits.alerts is ${limits.maxEntries}.`);
    }
    return entries.map(draftOf);
  },
};

export function readCloudEvents(payload: Payload, limits: DecodeLimits): CloudEventV1<unknown>[] {
  // Depth, keys and encoding are checked by us; the SDK then reads what is certainly JSON.
  parseJson(payload.body, limits);
  const headers = Object.fromEntries(Object.entries(payload.headers).filter(([, value]) => value !== undefined));
  const message: Message = { headers, body: payload.body.toString('utf8') };
  if (!HTTP.isEvent(message)) {
    throw new RouterError(
      'BODY_INVALID',
      'No CloudEvent: send application/cloudevents+json (structured), application/cloudevents-batch+json, or the headers ce-id, ce-source, ce-type, ce-specversion (binary).',
    );
  }
  try {
    const events = HTTP.toEvent<unknown>(message);
    const list = Array.isArray(events) ? events : [events];
    // The SDK reads leniently; a strict copy is its validation.
    return list.map((event) => new CloudEvent({ ...event }, true));
  } catch (error) {
    const why =
      error instanceof ValidationError
        ? JSON.stringify(error.errors ?? error.message)
        : error instanceof Error
          ? error.message
          : String(error);
    throw new RouterError('BODY_INVALID', `Not a valid CloudEvent 1.0: ${why.slice(0, 500)}`, { cause: error });
  }
}
