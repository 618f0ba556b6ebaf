import { expect, test } from '@jest/globals';
import type { Event } from '#runtime/event/event.js';
import { json, SOURCES, testManager } from './managers.js';
import { BOUNCE } from './samples/adhoc.js';

const decode = (body: object, keyOf?: (event: Event) => string | undefined): Event => {
  const sources = keyOf === undefined ? SOURCES : { ...SOURCES, adhoc: { kind: 'adhoc', settings: {}, keyOf } };
  return testManager({ sources }).decode('adhoc', json({ ...BOUNCE, ...body }))[0] as Event;
};

test('the id comes from the caller, else from the nonce, else it is made', () => {
  expect(decode({ id: 'a', nonce: 'n' }).id).toBe(decode({ id: 'a' }).id);
  expect(decode({ nonce: 'n' }).id).toBe(decode({ nonce: 'n' }).id);
  expect(decode({}).id).toMatch(/^[0-9a-z]{9}-[0-9a-f]{20}$/);
});

test('an id and a nonce of the same text are two deliveries', () => {
  expect(decode({ id: 'x' }).id).not.toBe(decode({ nonce: 'x' }).id);
});

test('the same nonce under another ordering key is another event, and under the same key the same', () => {
  const of = (key: string): Event => decode({ nonce: 'click-1', correlationid: key });
  expect(of('mac-7').id).not.toBe(of('mac-8').id);
  expect(of('mac-7').id).not.toBe(decode({ nonce: 'click-1' }).id);
  expect(of('mac-7')).toMatchObject({ id: of('mac-7').id, partitionkey: 'mac-7' });
});

test('a nonce is scoped by the configured key as well', () => {
  const byCluster = (event: Event): string => String((event.data as { params?: { cluster?: string } }).params?.cluster);
  const of = (cluster: string): Event => decode({ nonce: 'n', data: { task: 'bounce', params: { cluster } } }, byCluster);
  expect(of('mac-7').partitionkey).toBe('mac-7');
  expect(of('mac-7').id).toBe(of('mac-7').id);
  expect(of('mac-7').id).not.toBe(of('mac-8').id);
});

test('a nonce without a key has a key of its own, and is scoped by the source that its caller names', () => {
  expect(decode({ nonce: 'n' }).partitionkey).toBe(decode({ nonce: 'n' }).id);
  expect(decode({ nonce: 'n', source: 'a' }).id).not.toBe(decode({ nonce: 'n', source: 'b' }).id);
});

test('ids that differ only in characters which a URL cannot have stay apart', () => {
  expect(new Set(['a/b', 'a b', 'a-b', 'ä-b', '../a', '', 'x'.repeat(1_000)].filter(Boolean).map((id) => decode({ id }).id)).size).toBe(6);
});

test('a configured key without control characters is the ordering key; an empty one means the default', () => {
  expect(decode({}, () => 'a\u0000b\n').partitionkey).toBe('a\ufffdb\ufffd');
  expect(decode({}, () => 'x'.repeat(5_000)).partitionkey).toHaveLength(1_024);
  expect(decode({ correlationid: 'c' }, () => '').partitionkey).toBe('c');
  expect(decode({ correlationid: 'c' }, () => undefined).partitionkey).toBe('c');
});

test('data that its type refuses is quarantined with the field, and the configured key is not asked', () => {
  let asked = 0;
  const event = decode({ data: { task: 5 }, correlationid: 'c' }, () => {
    asked += 1;
    return 'k';
  });
  expect(event).toMatchObject({ partitionkey: 'c', data: { task: 5 } });
  expect(event.quarantine).toMatch(/^\/task: /);
  expect(asked).toBe(0);
});

test.each([
  ['dcr.run', { runId: 'r', cluster: 'c', state: 's', percent: 101 }, '/percent: '],
  ['dcr.run', undefined, ': '],
  ['adhoc.message', { text: '' }, '/text: '],
  ['adhoc.task', null, ': '],
])('%s with data %j is quarantined', (type, data, start) => {
  expect(decode({ type, data }).quarantine?.startsWith(start)).toBe(true);
});

test.each(['constructor', 'toString', 'anything.else'])('the type %s has no schema: it is carried, and counted', (type) => {
  const manager = testManager();
  const [event] = manager.decode('adhoc', json({ type, data: [1] }));
  expect(event).toMatchObject({ type, data: [1] });
  expect(event?.quarantine).toBeUndefined();
  expect(manager.unknownTypes).toEqual([type]);
});
