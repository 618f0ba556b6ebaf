import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { cli } from '#test/support/cli.js';
import { HttpTarget, type TargetAnswer, type TargetRequest } from '#test/support/http-target.js';
import { RunningRouter } from '#test/support/running-router.js';

/** One in every place that holds a secret. */
const DESTINATION_CANARIES = {
  slack: 'xoxb-1111-canarySlackToken',
  jiraCloud: 'canaryJira+Cloud/Token==',
  jiraServer: 'canaryJiraServerToken"quoted',
  sre: 'canarySreToken0123456789',
  headerKey: 'canaryHeaderKey-abcdef',
  headerPassword: 'canary:Header Password&<>',
  headerBearer: 'canaryHeaderBearer.xyz',
};
const CALLER_CANARY = 'canaryCallerTokenOperate';
const PAYLOAD_CANARIES = {
  plain: 'canaryPayloadPassword',
  key: 'canaryPayloadApiKey',
  header: 'Bearer canaryPayloadAuthorization',
  nested: 'canaryPayloadNested',
  listed: 'canaryPayloadListed',
  annotation: 'canaryPayloadAnnotation',
};

/** What is done to every request: the failures of the design, each telling the credentials back where it can. */
const MODES: Readonly<Record<string, (echo: string, request: TargetRequest) => TargetAnswer | Promise<TargetAnswer>>> = {
  works: (echo, { path }) => ({ body: JSON.stringify(success(path, echo)) }),
  unauthorized: (echo) => ({
    status: 401,
    body: JSON.stringify({ ok: false, error: echo, message: `bad credentials: ${echo}`, errorMessages: [echo] }),
  }),
  refused: (echo) => ({
    status: 400,
    headers: { 'content-type': 'text/plain', 'x-echo': encodeURIComponent(echo) },
    body: `you sent ${echo}`,
  }),
  broken: (echo) => ({ status: 500, body: JSON.stringify({ error: echo }) }),
  busy: (echo) => ({ status: 429, headers: { 'retry-after': '0', 'content-type': 'application/json' }, body: JSON.stringify({ echo }) }),
  malformed: (echo) => ({ body: `{"ok": tru ${echo}` }),
  page: (echo) => ({ headers: { 'content-type': 'text/html' }, body: `<html>${echo}</html>` }),
  unsuccessful: (echo) => ({ body: JSON.stringify({ ok: false, error: echo, id: echo, state: echo }) }),
  redirect: (echo) => ({ status: 302, headers: { location: `/?token=${encodeURIComponent(echo)}` } }),
  lost: () => ({ lost: true }),
  hang: () => new Promise(() => undefined),
};

function success(path: string, echo: string): object {
  if (path.includes('conversations.list')) return { ok: true, channels: [{ id: 'C0000001', name: 'sre' }] };
  if (path.includes('conversations')) return { ok: true, messages: [] };
  return {
    ok: true,
    channel: 'C0000001',
    ts: '1.000',
    id: '1',
    key: 'SRE-1',
    state: 'done',
    echo,
    nested: { list: [{ said: `<${echo}>` }] },
  };
}

const targets: HttpTarget[] = [];
const routers: RunningRouter[] = [];
const consoleMethods = ['log', 'info', 'warn', 'error', 'debug'] as const;
const consoles = consoleMethods.map((method) => [method, console[method]] as const);
afterEach(async () => {
  for (const [method, original] of consoles) console[method] = original;
  await Promise.all(routers.splice(0).map((router) => router.close()));
  await Promise.all(targets.splice(0).map((target) => target.close()));
});

/** Every form under which a canary counts as told. */
function forms(canary: string): string[] {
  const text = Buffer.from(canary, 'utf8');
  const inside = [0, 1, 2].map((offset) => {
    const padded = Buffer.concat([Buffer.alloc(offset), text]).toString('base64');
    return padded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + text.length) * 8) / 6));
  });
  return [
    canary,
    encodeURIComponent(canary),
    JSON.stringify(canary).slice(1, -1),
    ...inside,
    ...inside.map((form) => form.replaceAll('+', '-').replaceAll('/', '_')),
  ];
}

/** A part of one counts too: all have this word in them, and nothing else has. */
const PART = 'canary';

function expectNone(what: string, text: string, canaries: Readonly<Record<string, string>>): void {
  for (const [name, canary] of Object.entries(canaries)) {
    for (const form of forms(canary)) {
      const at = text.indexOf(form);
      expect(at === -1 ? '' : `${what} tells ${name}: …${text.slice(Math.max(0, at - 200), at + form.length + 20)}…`).toBe('');
    }
  }
}

async function open(
  readable: boolean,
): Promise<{ router: RunningRouter; target: HttpTarget; setMode: (mode: string) => void; said: string[] }> {
  const target = await new HttpTarget().start();
  targets.push(target);
  let mode = 'works';
  target.answer = (request) => {
    const { authorization = '', cookie, 'x-api-key': key, 'x-bearer': bearer } = request.headers;
    const decoded = /^Basic (\S+)/.exec(authorization)?.[1];
    const echo = [
      authorization,
      key,
      bearer,
      cookie,
      decoded === undefined ? '' : Buffer.from(decoded, 'base64').toString('utf8'),
      request.body,
    ].join(' ');
    return MODES[mode]?.(echo, request) ?? {};
  };
  const router = new RunningRouter();
  routers.push(router);
  const said: string[] = [];
  for (const method of consoleMethods) console[method] = (...args: unknown[]) => void said.push(args.map(String).join(' '));
  const secret = (name: keyof typeof DESTINATION_CANARIES): string => router.file(`${name}.token`, `${DESTINATION_CANARIES[name]}\n`);
  const { headerKey, headerPassword, headerBearer } = DESTINATION_CANARIES;
  const basic = Buffer.from(`user:${headerPassword}`).toString('base64');
  const headersFile = router.file(
    'headers.json',
    JSON.stringify({ 'x-api-key': headerKey, authorization: `Basic ${basic}`, 'x-bearer': `Bearer ${headerBearer}` }),
  );
  const tokensFile = router.file(
    'tokens.json',
    JSON.stringify([
      { name: 'tester', sha256: createHash('sha256').update(CALLER_CANARY).digest('hex'), roles: ['ingest', 'read', 'operate'] },
    ]),
  );
  const once = { retry: { attempts: 1, backoff: '1ms', maxAge: '1s' }, onError: 'park', timeout: '200ms' };
  const at = { channel: 'C0000001', ts: '1.0' };
  await router.start({
    readable,
    routes: {
      'adhoc.probe': [
        ['slack', 'slack.message', { channel: '#sre', text: 'about ${{ data.password }}' }],
        ['slack-reply', 'slack.reply', { to: at, text: 'reply' }],
        ['slack-update', 'slack.update', { to: at, text: 'update' }],
        ['jira', 'jira.issue', { project: 'SRE', summary: 'summary' }],
        ['jira-comment', 'jira.comment', { issue: 'SRE-1', text: 'comment' }],
        ['jira-transition', 'jira.transition', { issue: 'SRE-1', to: 'Done' }, 'server'],
        ['sre', 'sre.task', { task: 'bounce', params: { about: '${{ data }}' } }],
        ['http-get', 'http.request', { method: 'GET', path: '/x' }, 'api'],
        ['http-post', 'http.request', { method: 'POST', path: '/x', body: { about: '${{ data }}' } }, 'api'],
        ['missing-file', 'http.request', { method: 'GET', path: '/x' }, 'nofile'],
        ['broken-file', 'http.request', { method: 'GET', path: '/x' }, 'badfile'],
        ['impossible-header', 'sre.task', { task: 'bounce' }, 'multiline'],
      ].map(([name, use, given, destination]) => ({
        name,
        continue: true,
        actions: [{ id: 'call', use, ...(destination === undefined ? {} : { destination }), with: given, ...once }],
      })),
      'alertmanager.alert': [
        {
          name: 'shadow',
          mode: 'shadow',
          actions: [{ id: 'call', use: 'slack.message', with: { channel: '#sre', text: '${{ data.annotations.api_key }}' } }],
        },
      ],
    },
    destinations: {
      slack: {
        breaker: { failures: 0 },
        kind: 'slack',
        tokenFile: secret('slack'),
        baseUrl: `${target.url}api/`,
        settle: '1ms',
        budget: { perSecond: 10_000, per: 'channel' },
      },
      jira: {
        breaker: { failures: 0 },
        kind: 'jira',
        tokenFile: secret('jiraCloud'),
        auth: 'basic',
        email: 'bot@example.com',
        baseUrl: target.url,
        settle: '1ms',
      },
      server: {
        breaker: { failures: 0 },
        kind: 'jira',
        version: 2,
        tokenFile: secret('jiraServer'),
        auth: 'bearer',
        baseUrl: target.url,
        settle: '1ms',
      },
      sre: {
        breaker: { failures: 0 },
        kind: 'sre',
        tokenFile: secret('sre'),
        baseUrl: target.url,
        idempotency: { header: 'Idempotency-Key' },
      },
      api: { breaker: { failures: 0 }, kind: 'http', headersFile, baseUrl: target.url },
      nofile: { breaker: { failures: 0 }, kind: 'http', headersFile: join(router.dir, 'none.json'), baseUrl: target.url },
      badfile: {
        breaker: { failures: 0 },
        kind: 'http',
        headersFile: router.file('bad.json', `{"x-api-key": "${headerKey}" oops ${headerBearer}`),
        baseUrl: target.url,
      },
      multiline: {
        breaker: { failures: 0 },
        kind: 'sre',
        tokenFile: router.file('multiline.token', `first line\n${DESTINATION_CANARIES.sre}${'x'.repeat(300)}\nthird`),
        baseUrl: target.url,
      },
    },
    config: { http: { host: '127.0.0.1', port: 0, auth: { tokensFile } } },
  });
  return {
    router,
    target,
    said,
    setMode(next) {
      mode = next;
    },
  };
}

const AUTH = { authorization: `Bearer ${CALLER_CANARY}` };
const DATA = {
  password: PAYLOAD_CANARIES.plain,
  api_key: PAYLOAD_CANARIES.key,
  headers: { Authorization: [PAYLOAD_CANARIES.header] },
  deep: [{ list: [{ client_secret: { value: PAYLOAD_CANARIES.nested } }] }],
  tokens: [PAYLOAD_CANARIES.listed],
};

async function send(router: RunningRouter, correlationid: string): Promise<string> {
  const { json } = await router.post('/ingest/adhoc', { type: 'adhoc.probe', correlationid, data: DATA }, AUTH);
  return json.events[0].id;
}

async function waitFor(router: RunningRouter, id: string): Promise<void> {
  for (const untilMs = Date.now() + 20_000; Date.now() < untilMs; ) {
    const { json } = await router.ask(`/api/v1/events/${id}`, { headers: AUTH });
    if (['done', 'failed', 'parked', 'ambiguous', 'waiting', 'unrouted', 'repeat', 'quarantined'].includes(json?.state)) return;
  }
  throw new Error(`event ${id} does not come to rest`);
}

test('a secret file that is missing or broken is a known failure that names the file and nothing of its content', async () => {
  const target = await new HttpTarget().start();
  const router = new RunningRouter();
  targets.push(target);
  routers.push(router);
  const call = (name: string): object => ({
    name,
    continue: true,
    actions: [{ id: 'call', use: 'http.request', destination: name, retry: { attempts: 1 }, with: { method: 'POST', path: '/x' } }],
  });
  await router.start({
    routes: { t: [call('missing'), call('broken')] },
    destinations: {
      missing: { kind: 'http', headersFile: join(router.dir, 'none.json'), baseUrl: target.url },
      broken: { kind: 'http', headersFile: router.file('broken.json', '{"x-api-key": canary1234567890}'), baseUrl: target.url },
    },
  });
  const { state, branches } = await router.send({ type: 't' });
  const steps = branches.flatMap((branch: { steps: object[] }) => branch.steps);
  expect(state).toBe('failed');
  expect(steps).toMatchObject([
    { reason: 'secret-unreadable', detail: expect.stringContaining('none.json cannot be read (ENOENT)') },
    { reason: 'secret-invalid', detail: expect.stringContaining('broken.json is no JSON object {header: value}') },
  ]);
  expect(router.lines.join('')).toContain('destinations.missing.headersFile');
  expect(router.lines.join('') + JSON.stringify(steps)).not.toContain('canary');
  expect(target.requests).toEqual([]);
});

test.each([
  ['JSON', false],
  ['readable', true],
])(
  'no secret is told anywhere, whatever happens: %s logs',
  async (_kind, readable) => {
    const { router, target, setMode, said } = await open(readable);
    const ids: string[] = [];
    for (const mode of Object.keys(MODES)) {
      setMode(mode);
      const id = await send(router, mode);
      await waitFor(router, id);
      ids.push(id);
    }
    const alert = {
      version: '4',
      status: 'firing',
      receiver: 'r',
      groupKey: 'g',
      groupLabels: {},
      commonLabels: {},
      commonAnnotations: {},
      externalURL: '',
      alerts: [
        {
          status: 'firing',
          labels: {},
          annotations: { api_key: PAYLOAD_CANARIES.annotation },
          startsAt: '2026-01-01T00:00:00Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: '0123456789abcdef',
        },
      ],
    };
    ids.push((await router.post('/ingest/alertmanager', alert, AUTH)).json.events[0].id);
    ids.push((await router.post('/ingest/adhoc', { type: 'adhoc.task', data: { task: 1, ...DATA } }, AUTH)).json.events[0].id);
    for (const id of ids.slice(-2)) await waitFor(router, id);
    const refusals = [
      await router.post('/ingest/adhoc', `{"password": "${PAYLOAD_CANARIES.plain}", oops}`, AUTH),
      await router.post('/ingest/adhoc', `{"password": ${PAYLOAD_CANARIES.plain}}`, AUTH),
      await router.post('/ingest/argo', `{"password": ${PAYLOAD_CANARIES.plain}}`, AUTH),
      await router.post('/ingest/adhoc', `{"type": "t", "data": {"password": "${PAYLOAD_CANARIES.plain}", "__proto__": 1}}`, AUTH),
      await router.post(
        '/ingest/events',
        { specversion: '1.0', id: 7, source: 's', type: 't', data: DATA, time: 'yesterday' },
        { ...AUTH, 'content-type': 'application/cloudevents+json' },
      ),
      await router.post(
        '/ingest/argo',
        `{"event": {"id": "e", "subject": "adhoc"}, "body": "{\\"password\\": \\"${PAYLOAD_CANARIES.plain}\\", oops}"}`,
        AUTH,
      ),
      await router.post(`/api/v1/events/${ids[0]}/retry`, { reason: 'r', password: PAYLOAD_CANARIES.plain }, AUTH),
      await router.ask('/api/v1/events', { headers: { authorization: 'Bearer wrong' } }),
      await router.ask(`/${DESTINATION_CANARIES.sre}`, { headers: AUTH }),
    ];
    for (const { json } of refusals) if (json?.events) ids.push(json.events[0].id);

    const paths = [
      '/',
      '/openapi.json',
      '/metrics',
      '/readyz',
      '/livez',
      '/api/v1/mappings',
      '/api/v1/events?limit=100',
      '/api/v1/incidents',
    ];
    const { json: incidents } = await router.ask('/api/v1/incidents', { headers: AUTH });
    for (const { key } of incidents.incidents) paths.push(`/api/v1/incidents/${encodeURIComponent(key)}`);
    for (const id of ids) paths.push(`/api/v1/events/${id}`);
    const api = await Promise.all(paths.map(async (path) => `${path}: ${(await router.ask(path, { headers: AUTH })).text}`));
    const tokenFile = router.file('caller.token', CALLER_CANARY);
    const flags = ['--url', router.url, '--token-file', tokenFile];
    const runs = await Promise.all([cli(['events', '--limit', '100', ...flags]), ...ids.map((id) => cli(['explain', id, ...flags]))]);
    await router.stop();
    const disk = readdirSync(join(router.dir, 'data'))
      .map((file) => readFileSync(join(router.dir, 'data', file)).toString('latin1'))
      .join('');

    // Nothing is written past the router's own log.
    expect(said).toEqual([]);
    // The scenario did reach the targets with every credential, and the failures did tell them back.
    expect(target.requests.length).toBeGreaterThan(60);
    expect(new Set(target.requests.map(({ headers }) => headers.authorization)).size).toBeGreaterThanOrEqual(5);
    expect(api.join('')).toContain('[redacted]');
    const everything: Record<string, string> = {
      log: router.lines.join(''),
      console: said.join('\n'),
      API: api.join('\n'),
      refusals: refusals.map(({ text }) => text).join('\n'),
      'command line': runs.map(({ out, err }) => out + err).join('\n'),
    };
    for (const [what, text] of Object.entries(everything)) {
      expectNone(what, text, DESTINATION_CANARIES);
      expectNone(what, text, PAYLOAD_CANARIES);
      expectNone(what, text, { caller: CALLER_CANARY, part: PART });
    }
    // On disk the event stands as it came: its steps need it. Credentials of destinations and callers do not.
    expectNone('the disk', disk, DESTINATION_CANARIES);
    expectNone('the disk', disk, { caller: CALLER_CANARY });
    expect(disk).toContain(PAYLOAD_CANARIES.plain);
  },
  120_000,
);
