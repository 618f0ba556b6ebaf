import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { explainLines } from '#runtime/cli/tell.js';
import type { EventDetail } from '#runtime/view/shapes.js';
import { startSlack } from '#test/sandbox/slack.js';
import { expectGolden } from '#test/support/golden.js';
import { HttpTarget } from '#test/support/http-target.js';
import { RunningRouter } from '#test/support/running-router.js';
import { ViewBench } from '#test/view/view-bench.js';

/**
 * What an SRE reads at three in the morning, for each kind of event: made by the real router, compared with golden/<name>.txt. Times and made-up ids are
 * replaced, everything else is as it is told.
 */
const router = new RunningRouter();
const target = new HttpTarget();
const covered: string[] = [];
let slack: Awaited<ReturnType<typeof startSlack>>;

const call = (id: string, path: string, more: object = {}): object => ({
  id,
  use: 'http.request',
  destination: 'target',
  with: { method: 'POST', path },
  ...more,
});
const tell = (channel: string, more: object = {}): object => ({
  id: 'tell',
  use: 'slack.message',
  with: { channel, text: 'Something happened' },
  ...more,
});

const ROUTES = {
  'alertmanager.alert': [
    {
      name: 'mac-cluster-down',
      when: "data.labels.alertname == 'MacClusterDown' && data.labels.severity == 'critical'",
      actions: [call('ticket', '/ticket')],
      reopened: [call('again', '/comment')],
      resolved: [call('green', '/comment', { with: { method: 'POST', path: '/comment', body: '${{ incident.steps.ticket.body.key }}' } })],
    },
    { name: 'by-team', when: "data.labels.team == 'sre' && data.labels.priority == 'high'", actions: [call('page', '/page')] },
    { name: 'no-lists', when: "data.labels.alertname == 'Quiet'", actions: [call('page', '/page')] },
    {
      name: 'slow',
      when: "data.labels.alertname == 'Slow'",
      actions: [call('bounce', '/busy', { retry: { attempts: 9, backoff: '1h' } })],
      resolved: [],
    },
  ],
  'deploy.done': [
    { name: 'first', when: "data.env == 'prod'", actions: [call('note', '/comment')] },
    { name: 'second', actions: [call('note', '/comment')] },
  ],
  odd: [{ name: 'odd', when: 'data.version.major > 3', actions: [call('note', '/comment')] }],
  'adhoc.task': [{ name: 'task', when: "data.task == 'none'", actions: [call('run', '/task')] }],
  bounce: [{ name: 'bounce', actions: [call('bounce', '/task', { once: { within: '30m' } }), call('note', '/comment')] }],
  lose: [{ name: 'lose', actions: [call('bounce', '/lose'), call('note', '/comment')] }],
  refuse: [{ name: 'refuse', actions: [call('bounce', '/refuse', { onError: 'park' }), call('note', '/comment')] }],
  fail: [
    { name: 'fail', actions: [call('skip', '/task', { when: 'data.never == true' }), call('bounce', '/refuse'), call('note', '/comment')] },
  ],
  retry: [{ name: 'retry', actions: [call('bounce', '/busy', { retry: { attempts: 9, backoff: '1h' } })] }],
  many: [
    { name: 'one', continue: true, actions: [call('note', '/comment')] },
    { name: 'two', continue: true, mode: 'shadow', actions: [tell('#sre')] },
    {
      name: 'three',
      actions: [call('bounce', '/refuse', { onError: 'continue' }), call('note', '/comment', { when: 'steps.bounce.status == 200' })],
    },
  ],
  storm: [{ name: 'storm', actions: [tell('#sre')] }],
  wait: [{ name: 'wait', actions: [{ id: 'tell', use: 'slack.update', with: { to: { channel: 'C0000001', ts: '1.0' }, text: 'x' } }] }],
  run: [{ name: 'run', actions: [call('note', '/comment')] }],
};

beforeAll(async () => {
  await target.start();
  slack = await startSlack();
  target.answer = ({ path }) => {
    if (path.startsWith('/lose')) return { lost: true };
    if (path.startsWith('/refuse')) return { status: 400 };
    if (path.startsWith('/busy')) return { status: 429 };
    return { headers: { 'content-type': 'application/json', date: 'Thu, 01 Jan 2026 00:00:00 GMT' }, body: '{"key":"SRE-1"}' };
  };
  await router.start({
    routes: ROUTES,
    destinations: {
      target: { kind: 'http', baseUrl: target.url, breaker: { failures: 0 } },
      slack: {
        kind: 'slack',
        baseUrl: slack.url,
        tokenFile: router.file('token', 'xoxb-golden-golden'),
        budget: { perSecond: 0.01, per: 'channel' },
      },
    },
  });
});
afterAll(async () => {
  await router.close();
  await slack.close();
  await target.close();
});

interface Alert {
  readonly name?: string;
  readonly severity?: string;
  readonly fingerprint: string;
  readonly status?: 'firing' | 'resolved';
  readonly startsAt?: string;
  readonly endsAt?: string;
}

async function post({
  name = 'MacClusterDown',
  severity = 'critical',
  fingerprint,
  status = 'firing',
  startsAt,
  endsAt,
}: Alert): Promise<string> {
  const alert = {
    status,
    labels: { alertname: name, severity, team: 'sre', cluster: 'mac-7' },
    annotations: { summary: 'MAC cluster mac-7 is down' },
    startsAt: startsAt ?? '2026-01-01T00:00:00Z',
    endsAt: endsAt ?? (status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-01-01T00:05:00Z'),
    generatorURL: '',
    fingerprint,
  };
  const group = {
    version: '4',
    status,
    receiver: 'r',
    groupKey: 'g',
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: '',
  };
  const { json } = await router.post('/ingest/alertmanager', { ...group, alerts: [alert] });
  const { id } = json.events[0];
  await router.over(id, ['done', 'repeat', 'unrouted', 'failed', 'quarantined', 'waiting', 'parked', 'ambiguous']);
  return id;
}

/** The text about an event, as `sre-router explain` prints it, with what differs from run to run replaced. */
async function expectExplained(name: string, id: string, others: Readonly<Record<string, string>> = {}): Promise<void> {
  const { json } = await router.ask(`/api/v1/events/${id}`);
  compare(name, json as EventDetail, { 'the-event': id, ...others });
}

function compare(name: string, detail: EventDetail, names: Readonly<Record<string, string>>): void {
  covered.push(`${name}.txt`);
  let text = `${explainLines(detail).join('\n')}\n`;
  for (const [label, id] of Object.entries(names)) text = text.replaceAll(id, label);
  text = text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, (time) => (time.startsWith('20') && time.includes('.') ? 'TIME' : time))
    .replaceAll(/\(\d+\.\d s later\)/g, '(N s later)')
    .replaceAll(/\(offset \d+\)/g, '(offset N)')
    .replaceAll(/"ts":"\d+\.\d+"/g, '"ts":"TS"')
    .replaceAll(/\b[0-9a-f]{64}\b/g, 'KEY');
  expectGolden(`test/view/golden/${name}.txt`, text);
}

test('an alert that opens an incident, its repeat, its close and what is late', async () => {
  const fingerprint = '00000000000000a1';
  const firing = await post({ fingerprint });
  await expectExplained('opens', firing);
  await expectExplained('repeat', await post({ fingerprint }));
  await expectExplained('closes', await post({ fingerprint, status: 'resolved' }));
  await expectExplained('repeat-of-closed', await post({ fingerprint, status: 'resolved' }));
  await expectExplained('reopens-stale-start', await post({ fingerprint }));
  await expectExplained('closes-stale', await post({ fingerprint, status: 'resolved' }));
  await expectExplained('reopens', await post({ fingerprint, startsAt: '2026-01-01T00:10:00Z' }));
});

test('a resolved whose firing nobody saw', async () => {
  await expectExplained('orphan', await post({ fingerprint: '00000000000000a2', status: 'resolved' }));
});

test('an alert that no route takes: each route with the clause that is false and what it read', async () => {
  await expectExplained('unrouted', await post({ fingerprint: '00000000000000a3', severity: 'warning' }));
});

test('a type that has no routes', async () => {
  const { id } = await router.send({ type: 'nobody.knows', id: 'x' });
  await expectExplained('unrouted-type', id);
});

test('a route whose condition fails', async () => {
  const { id } = await router.send({ type: 'odd', id: 'odd-1', data: { version: 'four' } });
  await expectExplained('when-error', id);
});

test('a route that comes after the one taken', async () => {
  const { id } = await router.send({ type: 'deploy.done', id: 'deploy-1', data: { env: 'prod' } });
  await expectExplained('after-first-match', id);
});

test('a close whose route has no list for it', async () => {
  const fingerprint = '00000000000000a4';
  await post({ fingerprint, name: 'Quiet' });
  await expectExplained('closes-without-list', await post({ fingerprint, name: 'Quiet', status: 'resolved' }));
});

test('an update of what is open', async () => {
  await router.send({ type: 'run', id: 'u1', correlationid: 'run-7' });
  const { id } = await router.send({ type: 'run', id: 'u2', correlationid: 'run-7' });
  await expectExplained('update', id);
});

test('the same delivery twice', async () => {
  const { id } = await router.send({ type: 'run', id: 'd1' });
  await router.send({ type: 'run', id: 'd1' });
  for (let detail = await router.over(id); detail.duplicates.length === 0; detail = await router.over(id));
  await expectExplained('duplicate-by-id', id);
});

test('a nonce seen before', async () => {
  const first = await router.send({ type: 'run', id: 'n1', nonce: 'n', correlationid: 'k' });
  const { id } = await router.send({ type: 'run', id: 'n2', nonce: 'n', correlationid: 'k' });
  await expectExplained('duplicate-by-nonce', id, { 'the-first': first.id });
});

test('an event past its expirytime', async () => {
  const { id } = await router.send({ type: 'run', id: 'e1', expirytime: '2026-01-01T00:00:00Z' });
  await expectExplained('expired', id);
});

test('data that does not have the shape of its type', async () => {
  const { id } = await router.send({ type: 'adhoc.task', id: 'q1', data: { task: 'bounce', params: 'mac-7' } });
  await expectExplained('quarantined', id);
});

test('a body from Argo that cannot be read', async () => {
  const { json } = await router.post('/ingest/argo', { event: { id: 'argo-1', subject: 'nobody' }, body: { type: 'run' } });
  const { id } = json.events[0];
  await router.over(id);
  await expectExplained('poison', id);
});

test('a repeat of what no route took', async () => {
  const fingerprint = '00000000000000a7';
  await post({ fingerprint, severity: 'warning' });
  await expectExplained('repeat-untaken', await post({ fingerprint, severity: 'warning' }));
});

test('a step that was done already within its once', async () => {
  const first = await router.send({ type: 'bounce', id: 'o1', correlationid: 'mac-7', phase: 'firing' });
  const key = first.event.partitionkey as string;
  const { json } = await router.post(
    '/ingest/events',
    { specversion: '1.0', id: 'o2', source: 'elsewhere', type: 'bounce', partitionkey: key },
    { 'content-type': 'application/cloudevents+json' },
  );
  const { id } = json.events[0];
  await router.over(id);
  await expectExplained('once', id, { 'the-first': first.id });
});

test('a known failure that waits for a person, and what the person said', async () => {
  const { id } = await router.send({ type: 'refuse', id: 'p1' });
  await expectExplained('parked', id);
  const { json } = await router.post(`/api/v1/events/${id}/abandon`, { reason: 'cluster is gone' });
  await router.over(json.id);
  await router.over(id, ['failed']);
  await expectExplained('abandoned', id);
  await expectExplained('command', json.id, { 'the-target': id });
  const { json: late } = await router.post('/ingest/adhoc', { type: 'run', id: 'p2' });
  await router.over(late.events[0].id);
});

test('two people who command at once', async () => {
  for (let attempt = 1; ; attempt += 1) {
    const { id } = await router.send({ type: 'refuse', id: `c${attempt}` });
    const answers = await Promise.all(['first', 'second'].map((reason) => router.post(`/api/v1/events/${id}/abandon`, { reason })));
    // The one may be carried out before the other is asked for: then that is refused at once.
    if (answers.some(({ status }) => status !== 202)) continue;
    const states = await Promise.all(answers.map(({ json }) => router.over(json.id)));
    const late = states.find(({ state }) => state === 'failed');
    const sentences = late.explanation.sentences.map((text: string) => text.replace('first"', 'second"'));
    compare('command-too-late', { ...late, explanation: { ...late.explanation, sentences } }, { 'the-event': late.id, 'the-target': id });
    return;
  }
});

test('a call whose outcome nobody knows, and a person who knows it', async () => {
  const { id } = await router.send({ type: 'lose', id: 'a1' });
  await expectExplained('ambiguous', id);
  await router.post(`/api/v1/events/${id}/resolve`, { reason: 'it is in the list of tasks', output: { id: 'task-9' } });
  await router.over(id, ['done']);
  await expectExplained('resolved-by-person', id);
});

test('a failed step and what came after it', async () => {
  const { id } = await router.send({ type: 'fail', id: 'f1', data: { never: false } });
  await expectExplained('failed', id);
});

test('a retry that waits', async () => {
  const { json } = await router.post('/ingest/adhoc', { type: 'retry', id: 'w1' });
  await router.over(json.events[0].id, ['waiting']);
  await expectExplained('waiting', json.events[0].id);
});

test('a step that waits for a place at its destination', async () => {
  const [first, second] = [
    await router.post('/ingest/adhoc', { type: 'wait', id: 'g1' }),
    await router.post('/ingest/adhoc', { type: 'wait', id: 'g2' }),
  ];
  await router.over(first.json.events[0].id);
  await router.over(second.json.events[0].id, ['waiting']);
  await expectExplained('waiting-for-destination', second.json.events[0].id);
});

test('a retry that is skipped because its incident closed first', async () => {
  const fingerprint = '00000000000000a5';
  const firing = await post({ fingerprint, name: 'Slow' });
  await post({ fingerprint, name: 'Slow', status: 'resolved' });
  await router.over(firing, ['done']);
  await expectExplained('skipped-closed', firing);
});

test('several routes at once, one of them in shadow, one that goes on after a failure', async () => {
  const { id } = await router.send({ type: 'many', id: 'm1' });
  await expectExplained('several-routes', id);
});

test('a message over its budget', async () => {
  await router.send({ type: 'storm', id: 's1' });
  const { id } = await router.send({ type: 'storm', id: 's2' });
  await expectExplained('collapsed', id);
  const { json } = await router.ask('/api/v1/events?type=router.digest');
  const row = json.events[0].id;
  await router.over(row, ['done', 'waiting']);
  await expectExplained('digest-row', row);
});

test('an incident without a sign of life', async () => {
  const short = new RunningRouter();
  try {
    await short.start({
      routes: { run: ROUTES.run.map((route) => ({ ...route, expired: [call('close', '/comment')] })) },
      destinations: { target: { kind: 'http', baseUrl: target.url } },
      config: { incidents: { expireAfter: '200ms' } },
    });
    await short.send({ type: 'run', id: 'x1', correlationid: 'lingers', phase: 'firing' });
    for (;;) {
      const [row] = (await short.ask('/api/v1/events?type=router.expiry')).json.events;
      if (row === undefined) continue;
      compare('expires', (await short.over(row.id)) as EventDetail, { 'the-event': row.id });
      return;
    }
  } finally {
    await short.close();
  }
});

test('mappings that changed since, a record that is gone, and one that waits to be looked at', async () => {
  const bench = new ViewBench(1);
  try {
    await bench.write(bench.event('changed', { type: 'run' }), { o: 'unrouted', r: 'no-route', h: '0123456789ab' });
    await bench.write(bench.event('waiting'), 'none');
    await bench.log.put(0, [
      { key: 'm/gone', value: { o: 'done', p: 77, t: Date.parse('2026-01-01T00:00:00.500Z'), run: true, m: 'opens' } },
    ]);
    for (const id of ['changed', 'gone', 'waiting']) compare(`record-${id}`, (await bench.view.event(id)) as EventDetail, {});
  } finally {
    await bench.close();
  }
});

test('no golden text is left of what is told no more', () => {
  const files = readdirSync(new URL('./golden/', import.meta.url));
  expect(files.sort()).toEqual([...covered].sort());
});
