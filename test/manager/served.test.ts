import { gzipSync } from 'node:zlib';
import { afterEach, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { Served } from '#test/support/served.js';
import { FIRING, GROUP_OF_FIVE, RESOLVED } from './recorded.js';
import { trigger } from './samples/argo.js';

/** Takes every alert and calls nothing. */
const quiet = (id: string): object[] => [{ id, use: 'slack.message', when: 'false', with: { channel: '#x', text: 'x' } }];
const MAPPING = { routes: { 'alertmanager.alert': [{ name: 'all', actions: quiet('a'), resolved: quiet('b') }] } };
const SLACK = { destinations: { slack: { kind: 'slack', tokenFile: '/dev/null', baseUrl: 'http://127.0.0.1:9/' } } };

const opened: Served[] = [];
async function open(config: object = {}): Promise<Served> {
  const served = new Served(MAPPING);
  opened.push(served);
  await served.start({ ...SLACK, ...config });
  return served;
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map((served) => served.close()));
});

interface Listed {
  id: string;
  quarantine?: string;
}
const listed = (body: Record<string, Json>): Listed[] => body.events as unknown as Listed[];

async function resubmit(served: Served, id: string, data?: unknown): ReturnType<Served['post']> {
  return served.post(`/api/v1/events/${id}/resubmit`, JSON.stringify({ reason: 'mended', ...(data === undefined ? {} : { data }) }));
}

test('a body from Argo for a source that is not configured is answered 2xx and shown; after the configuration is mended its alerts open their incidents', async () => {
  const served = await open();
  const call = trigger(GROUP_OF_FIVE, { subject: 'alertmanager-eu' });
  const answer = await served.post('/ingest/argo', call.body, {});
  expect(answer.status).toBe(202);
  const [poison, ...others] = listed(answer.body);
  expect(others).toEqual([]);
  expect(poison?.quarantine).toContain('No source named "alertmanager-eu"');
  const id = poison?.id as string;
  const shown = await served.ended(id);
  expect(shown).toMatchObject({ state: 'quarantined' });
  expect(JSON.stringify(shown.explanation)).toContain('alertmanager-eu');
  expect(JSON.stringify(shown)).not.toContain('canary-of-a-header');

  expect(await resubmit(served, id)).toMatchObject({ status: 404, body: { code: 'UNKNOWN_SOURCE', pointer: '/event/subject' } });

  await served.start({ ...SLACK, sources: { argo: { kind: 'argo' }, 'alertmanager-eu': { kind: 'alertmanager' } } });
  const again = await resubmit(served, id);
  expect(again).toMatchObject({ status: 202, body: { id: `${id}~1.0`, events: [0, 1, 2, 3, 4].map((index) => `${id}~1.${index}`) } });
  await Promise.all((again.body.events as string[]).map((event) => served.ended(event)));
  const incidents = (await served.get('/api/v1/incidents')).body.incidents as { key: string; state: string }[];
  expect(incidents.map(({ key, state }) => `${key} ${state}`).sort()).toEqual(
    GROUP_OF_FIVE.alerts.map(({ fingerprint }) => `alertmanager-eu:${fingerprint} open`).sort(),
  );

  expect((await resubmit(served, id)).body.id).toBe(`${id}~2.0`);
  expect(await served.ended(`${id}~2.0`)).toMatchObject({ state: 'repeat' });
});

test('an alert without a fingerprint is shown; corrected by a person it opens the incident that its resolved closes', async () => {
  const served = await open();
  const { fingerprint, ...nameless } = FIRING.alerts[0] as Record<string, unknown>;
  const answer = await served.post('/ingest/alertmanager', JSON.stringify({ ...FIRING, alerts: [nameless] }));
  const [bad] = listed(answer.body);
  expect(answer.status).toBe(202);
  expect(bad?.quarantine).toMatch(/^\/fingerprint: /);
  const kept = (await served.ended(bad?.id as string)).event as { data: Record<string, Json> };
  const again = await resubmit(served, bad?.id as string, { ...kept.data, fingerprint });
  expect(await served.ended(again.body.id as string)).toMatchObject({ state: 'done', meaning: 'opens' });
  const [resolved] = listed((await served.post('/ingest/alertmanager', JSON.stringify(RESOLVED))).body);
  expect(await served.ended(resolved?.id as string)).toMatchObject({ state: 'done', meaning: 'closes' });
});

test('the same nonce in the same key is a duplicate, in another key an event of its own', async () => {
  const served = await open();
  const call = async (correlationid: string): Promise<string> => {
    const body = JSON.stringify({ type: 'x', nonce: 'click-1', correlationid });
    const [event] = listed((await served.post('/ingest/adhoc', body)).body);
    await served.ended(event?.id as string);
    return event?.id as string;
  };
  const first = await call('mac-7');
  expect(await call('mac-7')).toBe(first);
  const other = await call('mac-8');
  expect(await served.ended(other)).toMatchObject({ state: 'unrouted', duplicates: [] });
  expect((await served.ended(first)).duplicates).toHaveLength(1);
});

test('an event past its expirytime ends as expired', async () => {
  const served = await open();
  const [event] = listed((await served.post('/ingest/adhoc', '{"type":"x","expirytime":"2020-01-01T00:00:00Z"}')).body);
  expect(await served.ended(event?.id as string)).toMatchObject({ state: 'expired', reason: 'expirytime-past' });
});

test('a key that fails on an event is counted by source, and the event is taken all the same', async () => {
  const served = await open({ sources: { adhoc: { kind: 'adhoc', key: 'data.cluster' } } });
  await served.post('/ingest/adhoc', '{"type":"x","data":{"cluster":"mac-7"}}');
  expect((await served.post('/ingest/adhoc', '{"type":"x","data":{}}')).status).toBe(202);
  expect(await served.text('/metrics')).toContain('sre_router_key_errors_total{source="adhoc"} 1');
});

test('a router whose key cannot be typed does not start', async () => {
  await expect(open({ sources: { adhoc: { kind: 'adhoc', key: 'cluster' } } })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
});

const JSON_TYPE = { 'content-type': 'application/json' };
const GZIP = { ...JSON_TYPE, 'content-encoding': 'gzip' };
const body = JSON.stringify(FIRING);

test('a refused request is answered with problem details that name the field, and takes nothing', async () => {
  const served = await open({ limits: { body: '20kB' } });
  const cases: [string, string | Buffer, Record<string, string>, object][] = [
    [
      'alertmanager',
      '{"version":"3"}',
      JSON_TYPE,
      { status: 400, body: { code: 'BODY_INVALID', pointer: '/version', title: expect.anything() } },
    ],
    ['alertmanager', body.slice(0, 100), JSON_TYPE, { status: 400, body: { code: 'BODY_NOT_JSON' } }],
    ['alertmanager', body, { 'content-type': 'text/plain' }, { status: 415, body: { code: 'CONTENT_TYPE' } }],
    ['alertmanager', Buffer.from(body), {}, { status: 415, body: { code: 'CONTENT_TYPE' } }],
    ['alertmanager', body, GZIP, { status: 400, body: { code: 'BODY_NOT_INFLATABLE' } }],
    ['alertmanager', body, { ...JSON_TYPE, 'content-encoding': 'br' }, { status: 415, body: { code: 'CONTENT_TYPE' } }],
    ['alertmanager', 'x'.repeat(20_001), JSON_TYPE, { status: 413, body: { code: 'BODY_TOO_LARGE' } }],
    ['alertmanager', gzipSync(Buffer.alloc(1_000_000)), GZIP, { status: 413, body: { code: 'BODY_TOO_LARGE' } }],
    ['events', '[{"specversion":"1.0"}]', JSON_TYPE, { status: 400, body: { code: 'BODY_INVALID', pointer: '/0/id' } }],
    ['nowhere', body, JSON_TYPE, { status: 404, body: { code: 'UNKNOWN_SOURCE' } }],
  ];
  for (const [source, sent, headers, expected] of cases)
    expect(await served.post(`/ingest/${source}`, sent, headers)).toMatchObject(expected);
  expect((await served.get('/api/v1/events')).body.events).toEqual([]);
});

test('a gzip body is taken', async () => {
  const served = await open();
  expect(await served.post('/ingest/alertmanager', gzipSync(body), GZIP)).toMatchObject({ status: 202 });
});
