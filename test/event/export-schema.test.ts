import { createRequire } from 'node:module';
import { expect, test } from '@jest/globals';
import { Ajv, type AnySchema } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Event, Json } from '#runtime/event/event.js';
import { exportAsyncApi, exportJsonSchema } from '#runtime/event/export-schema.js';
import { EVENT_TYPES } from '#runtime/event/types.js';
import { sourceOfKind, testManager, thrown } from '#test/manager/managers.js';
import { everyRecorded } from '#test/manager/recorded.js';
import { SAMPLES } from '#test/manager/samples/samples.js';

const require = createRequire(import.meta.url);
const addFormats = (require('ajv-formats') as { default: <T>(ajv: T) => T }).default;

const draft2020 = addFormats(new Ajv2020({ allErrors: true }));
const draft7 = addFormats(new Ajv({ allErrors: true, strict: false }));
const TYPES = Object.keys(EVENT_TYPES);

/** Every event that what real senders send gives. */
const events: readonly Event[] = [
  ...everyRecorded().flatMap(({ body }) => testManager().decode('alertmanager', { body, headers: { 'content-type': 'application/json' } })),
  ...Object.entries(SAMPLES).flatMap(([kind, { good }]) =>
    good.flatMap(({ payload }) => testManager().decode(sourceOfKind(kind), payload)),
  ),
  ...testManager().decode('argo', { body: Buffer.from('poison'), headers: {} }),
];

const problems = (ajv: Ajv, schema: Json, value: unknown): unknown => (ajv.validate(schema as AnySchema, value) ? [] : ajv.errors);

test('the schema of the event takes every event that real senders cause, and no other', () => {
  const validate = draft2020.compile(exportJsonSchema() as AnySchema);
  for (const event of events) expect(validate(event) ? [] : validate.errors).toEqual([]);
  expect(events.length).toBeGreaterThan(200);
  const [event] = events;
  for (const wrong of [{ id: '' }, { time: 'now' }, { phase: 'open' }, { specversion: '0.3' }, { further: 1 }])
    expect(validate({ ...event, ...wrong })).toBe(false);
});

test.each(TYPES)('the schema of %s takes its data as it comes, and its example', (type) => {
  const validate = draft2020.compile(exportJsonSchema(type) as AnySchema);
  const ofType = events.filter((event) => event.type === type);
  for (const { data } of ofType) expect(validate(data) ? [] : validate.errors).toEqual([]);
  expect(validate(EVENT_TYPES[type]?.example)).toBe(true);
  expect(validate({})).toBe(false);
});

test.each(['nope', 'constructor', ''])('a type without schema (%j) is refused with the list of those that have one', (type) => {
  const refusal = thrown(() => exportJsonSchema(type));
  expect(refusal.code).toBe('INVALID_REQUEST');
  for (const known of TYPES) expect(refusal.message).toContain(known);
  expect(thrown(() => exportAsyncApi({ version: '1', type })).message).toBe(refusal.message);
});

interface Message {
  payload: Json;
  headers: { required: string[]; properties: Record<string, Json> };
  contentType: string;
  bindings: { kafka: { key: Json } };
}
interface Document {
  channels: { events: { address: string; messages: Record<string, { $ref: string }>; bindings: { kafka: { topic: string } } } };
  components: { messages: Record<string, Message> };
}
const asyncApi = (options: Partial<Parameters<typeof exportAsyncApi>[0]> = {}): Document =>
  exportAsyncApi({ version: '1.2.3', ...options }) as unknown as Document;

test.each([undefined, ...TYPES])('the AsyncAPI document (type %s) is valid by AsyncAPI’s own schema', (type) => {
  const schema = require('@asyncapi/specs/schemas/3.0.0-without-$id.json') as Json;
  const document = asyncApi(type === undefined ? {} : { type });
  expect(problems(draft7, schema, document)).toEqual([]);
  expect(problems(draft7, schema, { ...document, channels: { events: { address: 5 } } })).not.toEqual([]);
});

test('every reference in the AsyncAPI document leads to something in it', () => {
  const document = asyncApi();
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref as string);
  expect(refs.length).toBeGreaterThan(4);
  for (const ref of refs) {
    const found = ref
      .replace(/^#\//, '')
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], document);
    expect({ ref, found: found !== undefined }).toEqual({ ref, found: true });
  }
});

test('each event is valid by exactly one of the messages: that of its type, or that of all others', () => {
  const { messages } = asyncApi().components;
  const validators = Object.entries(messages).map(([name, { payload }]) => [name, draft7.compile(payload as AnySchema)] as const);
  const quarantined = { ...(events[0] as Event), data: { broken: true }, quarantine: '/labels: invalid' };
  for (const event of [...events, quarantined]) {
    const taken = validators.filter(([, validate]) => validate(event)).map(([name]) => name);
    expect(taken).toEqual([TYPES.includes(event.type) ? event.type.replace('.', '_') : 'other']);
  }
  const broken = { ...quarantined, quarantine: undefined };
  expect(validators.filter(([, validate]) => validate(JSON.parse(JSON.stringify(broken))))).toEqual([]);
});

test('readers on Kafka are told topic, key, headers and content type', () => {
  const { channels, components } = asyncApi({ prefix: 'acme' });
  expect(channels.events).toMatchObject({ address: 'acme.events', bindings: { kafka: { topic: 'acme.events' } } });
  expect(Object.keys(channels.events.messages)).toEqual(Object.keys(components.messages));
  for (const message of Object.values(components.messages)) {
    expect(message).toMatchObject({
      contentType: 'application/cloudevents+json; charset=UTF-8',
      headers: {
        required: ['content-type'],
        properties: { 'content-type': { const: 'application/cloudevents+json; charset=UTF-8' }, traceparent: { type: 'string' } },
      },
      bindings: { kafka: { key: { type: 'string' } } },
    });
  }
});
