import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from './event.js';
import { eventSchema } from './event.js';
import { EVENT_TYPES } from './types.js';

type JsonObject = { [key: string]: Json };

const MEDIA_TYPE = 'application/cloudevents+json; charset=UTF-8';
const KAFKA_BINDING = '0.5.0';

/** JSON Schema (2020-12) of one type's data, or of the Event when no type is given. Throws INVALID_REQUEST for a type without schema. */
export function exportJsonSchema(type?: string): Json {
  return asJsonSchema(type === undefined ? eventSchema : typeOf(type).schema, 'draft-2020-12');
}

export interface AsyncApiOptions {
  /** Of the router. */
  readonly version: string;
  /** Of the topics. Default sre-router. */
  readonly prefix?: string | undefined;
  /** Only this type. */
  readonly type?: string | undefined;
}

/** AsyncAPI 3 document of the `events` topic, for teams that read it. Throws INVALID_REQUEST for a type without schema. */
export function exportAsyncApi({ version, prefix = 'sre-router', type }: AsyncApiOptions): Json {
  const types = type === undefined ? EVENT_TYPES : { [type]: typeOf(type) };
  const messages: JsonObject = {};
  for (const [name, { schema, summary }] of Object.entries(types))
    messages[name.replaceAll('.', '_')] = message(name, summary, { const: name }, withoutDialect(schema));
  if (type === undefined) {
    const others = "Any type without a schema: data as its sender made it, unchecked. Those that begin with router. are the router's own.";
    messages.other = message('other', others, { type: 'string', not: { enum: Object.keys(EVENT_TYPES) } });
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'SRE event router',
      version,
      description: 'One message = one event = one alert or ad-hoc request. The message key is the ordering key (partitionkey).',
    },
    defaultContentType: MEDIA_TYPE,
    channels: {
      events: {
        address: `${prefix}.events`,
        description:
          'Events of one key are in one partition, in order. The same event may stand there twice: its id tells. One with the attribute quarantine did not have the shape of its type.',
        messages: Object.fromEntries(Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { kafka: { topic: `${prefix}.events`, bindingVersion: KAFKA_BINDING } },
      },
    },
    operations: {
      publishEvents: { action: 'send', channel: { $ref: '#/channels/events' }, summary: 'The router writes every event it has taken.' },
    },
    components: { messages },
  };
}

/** One message: the CloudEvent in structured mode, as the CloudEvents Kafka binding says. Data has its schema unless the event is quarantined. */
function message(name: string, summary: string, type: JsonObject, data?: JsonObject): Json {
  const envelope = withoutDialect(eventSchema);
  const properties = { ...(envelope.properties as JsonObject), type };
  const shape = data === undefined ? {} : { anyOf: [{ properties: { data }, required: ['data'] }, { required: ['quarantine'] }] };
  return {
    name,
    title: name,
    summary,
    contentType: MEDIA_TYPE,
    headers: {
      type: 'object',
      required: ['content-type'],
      properties: {
        'content-type': { const: MEDIA_TYPE },
        traceparent: { type: 'string', description: 'W3C trace context, where the event has one.' },
      },
    },
    payload: { ...envelope, properties, ...shape },
    bindings: {
      kafka: {
        key: { type: 'string', description: "The event's partitionkey, in UTF-8: its ordering key." },
        bindingVersion: KAFKA_BINDING,
      },
    },
  };
}

function typeOf(type: string): (typeof EVENT_TYPES)[string] {
  const known = Object.hasOwn(EVENT_TYPES, type) ? EVENT_TYPES[type] : undefined;
  if (known !== undefined) return known;
  throw new RouterError(
    'INVALID_REQUEST',
    `No schema for type ${JSON.stringify(type)}. Types with one: ${Object.keys(EVENT_TYPES).join(', ')}; others are carried unchecked.`,
  );
}

function asJsonSchema(schema: z.ZodType, target: 'draft-2020-12' | 'draft-7'): JsonObject {
  return z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input', target }) as JsonObject;
}

/** AsyncAPI 3 means draft 7 where a schema does not say otherwise. */
function withoutDialect(schema: z.ZodType): JsonObject {
  const { $schema: _dialect, ...rest } = asJsonSchema(schema, 'draft-7');
  return rest;
}
