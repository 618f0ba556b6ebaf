import { expect, test } from '@jest/globals';
import type { Event } from '#runtime/event/event.js';
import type { ManagerPorts } from '#runtime/manager/manager.js';
import { idsOf, SOURCES, testManager, thrown } from './managers.js';
import { FIRING, GROUP_OF_FIVE } from './recorded.js';
import { trigger } from './samples/argo.js';

const mapped = (sources: Record<string, string>): ManagerPorts['sources'] => ({
  ...SOURCES,
  argo: { kind: 'argo', settings: { sources } },
});
const EU = trigger(GROUP_OF_FIVE, { subject: 'alertmanager-eu' });

test('an event name can be mapped to a source of another name', () => {
  const events = testManager({ sources: mapped({ 'alertmanager-eu': 'other-alertmanager' }) }).decode('argo', EU);
  expect(events.map(({ source }) => source)).toEqual(Array(5).fill('other-alertmanager'));
});

test('two wrapping sources, two deliveries and two entries of one have different ids', () => {
  const manager = testManager();
  const ids = [
    ...idsOf(manager.decode('argo', trigger(GROUP_OF_FIVE))),
    ...idsOf(manager.decode('other-argo', trigger(GROUP_OF_FIVE))),
    ...idsOf(manager.decode('argo', trigger(GROUP_OF_FIVE, { id: 'another' }))),
  ];
  expect(new Set(ids).size).toBe(15);
});

test('one bad alert among good ones is quarantined by itself', () => {
  const alerts = [...GROUP_OF_FIVE.alerts, { status: 'firing' }];
  const events = testManager().decode('argo', trigger({ ...GROUP_OF_FIVE, alerts }));
  expect(events.map(({ quarantine }) => quarantine === undefined)).toEqual([true, true, true, true, true, false]);
});

test('the unknown source of a body is kept with the body and says what to do; once it is configured, the body gives its events', () => {
  const before = testManager();
  const [poison] = before.decode('argo', EU) as [Event];
  expect(poison).toMatchObject({
    type: 'router.poison',
    source: 'argo',
    partitionkey: poison.id,
    originid: '3f9c1b6c2f6a4d1e9d3f0a1b2c3d4e5f',
  });
  expect(poison.quarantine).toMatch(/^\/event\/subject: No source named "alertmanager-eu"; configured: .*sources\.argo\.sources$/);
  expect(thrown(() => before.again(poison, 1, undefined)).code).toBe('UNKNOWN_SOURCE');
  const after = testManager({ sources: mapped({ 'alertmanager-eu': 'alertmanager' }) });
  const events = after.again(poison, 1, undefined);
  expect(idsOf(events)).toEqual([0, 1, 2, 3, 4].map((index) => `${poison.id}~1.${index}`));
  expect(events.map(({ correlationid }) => correlationid)).toEqual(GROUP_OF_FIVE.alerts.map(({ fingerprint }) => fingerprint));
  expect(events.map(({ partitionkey }) => partitionkey)).toEqual(GROUP_OF_FIVE.alerts.map(({ fingerprint }) => fingerprint));
});

test('a delivery that comes again after the change is no duplicate of its own poison; before it, it is', () => {
  const call = trigger(FIRING, { subject: 'alertmanager-eu' });
  const [poison] = testManager().decode('argo', call) as [Event];
  expect(testManager().decode('argo', call)[0]?.id).toBe(poison.id);
  expect(idsOf(testManager({ sources: mapped({ 'alertmanager-eu': 'alertmanager' }) }).decode('argo', call))).not.toContain(poison.id);
});

test('given data takes the place of the whole body', () => {
  const manager = testManager();
  const [poison] = manager.decode('argo', EU) as [Event];
  const body = JSON.parse(trigger(FIRING).body.toString()) as Record<string, never>;
  expect(manager.again(poison, 3, body)).toMatchObject([{ id: `${poison.id}~3`, phase: 'firing', ingestsource: 'alertmanager' }]);
  expect(thrown(() => manager.again(poison, 3, { ...body, body: {} }))).toMatchObject({ code: 'BODY_INVALID', pointer: '/version' });
});

test.each([
  ['JSON', trigger({ text: 'x' }).body, 'body'],
  ['no JSON', Buffer.from('{"event":'), 'text'],
  ['JSON with a key twice', Buffer.from('{"event":1,"event":2}'), 'text'],
  ['no text', Buffer.from([0x7b, 0xff, 0x00, 0x7d]), 'base64'],
])('a body that is %s is kept whole, as %s', (_name, body, form) => {
  const [poison] = testManager().decode('argo', { body, headers: {} }) as [Event];
  expect(Object.keys(poison.data as object)).toEqual([form]);
  const kept = (poison.data as Record<string, never>)[form];
  const bytes =
    form === 'body' ? Buffer.from(JSON.stringify(kept)) : Buffer.from(kept as unknown as string, form === 'text' ? 'utf8' : 'base64');
  expect(bytes.equals(body)).toBe(true);
});

test.each([
  ['text', Buffer.from('\u0001'.repeat(300_000))],
  ['bytes', Buffer.alloc(800_000, 0xff)],
  ['JSON', trigger({ text: 'x'.repeat(900_000) }).body],
])('of %s that does not fit into an event the beginning is kept, and nothing is answered 4xx', (_name, body) => {
  const manager = testManager();
  const [poison] = manager.decode('argo', { body, headers: {} }) as [Event];
  expect(poison.data).toMatchObject({ bytes: body.length });
  expect(Buffer.byteLength(JSON.stringify(poison))).toBeLessThan(900_000);
  expect(thrown(() => manager.again(poison, 1, undefined))).toMatchObject({ code: 'WRONG_STATE' });
  expect(manager.again(poison, 1, JSON.parse(trigger(FIRING).body.toString()) as never)).toHaveLength(1);
});

test('nobody can send what looks like a kept body', () => {
  const call = trigger({ type: 'router.poison', data: { body: {} } }, { subject: 'adhoc' });
  expect(testManager().decode('argo', call)[0]?.quarantine).toMatch(/^\/body\/type: /);
});
