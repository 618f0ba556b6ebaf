import { expect, test } from '@jest/globals';
import type { Event } from '#runtime/event/event.js';
import { eventSchema } from '#runtime/event/event.js';
import { json, NOW, testManager, thrown } from './managers.js';
import { everyRecorded, FIFTY_KB, FIRING, GROUP_OF_FIVE, RESOLVED, recorded, type Webhook, webhookOf } from './recorded.js';

const decode = (body: unknown): readonly Event[] => testManager().decode('alertmanager', json(body));
const dataOf = (event: Event | undefined): Record<string, unknown> => event?.data as Record<string, unknown>;
const groupOf = (event: Event | undefined): Record<string, unknown> => dataOf(event).group as Record<string, unknown>;
const first = FIRING.alerts[0] as Record<string, unknown>;
const withAlert = (change: object): Webhook => ({ ...FIRING, alerts: [{ ...first, ...change }] });

test('every recorded request gives one valid event an alert, in order, placed by fingerprint and status', () => {
  const requests = everyRecorded();
  expect(requests.length).toBeGreaterThan(100);
  for (const { body } of requests) {
    const { alerts } = webhookOf(body);
    const events = testManager().decode('alertmanager', { body, headers: { 'content-type': 'application/json' } });
    expect(events.map(({ correlationid, phase, partitionkey }) => [correlationid, phase, partitionkey])).toEqual(
      alerts.map(({ fingerprint, status }) => [fingerprint, status, fingerprint]),
    );
    for (const [index, event] of events.entries()) {
      expect(eventSchema.parse(event)).toEqual(event);
      expect(event.quarantine).toBeUndefined();
      const { group: _group, ...alert } = dataOf(event);
      expect(alert).toEqual(alerts[index]);
    }
  }
});

test("each event carries its group's facts", () => {
  const body: Webhook = { ...GROUP_OF_FIVE, truncatedAlerts: 3, routeLabels: { team: 'sre' }, notification_reason: 'new alerts added' };
  const { alerts: _alerts, version: _version, notification_reason, receiver, ...facts } = body;
  for (const event of decode(body)) expect(groupOf(event)).toEqual({ ...facts, receiver, notificationReason: notification_reason });
});

test('the receiver has its name as in alertmanager.yml, without the quoting for regular expressions', () => {
  const [event] = testManager().decode('alertmanager', {
    body: recorded('05-utf8/a-values/0.34.2/0001'),
    headers: { 'content-type': 'application/json' },
  });
  expect(groupOf(event).receiver).toBe('team-ü/prod.web+hook (1)');
  expect(groupOf(decode({ ...FIRING, receiver: 'a\\\\b\\.c' })[0]).receiver).toBe('a\\b.c');
});

test('label names of any character, values that are empty, and dates of any precision and offset are carried as they came', () => {
  const labels = { alertname: 'X', 'dotted.name/ü': 'a', empty: '', '🚒 "q"': '{}' };
  const startsAt = '2026-11-23T06:37:43.95098266+01:00';
  const [event] = decode(withAlert({ labels, startsAt }));
  expect(event?.quarantine).toBeUndefined();
  expect(event?.time).toBe(startsAt);
  expect(dataOf(event)).toMatchObject({ labels, startsAt });
});

test.each([
  [
    'a firing alert happened when it started',
    { status: 'firing', startsAt: '2026-01-01T00:00:00.123456789Z' },
    '2026-01-01T00:00:00.123456789Z',
  ],
  [
    'a resolved one when it ended',
    { status: 'resolved', startsAt: '2026-01-01T01:00:00+01:00', endsAt: '2026-01-01T00:00:00.000000001Z' },
    '2026-01-01T00:00:00.000000001Z',
  ],
  [
    'one that ended before it started, when it started',
    { status: 'resolved', startsAt: '2026-01-01T00:00:01Z', endsAt: '2026-01-01T00:00:00Z' },
    '2026-01-01T00:00:01Z',
  ],
  ['one whose dates are none, now', { status: 'resolved', startsAt: '2026-02-30T00:00:00Z', endsAt: 'x' }, NOW],
])('%s', (_name, change, time) => {
  expect(decode(withAlert(change))[0]?.time).toBe(time);
});

test.each([
  ['a fingerprint that is none', { fingerprint: 'XYZ' }, '/fingerprint: '],
  ['no fingerprint', { fingerprint: undefined }, '/fingerprint: '],
  ['a label that is no text', { labels: { severity: 5 } }, '/labels/severity: '],
  ['labels that are a list', { labels: [] }, '/labels: '],
  ['another status', { status: 'suppressed' }, '/status: '],
  ['a start that is no date', { startsAt: '2026-02-30T00:00:00Z' }, '/startsAt: '],
  ['no end', { endsAt: undefined }, '/endsAt: '],
])('%s quarantines that alert alone, and names the field', (_name, change, pointer) => {
  const alerts = GROUP_OF_FIVE.alerts.map((alert, index) => (index === 2 ? { ...alert, ...change } : alert));
  const events = decode({ ...GROUP_OF_FIVE, alerts });
  expect(events.map(({ quarantine }) => quarantine === undefined)).toEqual([true, true, false, true, true]);
  expect(events[2]?.quarantine?.startsWith(pointer)).toBe(true);
  expect(dataOf(events[2])).toMatchObject(JSON.parse(JSON.stringify(change)) as object);
});

test.each([null, 'alert', 5, [], true])('an alert that is %j is quarantined, its neighbours are taken', (alert) => {
  const events = decode({ ...GROUP_OF_FIVE, alerts: [...GROUP_OF_FIVE.alerts, alert] });
  expect(events.map(({ quarantine }) => quarantine === undefined)).toEqual([true, true, true, true, true, false]);
  expect(dataOf(events[5]).alert).toEqual(alert);
});

test.each(['__proto__', 'constructor', 'prototype'])(
  'a label named %s, which anyone can give an alert, holds back that alert alone',
  (name) => {
    const text = JSON.stringify(GROUP_OF_FIVE).replace('"instance":"web-3', `"${name}":"x","instance":"web-3`);
    const events = decode(text);
    expect(events.map(({ quarantine }) => quarantine)).toEqual([
      undefined,
      undefined,
      `/labels/${name}: The key "${name}" is never allowed.`,
      undefined,
      undefined,
    ]);
    expect(dataOf(events[2]).unreadable).toContain(`"${name}":"x"`);
  },
);

test('a forbidden key in facts that repeat the labels empties these facts; elsewhere it refuses the body', () => {
  const forbidden = JSON.parse('{"__proto__":"x"}') as object;
  const lone = decode({ ...FIRING, alerts: [{ ...first, labels: forbidden }], commonLabels: forbidden });
  expect(lone).toHaveLength(1);
  expect(lone[0]?.quarantine).toMatch(/^\/labels\/__proto__: /);
  expect(groupOf(lone[0]).commonLabels).toEqual({});
  expect(groupOf(lone[0]).commonAnnotations).toEqual(FIRING.commonAnnotations);
  expect(thrown(() => decode({ ...FIRING, new: forbidden }))).toMatchObject({ code: 'BODY_FORBIDDEN_KEY', pointer: '/new/__proto__' });
});

test('a severity of any text fits into the attribute', () => {
  const severity = (text: string): string | undefined => decode(withAlert({ labels: { severity: text } }))[0]?.severitytext;
  expect(severity('critical')).toBe('critical');
  expect(severity('a\u0000\nb')).toBe('a\ufffd\ufffdb');
  expect(severity(`${'x'.repeat(63)}🚒`)).toBe('x'.repeat(63));
});

test('an alert over limits.event is quarantined even when it is the only one, since Alertmanager would repeat a refused request for ever', () => {
  const manager = testManager({ limits: { eventBytes: 40_000 } });
  const [event] = manager.decode('alertmanager', { body: FIFTY_KB, headers: { 'content-type': 'application/json' } });
  expect(event?.quarantine).toMatch(/^: \d+ bytes; limits\.event is 40000$/);
  expect(event).toMatchObject({ correlationid: '81f84ede00022cb9', phase: 'firing' });
});

/** As many alerts as limits.alerts has, no two alike. */
const storm = (count: number): Webhook => ({
  ...FIRING,
  alerts: Array.from({ length: count }, (_, index) => ({
    ...first,
    labels: { ...(first.labels as object), instance: `web-${index}` },
    fingerprint: index.toString(16).padStart(16, '0'),
  })),
});

test('20,000 alerts become 20,000 events, in order, each with an id of its own, of about the size of the body', () => {
  const payload = json(storm(20_000));
  const events = testManager().decode('alertmanager', payload);
  expect(events).toHaveLength(20_000);
  expect(new Set(events.map(({ id }) => id)).size).toBe(20_000);
  expect(events.every(({ partitionkey }, index) => Number.parseInt(partitionkey, 16) === index)).toBe(true);
  const bytes = events.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0);
  expect(bytes).toBeLessThan(6 * payload.body.length);
});

test('what many alerts of a group repeat is left out where it would swell one request beyond measure, and its key is bounded', () => {
  const body = { ...storm(20_000), commonAnnotations: { text: 'x'.repeat(10_000) } };
  const [event] = decode(body);
  expect(groupOf(event)).toMatchObject({ commonAnnotations: {}, commonLabels: {}, omitted: ['commonAnnotations', 'commonLabels'] });
  expect(event?.quarantine).toBeUndefined();
  expect(groupOf(decode({ ...body, alerts: body.alerts.slice(0, 10) })[0]).commonAnnotations).toEqual(body.commonAnnotations);
  expect(thrown(() => decode({ ...body, groupKey: 'x'.repeat(10_000) }))).toMatchObject({ code: 'BATCH_TOO_LARGE', pointer: '/groupKey' });
});

test('the trace of the request goes with each event; a malformed one is dropped', () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const traced = (header: string): (string | undefined)[] =>
    testManager()
      .decode('alertmanager', json(GROUP_OF_FIVE, { traceparent: header }))
      .map((event) => event.traceparent);
  expect(traced(traceparent)).toEqual(Array(5).fill(traceparent));
  expect(traced('00-<script>')).toEqual(Array(5).fill(undefined));
});

test('a resolved alert keeps its fingerprint, so that it closes what the firing one opened', () => {
  expect(decode(RESOLVED)[0]?.correlationid).toBe(decode(FIRING)[0]?.correlationid);
});
