import { expect, test } from '@jest/globals';
import type { Event, Json } from '#runtime/event/event.js';
import type { ManagerPorts } from '#runtime/manager/manager.js';
import { json, NOW, SOURCES, testManager, thrown } from './managers.js';
import { FIRING, RESOLVED } from './recorded.js';
import { BOUNCE } from './samples/adhoc.js';
import { CLOUD_EVENT } from './samples/cloudevents.js';

const manager = testManager();
const good = manager.decode('alertmanager', json(FIRING))[0] as Event;
const broken = { ...FIRING, alerts: [{ ...FIRING.alerts[0], labels: { severity: 5 }, fingerprint: 'none' }] };
const bad = manager.decode('alertmanager', json(broken))[0] as Event;

test('a corrected alert is placed like one that came right: incident, phase, time, severity and key', () => {
  expect(bad.quarantine).toBeDefined();
  expect(bad.correlationid).toBeUndefined();
  expect(manager.again(bad, 1, good.data)).toEqual([{ ...good, id: `${bad.id}~1` }]);
});

test('an alert that is corrected into another one belongs where the new data says', () => {
  const resolved = manager.decode('alertmanager', json(RESOLVED))[0] as Event;
  const other = { ...(resolved.data as object), fingerprint: '00000000000000aa' } as Json;
  expect(manager.again(good, 1, other)).toMatchObject([
    { correlationid: '00000000000000aa', partitionkey: '00000000000000aa', phase: 'resolved', time: resolved.time },
  ]);
});

test('an alert that is corrected badly is quarantined again, and belongs to no incident', () => {
  const [again] = manager.again(good, 1, { ...(good.data as object), fingerprint: 5 } as Json) as [Event];
  expect(again.quarantine).toMatch(/^\/fingerprint: /);
  expect(again.correlationid).toBeUndefined();
  expect(again.phase).toBeUndefined();
});

test('what an envelope said stays when the data is corrected', () => {
  const call = {
    ...BOUNCE,
    data: {},
    id: 'x',
    correlationid: 'mac-7',
    phase: 'firing',
    time: '2025-12-31T00:00:00Z',
    expirytime: '2026-01-01T01:00:00Z',
  };
  const [event] = manager.decode('adhoc', json(call)) as [Event];
  expect(event.quarantine).toBeDefined();
  const { quarantine: _quarantine, ...rest } = event;
  expect(manager.again(event, 1, { task: 'y' })).toEqual([{ ...rest, id: `${event.id}~1`, data: { task: 'y' }, recordedtime: NOW }]);
});

test('the caller’s partition key stays, and the configured key is asked anew', () => {
  const [event] = manager.decode('events', json({ ...CLOUD_EVENT, partitionkey: 'p' })) as [Event];
  expect(manager.again(event, 1, undefined)[0]?.partitionkey).toBe('p');
  const keyOf = ({ data }: Event): string => String((data as { key?: string }).key);
  const keyed: ManagerPorts['sources'] = { ...SOURCES, events: { kind: 'cloudevents', settings: {}, keyOf } };
  expect(testManager({ sources: keyed }).again(event, 1, { key: 'new' })[0]?.partitionkey).toBe('new');
});

test('the number follows the first id, however often an event went round; an event of a batch has numbers of its own', () => {
  const [once] = manager.again(good, 1, undefined) as [Event];
  expect(manager.again(once, 2, undefined)[0]?.id).toBe(`${good.id}~2`);
  expect(manager.again({ ...good, id: 'a~1.3' }, 1, undefined)[0]?.id).toBe('a~1.3~1');
});

test('a nonce does not make an event a duplicate of itself', () => {
  const [event] = manager.decode('adhoc', json({ ...BOUNCE, nonce: 'n' })) as [Event];
  expect(manager.again(event, 1, undefined)[0]?.nonce).toBeUndefined();
});

test('an event of a source that is no longer configured can be sent once more', () => {
  const [again] = testManager({ sources: {} }).again(good, 1, undefined) as [Event];
  expect(again).toEqual({ ...good, id: `${good.id}~1` });
});

test('an event that was too large asks for its data', () => {
  const small = testManager({ limits: { eventBytes: 3_000 } });
  const large = { ...CLOUD_EVENT, data: 'x'.repeat(3_000) };
  const [, event] = small.decode('events', json([CLOUD_EVENT, { ...large, id: '2' }])) as [Event, Event];
  expect(thrown(() => small.again(event, 1, undefined))).toMatchObject({ code: 'WRONG_STATE' });
  expect(small.again(event, 1, { text: 'short' })[0]).toMatchObject({ data: { text: 'short' } });
  expect(thrown(() => small.again(event, 1, 'x'.repeat(3_000)))).toMatchObject({ code: 'EVENT_TOO_LARGE' });
});

test('given data is checked as strictly as a body', () => {
  const forbidden = JSON.parse('{"a":{"__proto__":{}}}') as Json;
  expect(thrown(() => manager.again(good, 1, forbidden))).toMatchObject({ code: 'BODY_FORBIDDEN_KEY', pointer: '/a/__proto__' });
});

test('the router’s own events are not submitted again', () => {
  expect(thrown(() => manager.again({ ...good, type: 'router.expiry' }, 1, undefined)).code).toBe('BODY_INVALID');
});
