import { afterEach, expect, test } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { adf, labelTexts, summaryText, wiki } from '#runtime/workflow/actions/jira-text.js';
import { actionOf, World } from './world.js';

const KEY = '5f'.repeat(32);
const MARK = `[sre:${KEY.slice(0, 12)}]`;
const ISSUE = { project: 'SRE', summary: 'down' };
const opened: World[] = [];
const open = async (settings: Readonly<Record<string, unknown>> = {}): Promise<World> => {
  const world = await World.open('jira', settings);
  opened.push(world);
  return world;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((world) => world.close()));
});

const VERSIONS = [{ version: 3 }, { version: 2, auth: 'bearer' }] as const;
const key = async (world: World): Promise<string> => ((await world.must('jira.issue', ISSUE, 'prepared')) as { key: string }).key;

test.each(VERSIONS)('a comment is found behind any number of later ones, and not before all were read: %j', async (settings) => {
  const world = await open(settings);
  const issue = await key(world);
  const made = await world.must('jira.comment', { issue, text: 'looked for' }, KEY);
  for (let more = 0; more < 120; more += 1) await world.must('jira.comment', { issue, text: 'later' }, `m${more}`);
  expect(await world.probe('jira.comment', { issue, text: 'looked for' }, KEY)).toMatchObject({ ok: true, value: made });
  expect(await world.probe('jira.comment', { issue, text: 'x' }, 'none')).toMatchObject({ ok: true, value: undefined });
  expect(world.standIn.state.requestsByRoute['comment.list']).toBe(4);
});

test.each(VERSIONS)('the longest comment and description are taken, and the comment keeps its mark: %j', async (settings) => {
  const world = await open(settings);
  const hostile = '{}\n'.repeat(20_000);
  const { key: issue } = (await world.must('jira.issue', { ...ISSUE, description: hostile }, 'a')) as { key: string };
  const made = await world.must('jira.comment', { issue, text: hostile }, KEY);
  expect(await world.probe('jira.comment', { issue, text: hostile }, KEY)).toMatchObject({ ok: true, value: made });
});

test.each(VERSIONS)('a mark in a payload is not taken for our own: %j', async (settings) => {
  const world = await open(settings);
  const issue = await key(world);
  for (const text of [MARK, `x\n${MARK}`, `x ${MARK}\n`]) await world.must('jira.comment', { issue, text }, 'another');
  expect(await world.probe('jira.comment', { issue, text: 'x' }, KEY)).toMatchObject({ ok: true, value: undefined });
});

test('a label in a payload is not taken for that of another issue', async () => {
  const world = await open();
  await world.must('jira.issue', { ...ISSUE, labels: [`sre-${KEY.slice(0, 12)}`, `SRE-${KEY.slice(0, 12)}`] }, 'another');
  expect(await world.probe('jira.issue', ISSUE, KEY)).toMatchObject({ ok: true, value: undefined });
});

test('labels, summary and description are made what Jira takes', async () => {
  const world = await open();
  const labels = ['mac 7', '', 'mac 7', 'x'.repeat(300), ' sre '];
  await world.must('jira.issue', { ...ISSUE, summary: `a\r\nb\u202e ${'😀'.repeat(200)}`, labels }, KEY);
  const [made] = world.standIn.state.effects;
  expect(made?.labels).toEqual(['mac_7', `${'x'.repeat(254)}…`, 'sre', `sre-${KEY.slice(0, 12)}`]);
  expect(made?.summary).toMatch(/^a b\ufffd 😀+…$/u);
  expect(String(made?.summary)).toHaveLength(254);
});

test('text from payloads is no markup: documents hold it as text, wiki text is escaped', () => {
  expect(adf('[~admin] *b*\n\nh1. x\u0000')).toEqual({
    type: 'doc',
    version: 1,
    content: [
      { type: 'paragraph', content: [{ type: 'text', text: '[~admin] *b*' }] },
      { type: 'paragraph', content: [] },
      { type: 'paragraph', content: [{ type: 'text', text: 'h1. x\ufffd' }] },
    ],
  });
  expect(wiki('[~admin] {code} !pic! |a| -x- h1. y', '[m]')).toBe('\\[\\~admin\\] \\{code\\} \\!pic\\! \\|a\\| \\-x\\- h1. y\n[m]');
  expect(wiki('h1. big\n  bq. quote\n\\\\')).toBe('\u2060h1. big\n  \u2060bq. quote\n\\\\\\\\');
});

test.each([
  ['a document', (text: string) => JSON.stringify(adf(text, MARK)).length, 32_767],
  ['wiki text', (text: string) => wiki(text, MARK).length, 32_767],
  ['a summary', (text: string) => summaryText(text).length, 255],
  ['a label', (text: string) => labelTexts([text])[0]?.length ?? 0, 255],
])('%s fills its limit and never exceeds it', (_what, sizeOf, most) => {
  for (const text of ['x', '{', '"', '😀', '{\n', '\u0001', 'x\n\n'].map((unit) => unit.repeat(50_000))) {
    expect(sizeOf(text)).toBeLessThanOrEqual(most);
    if (!text.includes('\n')) expect(sizeOf(text)).toBeGreaterThan(most - 80);
  }
});

test('an empty page of the search that names a next one is not the end of it', async () => {
  const world = await open();
  const made = await world.must('jira.issue', ISSUE, KEY);
  const pages: Json[] = [{ issues: [], nextPageToken: 'more' }, { issues: [{ id: '10001', key: 'SRE-1' }] }];
  const client = world.client as { send: (request: { path: string }) => Promise<unknown> };
  const asked: unknown[] = [];
  client.send = async (request) => {
    asked.push(request);
    return pages.shift();
  };
  expect(await world.probe('jira.issue', ISSUE, KEY)).toMatchObject({ ok: true, value: { ...(made as object), id: '10001' } });
  expect(asked[1]).toMatchObject({ params: { nextPageToken: 'more' } });
});

test('an issue is moved by the name of a status or of a transition; one that is there is left alone; one that cannot go there says where it can', async () => {
  const world = await open();
  const issue = await key(world);
  expect(await world.must('jira.transition', { issue: { key: issue }, to: 'in progress' }, KEY)).toEqual({ status: 'In Progress' });
  const before = world.standIn.state.requestsByRoute.transition;
  expect(await world.must('jira.transition', { issue, to: 'In Progress' }, KEY)).toEqual({ status: 'In Progress' });
  expect(world.standIn.state.requestsByRoute.transition).toBe(before);
  expect(await world.run('jira.transition', { issue, to: 'Nowhere' }, KEY)).toMatchObject({
    ok: false,
    error: { outcome: 'known', reason: 'no-such-transition', retryable: false, message: expect.stringContaining('To Do, Done') },
  });
});

test('what is no issue key is refused before anything is sent', () => {
  const { input } = actionOf('jira.comment');
  for (const issue of ['../../serverInfo', 'SRE-1/../2', 'SRE-1?x', '%2e%2e', ''])
    expect(input.safeParse({ issue, text: 'x' }).success).toBe(false);
  for (const issue of ['SRE-1', '10001', { key: 'A_B-12' }]) expect(input.safeParse({ issue, text: 'x' }).success).toBe(true);
});
