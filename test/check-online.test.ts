import { afterEach, expect, test } from '@jest/globals';
import { checkOnline, tellProbeGaps } from '#runtime/check-online.js';
import type { Json } from '#runtime/event/event.js';
import type { OpenDestination } from '#runtime/workflow/runner.js';
import { type Kind, SECRET, World } from '#test/workflow/actions/world.js';

const opened: World[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((world) => world.close()));
});

type Use = readonly [action: string, fields?: { [name: string]: Json }];

const destinationOf = (kind: Kind, { client }: World): OpenDestination => ({ name: kind, kind, client }) as OpenDestination;
const usesOf = (kind: Kind, uses: readonly Use[]) => uses.map(([action, fields = {}]) => ({ action, destination: kind, with: fields }));

/** "ok …" and "MISS …" as they are told, for one destination set up so and used so. */
async function check(
  kind: Kind,
  settings: object,
  uses: readonly Use[],
  config: Readonly<Record<string, unknown>> = {},
): Promise<string[]> {
  const world = await World.open(kind, config);
  opened.push(world);
  if (Object.keys(settings).length > 0) world.standIn.configure({ ...settings });
  const told: string[] = [];
  for await (const checked of checkOnline([destinationOf(kind, world)], usesOf(kind, uses))) {
    told.push(`${checked.ok ? 'ok' : 'MISS'} ${checked.what}`);
    if (!checked.ok) expect(checked.remedy.length).toBeGreaterThan(10);
  }
  expect(world.standIn.state.effects).toEqual([]);
  return told;
}

const MESSAGE: Use = ['slack.message', { channel: '#sre', text: 'x' }];

test('Slack: token, scopes and each channel that a mapping names are told', async () => {
  expect(
    await check('slack', {}, [MESSAGE, ['slack.reply'], ['slack.message', { channel: null }], ['slack.message', { channel: 'dcr' }]]),
  ).toEqual([
    'ok the token works: sre-router in Sandbox',
    'ok scopes: chat:write, channels:read, channels:history, groups:read, groups:history',
    'ok channel #sre: the bot is a member',
    'ok channel #dcr: the bot is a member',
  ]);
});

test('Slack: each missing scope is a miss, but only of actions that are used', async () => {
  const scopes = ['chat:write', 'channels:read'];
  expect(await check('slack', { scopes }, [MESSAGE])).toEqual([
    'ok the token works: sre-router in Sandbox',
    'MISS the scope channels:history is missing',
    'MISS the scope groups:read is missing',
    'MISS the scope groups:history is missing',
    'ok channel #sre: the bot is a member',
  ]);
  expect(await check('slack', { scopes: ['chat:write'] }, [['slack.update']])).toEqual([
    'ok the token works: sre-router in Sandbox',
    'ok scopes: chat:write',
  ]);
});

test.each<[string, object, string]>([
  ['not there', {}, 'MISS channel #nowhere is not there, or not visible to the bot'],
  [
    'private and without the bot',
    { channels: { nowhere: { private: true, member: false } } },
    'MISS channel #nowhere is not there, or not visible to the bot',
  ],
  ['archived', { channels: { nowhere: { archived: true } } }, 'MISS channel #nowhere is archived'],
  [
    'public and without the bot',
    {
      scopes: ['chat:write', 'channels:read', 'channels:history', 'groups:read', 'groups:history'],
      channels: { nowhere: { member: false } },
    },
    'MISS the bot is no member of channel #nowhere',
  ],
  [
    'public where the bot may post all the same',
    { channels: { nowhere: { member: false } } },
    'ok channel #nowhere: the bot may post as no member, but an unknown outcome there needs a person; invite it',
  ],
])('Slack: a channel that is %s', async (_what, settings, told) => {
  const channel = '#nowhere';
  expect((await check('slack', { pageItems: 2, ...settings }, [['slack.message', { channel }]])).at(-1)).toBe(told);
});

test('Slack: a token that is not taken ends the check there', async () => {
  expect(await check('slack', { token: 'another' }, [MESSAGE])).toEqual(['MISS auth.test: Slack answered invalid_auth.']);
});

const ISSUE: Use = ['jira.issue', { project: 'SRE', issueType: 'Incident' }];
const AUTHORIZATION = `Basic ${Buffer.from(`router@sandbox.example:${SECRET}`).toString('base64')}`;

test.each([{ version: 3 }, { version: 2 }])(
  'Jira: login, each project and issue type that a mapping names are told: %j',
  async (config) => {
    const projects = { SRE: { types: ['Task', 'Bug', 'Incident'] }, OPS: {} };
    const uses: Use[] = [
      ISSUE,
      ['jira.issue', { project: 'OPS' }],
      ['jira.issue', { project: 'OPS', issueType: null }],
      ['jira.issue', { project: null }],
    ];
    expect(await check('jira', { projects, authorization: AUTHORIZATION }, uses, config)).toEqual([
      'ok login works: SRE Router',
      'ok project SRE: Incident may be created',
      'ok project OPS: Task may be created',
    ]);
  },
);

test('Jira: what is missing is told: the project, the permission, the issue type with those that are there', async () => {
  const projects = { OPS: { types: ['Bug', 'Task', 'Epic'] }, GOV: { lacks: ['ADD_COMMENTS'] }, SEC: { lacks: ['CREATE_ISSUES'] } };
  const uses: Use[] = [
    ISSUE,
    ...['OPS', 'GOV', 'SEC'].map((project): Use => ['jira.issue', { project, issueType: 'Story' }]),
    ['jira.comment'],
  ];
  expect(await check('jira', { projects }, uses)).toEqual([
    'ok login works: SRE Router',
    'MISS project SRE does not exist, or the account may not see it',
    'MISS project OPS has no issue type Story that the account may create',
    'MISS project GOV: the account lacks ADD_COMMENTS',
    'ok project GOV: Story may be created',
    'MISS project SEC: the account lacks CREATE_ISSUES',
  ]);
});

test('Jira: a login that is refused ends the check there', async () => {
  expect(await check('jira', { authorization: 'Basic other' }, [ISSUE])).toEqual(['MISS GET /myself: status 401.']);
});

test('the SRE API is reachable and takes the token, or not', async () => {
  expect(await check('sre', {}, [])).toEqual(['ok reachable, and the token is accepted']);
  expect(await check('sre', { token: 'another' }, [])).toEqual(['MISS the token is not accepted (status 401)']);
  expect(await check('sre', {}, [['sre.task']], { idempotency: undefined })).toEqual([
    'ok reachable, and the token is accepted',
    'ok no idempotency header is configured: after a lost answer to a submission a person decides',
  ]);
});

test.each<Kind>(['slack', 'jira', 'sre', 'http'])('%s: a destination that cannot be reached is a miss', async (kind) => {
  const world = await World.open(kind);
  opened.push(world);
  await world.standIn.close();
  const told: boolean[] = [];
  for await (const { ok } of checkOnline([destinationOf(kind, world)], [])) told.push(ok);
  expect(told).toEqual([false]);
});

test('an HTTP destination that answers anything but an error of its own is reachable', async () => {
  expect(await check('http', {}, [])).toEqual(['ok reachable (HEAD / answered 404)']);
  const world = await World.open('http');
  opened.push(world);
  world.standIn.setFault({ route: '*', fault: '500' });
  for await (const { ok } of checkOnline([destinationOf('http', world)], [])) expect(ok).toBe(false);
});

test('at start only what looking up needs is asked for and told; a destination that cannot be asked says nothing', async () => {
  const world = await World.open('slack');
  const gone = await World.open('slack');
  opened.push(world, gone);
  await gone.standIn.close();
  world.standIn.configure({ scopes: ['chat:write', 'channels:read', 'groups:read'] });
  const told: string[] = [];
  const tell = (destination: string, sentence: string): void => void told.push(`${destination}: ${sentence}`);
  await tellProbeGaps([destinationOf('slack', world)], usesOf('slack', [['slack.update']]), tell);
  await tellProbeGaps([destinationOf('slack', gone)], usesOf('slack', [MESSAGE]), tell);
  expect([told, world.standIn.state.requests]).toEqual([[], 0]);
  await tellProbeGaps([destinationOf('slack', world)], usesOf('slack', [MESSAGE]), tell);
  expect(told).toEqual([expect.stringContaining('slack: It lacks channels:history, groups:history')]);
  expect(world.standIn.state.requestsByRoute).toEqual({ 'auth.test': 1 });
});
