import { expect, test } from '@jest/globals';
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import type { Event } from '#runtime/event/event.js';
import type { Payload } from '#runtime/manager/source.js';
import { json, testManager } from './managers.js';
import { CLOUD_EVENT } from './samples/cloudevents.js';

const decode = (payload: Payload): Event => testManager().decode('events', payload)[0] as Event;

/** What the official SDK sends, as our server gets it: header names in lower case. */
function sent({ headers, body }: Message): Payload {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return { headers: Object.fromEntries(lower) as Record<string, string>, body: Buffer.from(body === undefined ? '' : String(body)) };
}

const made = new CloudEvent({
  id: '42',
  source: 'https://example.org/checkout',
  type: 'org.example.order',
  subject: 'order 42',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  correlationid: 'order-42',
  data: { amount: 12.5, lines: [{ sku: 'a' }] },
});

test.each([
  ['structured', HTTP.structured(made)],
  ['binary', HTTP.binary(made)],
])('what the official SDK sends in %s mode arrives whole', (_mode, message) => {
  expect(decode(sent(message as Message))).toMatchObject({
    type: 'org.example.order',
    source: 'https://example.org/checkout',
    subject: 'order 42',
    time: '2026-01-01T00:00:00.000Z',
    originid: '42',
    correlationid: 'order-42',
    partitionkey: 'order-42',
    data: { amount: 12.5, lines: [{ sku: 'a' }] },
  });
});

test('the same event in any mode has the same id', () => {
  const batched = { ...json([made], { 'content-type': 'application/cloudevents-batch+json' }) };
  const ids = [sent(HTTP.structured(made) as Message), sent(HTTP.binary(made) as Message), batched].map((payload) => decode(payload).id);
  expect(new Set(ids).size).toBe(1);
});

test('the id is made of source and id: either one alone may be the same', () => {
  const of = (change: object): string => decode(json({ ...CLOUD_EVENT, ...change })).id;
  expect(of({})).toBe(of({ data: 'other' }));
  expect(of({ source: '/other' })).not.toBe(of({}));
  expect(of({ id: 'other' })).not.toBe(of({}));
});

test('an event of a type that has a schema is checked by it, alone in its batch', () => {
  const task = { ...CLOUD_EVENT, type: 'adhoc.task' };
  const events = testManager().decode('events', json([{ ...task, data: { task: 'x' } }, { ...task, id: '2', data: {} }, CLOUD_EVENT]));
  expect(events.map(({ quarantine }) => quarantine?.split(':')[0])).toEqual([undefined, '/task', undefined]);
});

test('an event over limits.event is refused by itself, and quarantined in a batch', () => {
  const manager = testManager({ limits: { eventBytes: 5_000 } });
  const large = { ...CLOUD_EVENT, data: 'x'.repeat(5_000) };
  expect(() => manager.decode('events', json(large))).toThrow('limits.event is 5000');
  const events = manager.decode('events', json([CLOUD_EVENT, { ...large, id: '2' }]));
  expect(events.map(({ quarantine }) => quarantine === undefined)).toEqual([true, false]);
});

test('null is no attribute, and a malformed percent escape in a header stays as it is', () => {
  expect(decode(json({ ...CLOUD_EVENT, subject: null, time: null, data: null }))).toMatchObject({ data: null });
  const headers = { 'ce-id': '1', 'ce-source': '/a', 'ce-type': 't', 'ce-specversion': '1.0', 'ce-subject': '100%' };
  expect(decode(json('{}', headers)).subject).toBe('100%');
});

test('a traceparent attribute counts before the header', () => {
  const trace = (digit: string): string => `00-${digit.repeat(32)}-${digit.repeat(16)}-01`;
  expect(decode(json({ ...CLOUD_EVENT, traceparent: trace('a') }, { traceparent: trace('b') })).traceparent).toBe(trace('a'));
  expect(decode(json({ ...CLOUD_EVENT, traceparent: 'no' }, { traceparent: trace('b') })).traceparent).toBe(trace('b'));
});
