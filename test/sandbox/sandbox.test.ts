import { afterEach, expect, test } from '@jest/globals';
import { LogLevel, WebClient } from '@slack/web-api';
import type { FaultName } from '#test/sandbox/faults.js';
import { startJira } from '#test/sandbox/jira.js';
import type { StandIn } from '#test/sandbox/server.js';
import { startSlack } from '#test/sandbox/slack.js';
import { startSre } from '#test/sandbox/sre.js';

const open: StandIn[] = [];
const keep = async (starting: Promise<StandIn>): Promise<StandIn> => {
  const standIn = await starting;
  open.push(standIn);
  return standIn;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((standIn) => standIn.close()));
});

const json = async (url: string, method = 'GET', body?: unknown, headers: Record<string, string> = {}) => {
  const init =
    body === undefined
      ? { method, headers }
      : { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as unknown };
};
const submit = (sre: StandIn, key: string, signal: AbortSignal | null = null) =>
  fetch(`${sre.url}/tasks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': key },
    body: '{"task":"bounce"}',
    signal,
  });

test('Slack through its own SDK: a message is posted, threaded, changed and found by its metadata, page by page', async () => {
  const slack = await keep(startSlack());
  const web = new WebClient('xoxb-sandbox', { slackApiUrl: slack.url, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
  expect((await web.auth.test()).response_metadata?.scopes).toContain('chat:write');
  const metadata = (key: string) => ({ event_type: 'sre_router_step', event_payload: { key } });
  const first = await web.chat.postMessage({ channel: '#sre', text: 'one', metadata: metadata('k1') });
  await web.chat.postMessage({ channel: '#sre', text: 'two', metadata: metadata('k2') });
  const channel = String(first.channel);
  const ts = String(first.ts);
  await web.chat.postMessage({ channel, text: 'reply', thread_ts: ts, metadata: metadata('k3') });
  await web.chat.update({ channel, ts, text: 'one, changed' });

  const newest = await web.conversations.history({ channel, limit: 1, include_all_metadata: true });
  expect(newest.messages).toMatchObject([{ text: 'two', metadata: metadata('k2') }]);
  const next = await web.conversations.history({ channel, limit: 1, cursor: String(newest.response_metadata?.next_cursor) });
  expect(next.messages).toMatchObject([{ text: 'one, changed', reply_count: 1 }]);
  expect(next.messages?.[0]).not.toHaveProperty('metadata');
  expect(next.response_metadata?.next_cursor).toBe('');
  expect((await web.conversations.history({ channel, oldest: ts })).messages).toHaveLength(1);
  expect((await web.conversations.replies({ channel, ts })).messages?.map(({ text }) => text)).toEqual(['one, changed', 'reply']);
  expect((await web.conversations.list()).channels).toContainEqual(expect.objectContaining({ id: channel, name: 'sre' }));
  expect((await web.chat.getPermalink({ channel, message_ts: ts })).permalink).toContain(channel);
  await expect(web.chat.postMessage({ channel: '#missing', text: 'x' })).rejects.toMatchObject({ data: { error: 'channel_not_found' } });
  expect(slack.state.byKey).toEqual({ k1: 1, k2: 1, k3: 1 });
});

test('a Slack channel can be looked up although the only message to it was refused', async () => {
  const slack = await keep(startSlack());
  const web = new WebClient('xoxb-sandbox', { slackApiUrl: slack.url, retryConfig: { retries: 0 }, logLevel: LogLevel.ERROR });
  slack.setFault({ route: 'chat.postMessage', fault: 'refuse', times: 1 });
  await expect(web.chat.postMessage({ channel: '#sre', text: 'x' })).rejects.toThrow();
  expect((await web.conversations.list()).channels).toContainEqual(expect.objectContaining({ name: 'sre' }));
  expect(slack.state.effects).toEqual([]);
});

test.each([
  [3, '/search/jql', { type: 'doc', version: 1, content: [{ type: 'paragraph', content: [{ type: 'text', text: 'seen [sre:abc]' }] }] }],
  [2, '/search', 'seen [sre:abc]'],
])('Jira version %s: an issue is created, found by label, commented on and moved', async (version, search, comment) => {
  const jira = await keep(startJira());
  const api = `${jira.url}/rest/api/${version}`;
  const fields = { project: { key: 'OPS' }, issuetype: { name: 'Task' }, summary: 'disk full', labels: ['a', 'sre-0123'] };
  const created = await json(`${api}/issue`, 'POST', { fields });
  expect(created).toMatchObject({ status: 201, body: { key: 'OPS-1', id: expect.any(String), self: expect.stringContaining(api) } });
  const jql = 'labels = "sre-0123"';
  expect((await json(`${api}${search}?${new URLSearchParams({ jql, fields: 'id,key' })}`)).body).toMatchObject({
    issues: [{ key: 'OPS-1' }],
  });
  expect((await json(`${api}${search}`, 'POST', { jql: 'labels = "sre-9"' })).body).toMatchObject({ issues: [] });
  expect((await json(`${api}/issue/OPS-1/comment`, 'POST', { body: comment })).status).toBe(201);
  expect((await json(`${api}/issue/OPS-1/comment?orderBy=-created`)).body).toMatchObject({ comments: [{ body: comment }] });
  expect((await json(`${api}/issue/OPS-1/transitions`)).body).toMatchObject({
    transitions: [{ name: 'In Progress' }, { id: '31', to: { name: 'Done' } }],
  });
  expect((await json(`${api}/issue/OPS-1/transitions`, 'POST', { transition: { id: '31' } })).status).toBe(204);
  expect((await json(`${api}/issue/OPS-1?fields=status`)).body).toMatchObject({ fields: { status: { name: 'Done' } } });
  expect((await json(`${api}/issue`, 'POST', { fields: { ...fields, summary: '' } })).status).toBe(400);
  for (const path of ['/myself', '/serverInfo', '/project/OPS', '/issue/createmeta/OPS/issuetypes'])
    expect((await json(api + path)).status).toBe(200);
  expect((await json(`${api}/issue/OPS-9`)).status).toBe(404);
  expect(jira.state.byKey).toEqual({ 'sre-0123': 1, 'sre:abc': 1 });
});

test('the SRE API submits a task once for each Idempotency-Key and moves it on', async () => {
  const sre = await keep(startSre());
  const first = await json(`${sre.url}/tasks`, 'POST', { task: 'bounce', params: { cluster: 'mac-7' } }, { 'idempotency-key': 'k' });
  expect(first).toMatchObject({ status: 201, body: { id: 'task-1', state: 'submitted' } });
  expect(
    (await json(`${sre.url}/tasks`, 'POST', { task: 'bounce', params: { cluster: 'mac-7' } }, { 'idempotency-key': 'k' })).body,
  ).toEqual(first.body);
  expect((await json(`${sre.url}/tasks`, 'POST', { task: 'other' }, { 'idempotency-key': 'k' })).status).toBe(422);
  expect((await json(`${sre.url}/tasks/task-1`)).body).toEqual({ id: 'task-1', state: 'running' });
  expect((await json(`${sre.url}/tasks/task-1`)).body).toEqual({ id: 'task-1', state: 'done' });
  expect((await json(`${sre.url}/tasks/other`)).status).toBe(404);
  expect(sre.state.byKey).toEqual({ k: 1 });
});

test.each<[FaultName, 'lost' | number, number]>([
  ['refuse', 'lost', 0],
  ['hang', 'lost', 0],
  ['answer-lost', 'lost', 1],
  ['400', 400, 0],
  ['429', 429, 0],
  ['500', 500, 0],
  ['500-after', 500, 1],
  ['malformed', 200, 1],
  ['slow', 201, 1],
])('fault %s: answer %s, effects %s; then as usual', async (fault, answer, effects) => {
  const sre = await keep(startSre());
  expect((await json(`${sre.url}/__sandbox/faults`, 'PUT', { route: 'tasks.submit', fault, times: 1, ms: 20 })).status).toBe(200);
  const got = await submit(sre, 'k', AbortSignal.timeout(500)).catch(() => undefined);
  expect(got?.status ?? 'lost').toBe(answer);
  if (fault === '429') expect(got?.headers.get('retry-after')).toBe('1');
  if (fault === 'malformed') expect(await got?.text()).toBe('{"ok":tr');
  expect((await json(`${sre.url}/__sandbox/state`)).body).toMatchObject({ requests: 1, byKey: effects === 0 ? {} : { k: 1 } });
  expect(sre.state.effects).toHaveLength(effects);
  expect((await submit(sre, 'k2')).status).toBe(201);
});

test('faults follow one another, replace those of their route, and give way to none; what is no fault is refused', async () => {
  const sre = await keep(startSre());
  const status = async (): Promise<number> => (await submit(sre, 'k')).status;
  sre.setFault({ route: '*', fault: '500' });
  await json(`${sre.url}/__sandbox/faults`, 'PUT', [
    { route: 'tasks.submit', fault: '429', times: 2 },
    { route: 'tasks.submit', fault: 'slow', ms: 1, times: 1 },
  ]);
  expect([await status(), await status(), await status(), await status()]).toEqual([429, 429, 201, 500]);
  sre.setFault({ route: '*', fault: 'none' });
  expect(await status()).toBe(201);
  expect((await json(`${sre.url}/__sandbox/faults`, 'PUT', { route: '*', fault: 'explode' })).status).toBe(400);
});
