import { z } from 'zod';
import { RouterError } from '../errors.js';
import type { Json } from './event.js';
import { eventSchema } from './event.js';
import { EVENT_TYPES } from './types.js';

const asJsonSchema = (schema: z.ZodType): Json => z.toJSONSchema(schema, { unrepresentable: 'any', io: 'input' }) as Json;

/** JSON Schema (2020-12) of one type's data, or of the Event when no type is given. Throws NOT_FOUND for a type without schema. */
export function exportJsonSchema(type?: string): Json {
  if (type === undefined) return asJsonSchema(eventSchema);
  const known = EVENT_TYPES[type];
  if (known === undefined) {
    throw new RouterError(
      'NOT_FOUND',
      `No schema for type ${type}. Types with one: ${Object.keys(EVENT_TYPES).join(', ')}; others are carried unchecked.`,
    );
  }
  return asJsonSchema(known.schema);
}

/** AsyncAPI 3 document of the `events` topic, for teams that read it. */
export function exportAsyncApi(version: string, topicPrefix = 'sre-router'): Json {
  const messages: Record<string, Json> = {};
  for (const [type, { schema, summary }] of Object.entries(EVENT_TYPES)) {
    const data = asJsonSchema(schema) as { [key: string]: Json };
    const { $schema: _dataDialect, ...dataSchema } = data;
    const { $schema: _eventDialect, ...envelope } = asJsonSchema(eventSchema) as { [key: string]: Json };
    const properties = { ...(envelope.properties as { [key: string]: Json }), type: { const: type }, data: dataSchema };
    messages[type.replaceAll('.', '_')] = {
      name: type,
      title: type,
      summary,
      contentType: 'application/cloudevents+json; charset=UTF-8',
      payload: { ...envelope, properties },
    };
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'SRE event router',
      version,
      description: 'One message = one event = one alert or ad-hoc request. The message key is the ordering key (partitionkey).',
    },
    defaultContentType: 'application/cloudevents+json; charset=UTF-8',
    channels: {
      events: {
        address: `${topicPrefix}.events`,
        messages: Object.fromEntries(Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }])),
      },
    },
    operations: {
      readEvents: { action: 'send', channel: { $ref: '#/channels/events' }, summary: 'The router writes every event it has taken.' },
    },
    components: { messages },
  };
}
