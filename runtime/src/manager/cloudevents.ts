import { CloudEvent, ValidationError } from 'cloudevents';
import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { PHASES } from '../event/event.js';
import { parseSafely } from '../event/parse-safely.js';
import { parseJson } from './json-body.js';
import { bodyInvalid, pointerOf } from './pointer.js';
import type { DecodeLimits, DecodingKind, Draft, Payload } from './source.js';
import { attributeText, mediaTypeOf } from './source.js';

const STRUCTURED = 'application/cloudevents+json';
const BATCHED = 'application/cloudevents-batch+json';
/** By binding. HTTP's values are percent-encoded, Kafka's are UTF-8 as they are. */
const HEADER_PREFIXES = { http: 'ce-', kafka: 'ce_' } as const;
const isAttribute = (header: string): boolean => Object.values(HEADER_PREFIXES).some((prefix) => header.startsWith(prefix));

/** Attributes by name, all texts, as the HTTP binding has them; `data` apart. */
interface Received {
  readonly attributes: Readonly<Record<string, string>>;
  readonly data?: Json;
  /** JSON pointer of the event in the body. */
  readonly at: string;
}

/** Required by the specification, and the extension attributes that mean something here. Others are dropped. */
const known = z.looseObject({
  specversion: z.literal('1.0'),
  id: attributeText(1024),
  source: attributeText(1024),
  type: attributeText(256),
  subject: attributeText(1024).optional(),
  time: z.iso.datetime({ offset: true }).optional(),
  dataschema: z.string().optional(),
  correlationid: attributeText(512).optional(),
  phase: z.enum(PHASES).optional(),
  severitytext: z.string().optional(),
  nonce: attributeText(256).optional(),
  expirytime: z.iso.datetime({ offset: true }).optional(),
  traceparent: z.string().optional(),
  partitionkey: attributeText(1024).optional(),
});

/**
 * CloudEvents 1.0 over HTTP or Kafka: structured, binary and batched. The official SDK says what is valid. It does not read: its reader drops data that is false, 0 or
 * '', cuts times to milliseconds, puts now for a time it cannot read, makes up an id that is missing and takes any specversion (10.0.0).
 */
export const cloudevents: DecodingKind = {
  kind: 'cloudevents',
  config: z.strictObject({}),
  decode(payload, _config, limits) {
    const received = receive(payload, limits);
    if (received.length === 0) throw new RouterError('BODY_INVALID', 'The batch is empty; send at least one CloudEvent.', { pointer: '' });
    if (received.length > limits.maxEntries) {
      throw new RouterError('BATCH_TOO_LARGE', `${received.length} events in one request; limits.alerts is ${limits.maxEntries}.`, {
        pointer: '',
      });
    }
    return received.map(draftOf);
  },
};

function receive(payload: Payload, limits: DecodeLimits): Received[] {
  const media = mediaTypeOf(payload);
  const isJson = media === 'application/json' || media.endsWith('+json');
  if (media !== STRUCTURED && media !== BATCHED && Object.keys(payload.headers).some(isAttribute))
    return [fromHeaders(payload, isJson || media === '', limits)];
  if (!isJson) {
    throw new RouterError(
      'CONTENT_TYPE',
      `Content-Type is ${media === '' ? 'missing' : JSON.stringify(media.slice(0, 100))}, and there are no ce- headers; send ${STRUCTURED}, ${BATCHED}, or the headers ce-id, ce-source, ce-type and ce-specversion with JSON.`,
    );
  }
  const body = parseJson(payload.body, limits);
  if (media === BATCHED && !Array.isArray(body))
    throw new RouterError('BODY_INVALID', 'A batch is a list of CloudEvents.', { pointer: '' });
  if (media === STRUCTURED || !Array.isArray(body)) return [fromObject(body, '', limits)];
  return body.map((entry, index) => fromObject(entry, pointerOf([index]), limits));
}

/** Binary mode: attributes in headers; the body is the data. */
function fromHeaders({ headers, body }: Payload, isJson: boolean, limits: DecodeLimits): Received {
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || !isAttribute(name)) continue;
    attributes[name.slice(HEADER_PREFIXES.http.length)] = name.startsWith(HEADER_PREFIXES.kafka) ? value : percentDecoded(value);
  }
  if (body.length === 0) return { attributes, at: '' };
  if (!isJson) throw new RouterError('CONTENT_TYPE', 'The data of a CloudEvent must be JSON here: send Content-Type: application/json.');
  return { attributes, data: parseJson(body, limits), at: '' };
}

function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Structured mode. An attribute that is null is absent; numbers and booleans get their canonical text. */
function fromObject(entry: Json, at: string, limits: DecodeLimits): Received {
  const invalid = (what: string, ...path: string[]): RouterError =>
    new RouterError('BODY_INVALID', what, { pointer: `${at}${pointerOf(path)}` });
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) throw invalid('Expected a CloudEvent: an object.');
  const { data, data_base64: encoded, ...rest } = entry;
  const attributes: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) {
    if (value === null) continue;
    if (!/^[a-z0-9]+$/.test(name)) throw invalid('The name of an attribute is of a-z and 0-9.', name);
    if (typeof value === 'object') throw invalid('An attribute is a text, a number or a boolean; structure belongs into data.', name);
    attributes[name] = String(value);
  }
  if (encoded === undefined || encoded === null) return { attributes, at, ...(data === undefined ? {} : { data }) };
  if (data !== undefined) throw invalid('data and data_base64 exclude each other.', 'data_base64');
  const type = attributes.datacontenttype ?? 'application/json';
  if (typeof encoded !== 'string' || !/^[\w.+/-]*[/+]json\s*(;|$)/i.test(type))
    throw invalid(`Binary data of ${type.slice(0, 100)} is not taken; send JSON.`, 'data_base64');
  try {
    return { attributes, at, data: parseJson(Buffer.from(encoded, 'base64'), limits) };
  } catch (error) {
    throw error instanceof RouterError ? new RouterError(error.code, error.message, { pointer: `${at}/data_base64` }) : error;
  }
}

function draftOf({ attributes, data, at }: Received): Draft {
  const checked = parseSafely(known, attributes);
  if (!checked.success) throw bodyInvalid(checked.error, 'a CloudEvent 1.0', at);
  try {
    new CloudEvent(attributes, true);
  } catch (error) {
    throw specificationError(error, at);
  }
  const { type, source, id, subject, time, dataschema, phase, nonce, traceparent } = checked.data;
  const { correlationid, severitytext, expirytime, partitionkey } = checked.data;
  const optional = {
    data,
    subject,
    time,
    dataschema,
    phase,
    nonce,
    traceparent,
    correlationId: correlationid,
    severity: severitytext,
    expiryTime: expirytime,
    partitionKey: partitionkey,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  return { type, source, originId: id, data, ...given };
}

function specificationError(error: unknown, at: string): RouterError {
  if (!(error instanceof ValidationError) && !(error instanceof TypeError)) throw error;
  const [first] = (error as { errors?: readonly { instancePath?: string; message?: string }[] }).errors ?? [];
  const what = first?.message === undefined ? error.message : `${first.instancePath ?? ''} ${first.message}`;
  return new RouterError('BODY_INVALID', `Not a valid CloudEvent 1.0: ${what.slice(0, 500)}`, {
    pointer: `${at}${first?.instancePath ?? ''}`,
    cause: error,
  });
}
