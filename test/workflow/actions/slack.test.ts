import { afterEach, expect, jest, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import type { SlackClient } from '#runtime/workflow/actions/slack-client.js';
import { actionOf, World } from './world.js';

const KEY = '5f'.repeat(32);
const MESSAGE = { channel: '#sre', text: 'down' };
const opened: World[] = [];
const open = async (): Promise<World> => {
  const world = await World.open('slack');
  opened.push(world);
  return world;
};
afterEach(async () => {
  jest.restoreAllMocks();
  await Promise.all(opened.splice(0).map((world) => world.close()));
});

const texts = (world: World): string[] => world.standIn.state.effects.map(({ text }) => String(text));

test('a probe reads every page of channels, of a channel and of a thread before it says that there is nothing', async () => {
  const world = await open();
  world.standIn.configure({ pageItems: 2, channels: { zulu: {}, yankee: {} } });
  const root = (await world.must('slack.message', { channel: '#zulu', text: 'root' }, 'root')) as { [name: string]: Json };
  const there = await world.must('slack.message', { channel: '#zulu', text: 'looked for' }, KEY);
  const reply = { to: root, text: 'a reply' };
  for (let more = 0; more < 5; more += 1) {
    await world.must('slack.message', { channel: '#zulu', text: 'later' }, `m${more}`);
    await world.must('slack.reply', reply, `r${more}`);
  }
  const replied = await world.must('slack.reply', reply, KEY);
  const fresh = await World.open('slack', {}, world.standIn.url);
  opened.push(fresh);
  expect(await fresh.probe('slack.message', { channel: '#zulu', text: 'looked for' }, KEY)).toMatchObject({ ok: true, value: there });
  expect(await fresh.probe('slack.reply', reply, KEY)).toMatchObject({ ok: true, value: replied });
  expect(await fresh.probe('slack.message', { channel: '#zulu', text: 'x' }, 'none')).toMatchObject({ ok: true, value: undefined });
  expect(world.standIn.state.requestsByRoute).toMatchObject({
    'conversations.list': 2,
    'conversations.history': 7,
    'conversations.replies': 4,
  });
});

test('a channel with more messages than a probe reads is not said to be without the message', async () => {
  const world = await open();
  await world.must('slack.message', MESSAGE, KEY);
  for (let more = 0; more < 10; more += 1) await world.must('slack.message', MESSAGE, `m${more}`);
  world.standIn.configure({ pageItems: 1 });
  expect(await world.probe('slack.message', MESSAGE, KEY)).toMatchObject({
    ok: false,
    error: { reason: 'too-many-messages', retryable: false },
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ['without channels:history', { scopes: ['chat:write', 'channels:read'] }, 'missing_scope'],
  ['without channels:read', { scopes: ['chat:write', 'channels:history'] }, 'missing_scope'],
  ['where it is no member', { channels: { sre: { member: false } } }, 'not_in_channel'],
  ['where it sees no such channel', { channels: { sre: { member: false, private: true } } }, 'channel-not-visible'],
])('a bot %s cannot tell, and says so for good', async (_what, settings, reason) => {
  const world = await open();
  world.standIn.configure(settings);
  expect(await world.probe('slack.message', MESSAGE, KEY)).toMatchObject({ ok: false, error: { reason, retryable: false } });
});

test.each<[string, Record<string, unknown>, string]>([
  ['missing_scope', { scopes: [] }, '#sre'],
  ['not_in_channel', { scopes: ['chat:write'], channels: { sre: { member: false } } }, '#sre'],
  ['channel_not_found', {}, '#missing'],
  ['is_archived', { channels: { sre: { archived: true } } }, '#sre'],
  ['invalid_auth', { token: 'another' }, '#sre'],
])('a message refused as %s certainly was not posted, and is not sent again', async (reason, settings, channel) => {
  const world = await open();
  world.standIn.configure(settings);
  expect(await world.run('slack.message', { channel, text: 'x' }, KEY)).toMatchObject({
    ok: false,
    error: { outcome: 'known', reason, retryable: false },
  });
  expect(world.standIn.state.effects).toEqual([]);
});

test('a public channel can be looked through by a bot that may not list private ones', async () => {
  const world = await open();
  world.standIn.configure({ scopes: ['chat:write', 'channels:read', 'channels:history'] });
  await world.must('slack.message', MESSAGE, KEY);
  const fresh = await World.open('slack', {}, world.standIn.url);
  opened.push(fresh);
  expect(await fresh.probe('slack.message', MESSAGE, KEY)).toMatchObject({ ok: true, value: { ts: expect.any(String) } });
});

test('messages by name and by id, replies, edits and digests of one channel share a budget', async () => {
  const world = await open();
  const keyOf = (name: string, input: Json): string | undefined => actionOf(name).budgetKey?.(input, world.client);
  const told = (await world.must('slack.message', MESSAGE, KEY)) as { channel: string; ts: string };
  const keys = [
    keyOf('slack.message', MESSAGE),
    keyOf('slack.message', { channel: 'sre', text: 'x' }),
    keyOf('slack.message', { channel: told.channel, text: 'x' }),
    keyOf('slack.reply', { to: told, text: 'x' }),
    keyOf('slack.update', { to: told, text: 'x' }),
    keyOf('slack.digest', { channel: '#sre', count: 0, rows: [], version: 1 }),
    keyOf('slack.digest', { channel: 'x', count: 0, rows: [], version: 1, to: told }),
  ];
  expect(new Set(keys)).toEqual(new Set(['#sre']));
  expect(keyOf('slack.message', { channel: '#alerts', text: 'x' })).toBe('#alerts');
});

test('a digest is that of the channel as it was written, whatever has been learnt of it since', () => {
  const channelOf = (channel: string): string | undefined => actionOf('slack.message').digestChannel?.({ channel, text: 'x' });
  expect(['sre', '#sre', 'C0123456789'].map(channelOf)).toEqual(['#sre', '#sre', 'C0123456789']);
});

test('a renamed channel is not looked through under its old name', async () => {
  const client = (await open()).client as SlackClient;
  client.learn('#old', 'C0000001');
  client.learn('#new', 'C0000001');
  client.learn('#taken', 'C0000002');
  client.learn('#taken', 'C0000003');
  expect(['C0000001', 'C0000002', 'C0000003'].map((id) => client.channelKey(id))).toEqual(['#new', 'C0000002', '#taken']);
  expect(await client.channelId('#old', new AbortController().signal)).toBeUndefined();
});

test('the SDK neither queues nor writes to the console: all calls are under way at once, and what goes wrong is told once, by us', async () => {
  const world = await open();
  const written = [jest.spyOn(process.stdout, 'write'), jest.spyOn(process.stderr, 'write'), jest.spyOn(console, 'warn')];
  world.standIn.setFault({ route: 'chat.postMessage', fault: 'hang' });
  const calls = Array.from({ length: 150 }, (_, index) => world.run('slack.message', MESSAGE, `k${index}`));
  while (world.standIn.state.requests < 150) await world.standIn.nextRequest();
  world.clock.fireAll();
  const results = await Promise.all(calls);
  expect(results.filter((result) => !result.ok && result.error.reason === 'timeout')).toHaveLength(150);
  await world.standIn.allClosed();
  world.standIn.setFault({ route: 'chat.postMessage', fault: 'refuse' });
  expect((await world.run('slack.message', MESSAGE, KEY)).ok).toBe(false);
  expect(written.map((spy) => spy.mock.calls.length)).toEqual([0, 0, 0]);
});

test('text from payloads is text: control sequences, links and mentions are escaped, directions and control characters made visible', async () => {
  const world = await open();
  const hostile = '<!channel> <@U1> <https://evil.example|ok> &amp; a\u202eb\u0007c\ud800d\r\ne';
  await world.must('slack.message', { channel: '#sre', text: hostile }, KEY);
  expect(texts(world)).toEqual(['&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|ok&gt; &amp;amp; a\ufffdb\ufffdc\ufffdd\ne']);
});

test('a text is cut to what Slack takes, escapes counted, never inside an escape or a character', async () => {
  const world = await open();
  const told = (await world.must('slack.message', { channel: '#sre', text: '&'.repeat(60_000) }, KEY)) as { [name: string]: Json };
  await world.must('slack.message', { channel: '#sre', text: `x${'😀'.repeat(30_000)}` }, 'b');
  await world.must('slack.update', { to: told, text: '<'.repeat(5_000) }, 'c');
  await world.must('slack.update', { to: told, text: 'é'.repeat(5_000) }, 'd');
  const [amps, smiles, less, accents] = texts(world) as [string, string, string, string];
  expect(amps).toMatch(/^(&amp;)+…$/);
  expect(amps.length).toBeGreaterThan(39_990);
  expect([smiles.length, smiles.endsWith('😀…')]).toEqual([40_000, true]);
  expect(less).toMatch(/^(&lt;)+…$/);
  expect([Buffer.byteLength(less), Buffer.byteLength(accents)].every((bytes) => bytes > 3_980 && bytes <= 4_000)).toBe(true);
});

test('a digest shows the newest rows that an edit can hold and counts the others', async () => {
  const world = await open();
  const rows = Array.from({ length: 100 }, (_, index) => `row ${index} ${'<'.repeat(100)}`);
  const digest = { channel: '#sre', count: 140, rows, version: 140 };
  const to = (await world.must('slack.digest', digest, KEY)) as { [name: string]: Json };
  await world.must(
    'slack.digest',
    { ...digest, version: 141, count: 141, to: { channel: to.channel as string, ts: to.ts as string } },
    KEY,
  );
  const [first, second] = texts(world) as [string, string];
  expect([first, second].map((text) => text.split('\n').at(-1)?.slice(0, 9))).toEqual(['• row 99 ', '• row 99 ']);
  const shown = second.split('\n').length - 2;
  expect(second).toContain(`141 messages in a short time`);
  expect(second).toContain(`(the first ${141 - shown} are not shown)`);
  expect(Buffer.byteLength(second)).toBeLessThanOrEqual(4_000);
  expect(Buffer.byteLength(second)).toBeGreaterThan(3_300);
});

test('what cannot be made a request of is a known failure: nothing was sent', async () => {
  const world = await open();
  expect(await world.run('slack.message', { channel: '#\ud800', text: 'x' }, KEY)).toMatchObject({
    ok: false,
    error: { outcome: 'known', reason: 'not-sent', retryable: false },
  });
  expect(world.standIn.state.requests).toBe(0);
});
