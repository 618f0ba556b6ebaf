import { expect, test } from '@jest/globals';
import { CloudEvent, Kafka } from 'cloudevents';
import type { Event } from '#runtime/event/event.js';
import { idsOf, testManager, thrown } from './managers.js';
import { FIRING, GROUP_OF_FIVE } from './recorded.js';

const SOURCES = ['argo', 'alertmanager', 'events'];
const raw = (body: unknown, headers: Record<string, string> = {}, origin = '2/17/1700000000000'): readonly Event[] =>
  testManager().raw(SOURCES, { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), headers }, origin);
const ATTRIBUTES = { id: '1', source: '/ci', type: 'deploy.finished', subject: '100%25 of Münster' };

test('the place of a record names what nothing in it names: read again it gives the same ids, at another place others', () => {
  expect(idsOf(raw(GROUP_OF_FIVE))).toEqual(idsOf(raw(GROUP_OF_FIVE)));
  expect(new Set([...idsOf(raw(GROUP_OF_FIVE)), ...idsOf(raw(GROUP_OF_FIVE, {}, '2/18/1700000000000'))]).size).toBe(10);
});

test("the caller's id names its event wherever the record lies", () => {
  const event = { specversion: '1.0', ...ATTRIBUTES };
  expect(idsOf(raw(event))).toEqual(idsOf(raw(event, {}, '0/0/0')));
});

test.each([
  ['structured', Kafka.structured(new CloudEvent(ATTRIBUTES).cloneWith({ data: { build: 7 } }))],
  ['binary', Kafka.binary(new CloudEvent(ATTRIBUTES).cloneWith({ data: { build: 7 } }))],
])('what the official SDK writes to Kafka in %s mode is read as it was meant', (_mode, { headers, body, value }) => {
  const given = Object.fromEntries(Object.entries(headers).flatMap(([name, text]) => (text === undefined ? [] : [[name, String(text)]])));
  const [event] = raw(typeof value === 'string' ? value : JSON.stringify(value ?? body), given);
  expect(event).toMatchObject({ type: ATTRIBUTES.type, source: '/ci', subject: ATTRIBUTES.subject, originid: '1', data: { build: 7 } });
});

test('content type and headers that nobody set are not asked for', () => {
  expect(raw({ specversion: '1.0', ...ATTRIBUTES, data: 1 })).toMatchObject([{ type: ATTRIBUTES.type, data: 1 }]);
  expect(
    raw([
      { specversion: '1.0', ...ATTRIBUTES },
      { specversion: '1.0', ...ATTRIBUTES, id: '2' },
    ]),
  ).toHaveLength(2);
});

test('the first source that recognises a record decides, and is the only one to say what is wrong', () => {
  const trigger = { event: { id: 'a', subject: 'nobody' }, body: FIRING };
  expect(thrown(() => raw(trigger))).toMatchObject({ code: 'UNKNOWN_SOURCE', pointer: '/event/subject' });
});

test('a record that no source recognises is told with what each expected', () => {
  const { code, message } = thrown(() => raw({ hello: 'world' }));
  expect(code).toBe('BODY_INVALID');
  for (const source of SOURCES) expect(message).toContain(`${source}: `);
});
