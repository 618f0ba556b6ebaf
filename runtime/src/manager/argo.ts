import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { anyJson } from '../event/event.js';
import { parseSafely } from '../event/parse-safely.js';
import { parseJson } from './json-body.js';
import { bodyInvalid, firstIssue } from './pointer.js';
import type { DecodeLimits, Handoff, WrappingKind } from './source.js';
import { attributeText } from './source.js';

const config = z.strictObject({
  sources: z
    .record(z.string(), z.string())
    .default({})
    .describe("Argo event name (the CloudEvent's subject) → our source. Default: the source of the same name."),
});

const named = { id: attributeText(1024), subject: attributeText(256) };
const header = z.record(z.string(), anyJson).nullish();

/** A Sensor's HTTP or Kafka trigger, with the payload entries of docs/sources.md: event.* from the context, body (and header) from the data. */
const trigger = z.looseObject({ event: z.looseObject(named), body: z.unknown(), header });

/** What a trigger sends that names a dependency and no key: the whole event, its data in base64. */
const wholeEvent = z.looseObject({ context: z.looseObject(named), data: anyJson });

/** The EventBus's CloudEvent; `data` is `{header, body}` of the webhook, or the same as text or base64. */
const busEvent = z.looseObject({ specversion: z.string(), ...named, data: anyJson.optional(), data_base64: z.string().optional() });

const webhookData = z.looseObject({ body: z.unknown(), header });

/** What a calendar EventSource makes, e.g. of a canary: its metadata say what it is (`type`). */
const calendarData = z.looseObject({ eventTime: z.string(), metadata: z.record(z.string(), z.string()) });

/** What Argo Events sends: unwrapped and handed to the source named in it, with Argo's event id, so that a retried trigger is recognised. */
export const argo: WrappingKind<z.output<typeof config>> = {
  kind: 'argo',
  config,
  // No content types: Argo's HTTP trigger sets none unless told to.
  unwrap(payload, { sources }, limits) {
    const inner = read(parseJson(payload.body, limits), limits);
    const { traceparent } = payload.headers;
    return {
      handTo: Object.hasOwn(sources, inner.subject) ? (sources[inner.subject] as string) : inner.subject,
      originId: inner.id,
      namedAt: inner.namedAt,
      bodyAt: inner.bodyAt,
      payload: {
        body: bytesOf(inner.body),
        headers: { ...(traceparent === undefined ? {} : { traceparent }), 'content-type': 'application/json', ...headersOf(inner.header) },
      },
    };
  },
};

interface Inner extends Pick<Handoff, 'namedAt' | 'bodyAt'> {
  readonly id: string;
  readonly subject: string;
  readonly body: Json;
  readonly header: Record<string, Json> | null | undefined;
}

function read(body: Json, limits: DecodeLimits): Inner {
  const has = (key: string): boolean => body !== null && typeof body === 'object' && Object.hasOwn(body, key);
  if (has('event')) {
    const found = checked(trigger, body, 'a trigger payload {event: {id, subject}, body, header?}');
    if (!has('body')) throw new RouterError('BODY_INVALID', 'The trigger payload has no body.', { pointer: '/body' });
    return { ...found.event, body: found.body as Json, header: found.header, namedAt: '/event/subject', bodyAt: '/body' };
  }
  if (has('context')) {
    const found = checked(wholeEvent, body, 'a whole Argo event {context: {id, subject}, data}');
    return { ...found.context, ...sourceData(found.data, '/data', limits), namedAt: '/context/subject' };
  }
  if (has('specversion')) {
    const found = checked(busEvent, body, 'an EventBus CloudEvent with id, subject and data');
    const encoded = found.data_base64;
    const at = encoded === undefined ? '/data' : '/data_base64';
    return { id: found.id, subject: found.subject, ...sourceData(encoded ?? found.data ?? null, at, limits), namedAt: '/subject' };
  }
  throw new RouterError(
    'BODY_INVALID',
    'Neither a trigger payload {event: {id, subject}, body}, nor a whole event {context, data}, nor an EventBus CloudEvent with specversion, id, subject and data.',
    { pointer: '' },
  );
}

function checked<T extends z.ZodType>(schema: T, body: Json, expected: string): z.output<T> {
  const parsed = parseSafely(schema, body);
  if (!parsed.success) throw bodyInvalid(parsed.error, expected);
  return parsed.data;
}

/** `{header, body}` as a webhook EventSource makes it, or a calendar's: as an object, as its text, or as its base64. */
function sourceData(data: Json, at: string, limits: DecodeLimits): Pick<Inner, 'body' | 'header' | 'bodyAt'> {
  let value = data;
  try {
    if (typeof data === 'string') value = parseJson(bytesOf(data), limits);
  } catch (error) {
    throw error instanceof RouterError ? new RouterError(error.code, error.message, { pointer: at }) : error;
  }
  const calendar = parseSafely(calendarData, value);
  if (calendar.success) {
    const { metadata, eventTime } = calendar.data;
    return { body: { ...metadata, data: { at: eventTime } }, header: undefined, bodyAt: at };
  }
  const parsed = parseSafely(webhookData, value);
  const hasBody = value !== null && typeof value === 'object' && Object.hasOwn(value, 'body');
  if (parsed.success && hasBody) return { body: parsed.data.body as Json, header: parsed.data.header, bodyAt: `${at}/body` };
  const where = parsed.success ? '/body' : firstIssue(parsed.error).pointer;
  throw new RouterError(
    'BODY_INVALID',
    'The data is neither {header, body} of a webhook EventSource nor {eventTime, metadata} of a calendar.',
    { pointer: `${at}${where}` },
  );
}

const BASE64 = /^[A-Za-z0-9+/=\s]+$/;

/** JSON comes raw (useRawData), as its text, or as base64 of its text; a text that is neither is handed on for the other source to refuse. */
function bytesOf(body: Json): Buffer {
  if (typeof body !== 'string') return Buffer.from(JSON.stringify(body));
  if (!BASE64.test(body)) return Buffer.from(body);
  const decoded = Buffer.from(body, 'base64');
  return /^\s*[[{]/.test(decoded.subarray(0, 100).toString('latin1')) ? decoded : Buffer.from(body);
}

/** http.Header → lower case, first value. */
function headersOf(header: Inner['header']): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(header ?? {})) {
    const first = Array.isArray(value) ? value[0] : value;
    // The body is JSON again by now, whatever its transfer encoding was.
    if (typeof first === 'string' && !/^(content-encoding|content-length)$/i.test(name)) headers[name.toLowerCase()] = first;
  }
  return headers;
}
