import { deepStrictEqual } from 'node:assert';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ERRORS, RouterError } from '#runtime/errors.js';
import type { Event, Json } from '#runtime/event/event.js';
import { eventSchema } from '#runtime/event/event.js';
import { readPayload } from '#runtime/manager/payload.js';
import type { Payload } from '#runtime/manager/source.js';
import { json, sourceOfKind, testManager } from './managers.js';
import { anyJsonValue, mutated, mutations } from './mutate.js';
import { SAMPLES } from './samples/samples.js';

const LIMITS = { eventBytes: 30_000, maxEntries: 100 };
const PROTOTYPES = [Object.prototype, Array.prototype, String.prototype, Function.prototype];
const before = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

function checkEvent(event: Event): void {
  deepStrictEqual(JSON.parse(JSON.stringify(event)), event);
  const parsed = eventSchema.safeParse(event);
  if (!parsed.success) throw new Error(`No event: ${parsed.error.message}`);
  if (!/^[A-Za-z0-9._~-]{1,256}$/.test(event.id)) throw new Error(`The id ${event.id} is not safe in a URL.`);
  if (Buffer.byteLength(JSON.stringify(event)) > LIMITS.eventBytes + 5_000) throw new Error('The event is too large.');
}

function checkRefusal(error: unknown): void {
  if (!(error instanceof RouterError)) throw error;
  const { status } = ERRORS[error.code];
  if (status < 400 || status >= 500) throw new Error(`${error.code} is answered ${status}.`);
}

/** Valid events, as many as entries, or an error that is the sender's; whatever comes. A wrapping source always gives events. */
function checkDecode(kind: string, payload: Payload): readonly Event[] {
  let events: readonly Event[] = [];
  try {
    events = testManager({ limits: LIMITS }).decode(sourceOfKind(kind), payload);
  } catch (error) {
    checkRefusal(error);
    if (kind === 'argo') throw error;
  }
  for (const event of events) checkEvent(event);
  deepStrictEqual(
    PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length),
    before,
  );
  return events;
}

const header = fc.oneof(
  fc.constantFrom('application/json', 'application/cloudevents+json', 'application/cloudevents-batch+json'),
  fc.string(),
);
const headers = fc.oneof(
  fc.record({ 'content-type': header }, { requiredKeys: [] }),
  fc.record({ 'content-type': header, traceparent: fc.string() }),
  fc.record({
    'ce-id': fc.string(),
    'ce-type': fc.string(),
    'ce-source': fc.string(),
    'ce-specversion': fc.constantFrom('1.0', '0.3', ''),
  }),
) as fc.Arbitrary<Payload['headers']>;

everyKind('any bytes', 1_000, (kind) =>
  fc.property(fc.uint8Array({ maxLength: 200 }), headers, (bytes, given) => {
    checkDecode(kind, { body: Buffer.from(bytes), headers: given });
  }),
);

everyKind('any JSON', 1_500, (kind) =>
  fc.property(anyJsonValue, headers, (value, given) => {
    checkDecode(kind, { body: Buffer.from(JSON.stringify(value)), headers: given });
  }),
);

everyKind('what real senders send, changed anywhere', 3_000, (kind) => {
  const real = (SAMPLES[kind]?.good ?? []).filter(({ payload }) => payload.body.length > 0 && payload.body.length < 10_000);
  return fc.property(fc.constantFrom(...real), mutations, ({ payload }, changes) => {
    const body = mutated(JSON.parse(payload.body.toString('utf8')) as Json, changes);
    const text = JSON.stringify(body);
    const events = checkDecode(kind, { ...payload, body: Buffer.from(text) });
    if (kind === 'alertmanager' && events.length > 0) deepStrictEqual(events.length, (body as { alerts: unknown[] }).alerts.length);
  });
});

everyKind('what real senders send, cut short or with a byte changed', 1_500, (kind) => {
  const real = (SAMPLES[kind]?.good ?? []).filter(({ payload }) => payload.body.length > 0);
  return fc.property(fc.constantFrom(...real), fc.nat(), fc.integer({ min: -255, max: 255 }), ({ payload }, place, byte) => {
    const at = place % payload.body.length;
    const isCut = byte < 0;
    const body = Buffer.from(isCut ? payload.body.subarray(0, at) : payload.body);
    if (!isCut) body[at] = byte;
    checkDecode(kind, { ...payload, body });
  });
});

everyKind('any data that a person gives to an event that goes round once more', 1_000, (kind) => {
  const manager = testManager({ limits: LIMITS });
  const events = (SAMPLES[kind]?.good ?? []).flatMap(({ payload }) => manager.decode(sourceOfKind(kind), payload));
  return fc.property(fc.constantFrom(...events), fc.option(anyJsonValue, { nil: undefined }), fc.integer({ min: 1 }), (event, data, n) => {
    try {
      for (const again of manager.again(event, n, data)) checkEvent(again);
    } catch (error) {
      checkRefusal(error);
    }
  });
});

function everyKind(what: string, runs: number, property: (kind: string) => fc.IRawProperty<unknown>): void {
  test.each(Object.keys(SAMPLES))(`%s makes valid events of ${what}, or refuses it with a reason`, (kind) => {
    fc.assert(property(kind), { numRuns: runs });
  });
}

test('any bytes as gzip are inflated or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 100 }), fc.boolean(), async (bytes, hasMagic) => {
      const raw = Buffer.concat([Buffer.from(hasMagic ? [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] : []), bytes]);
      await readPayload(raw, { 'content-encoding': 'gzip' }, 1_000).then(() => undefined, checkRefusal);
    }),
    { numRuns: 500 },
  );
});

test('the checks above see a wrong event', () => {
  const [event] = testManager().decode('adhoc', json({ type: 'x', data: 1 })) as [Event];
  expect(() => checkEvent({ ...event, data: -0 })).toThrow();
  expect(() => checkEvent({ ...event, time: 'now' })).toThrow('No event');
  expect(() => checkEvent({ ...event, id: 'a/b' })).toThrow('URL');
});
