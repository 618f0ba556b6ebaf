import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { type Config, checkConfig, parseConfig, printConfig } from '#runtime/config.js';
import { loadConfig } from '#runtime/config-load.js';
import { durationOr } from '#runtime/config-text.js';

const kinds = {
  sourceKinds: {
    alertmanager: z.strictObject({}),
    adhoc: z.strictObject({}),
    cloudevents: z.strictObject({}),
    argo: z.strictObject({ unwrap: z.boolean().default(true) }),
  },
  destinationKinds: {
    slack: z.strictObject({ tokenFile: z.string(), baseUrl: z.url().default('https://slack.com/api/'), settle: durationOr('3s') }),
    http: z.strictObject({ baseUrl: z.url() }).transform((given) => given),
  },
};
const folder = mkdtempSync(join(tmpdir(), 'config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function problems(input: unknown): Record<string, string> {
  const checked = checkConfig(input, kinds);
  if (checked.ok) return {};
  return Object.fromEntries(
    checked.problems.map((one) => [one.path, `${one.expected} | ${one.received}${one.hint ? ` | ${one.hint}` : ''}`]),
  );
}

function load(text: string, env: Record<string, string> = {}, flags: Record<string, unknown> = {}): Config {
  const file = join(folder, 'router.yaml');
  writeFileSync(file, text);
  return loadConfig({ file, env, flags, ...kinds });
}

test('fills in every default, durations in milliseconds and sizes in bytes', () => {
  expect(parseConfig({}, kinds)).toEqual({
    role: 'all',
    http: { host: '127.0.0.1', port: 8080, auth: {}, rate: { perSecond: 200, burst: 2_000 } },
    log: {
      kind: 'embedded',
      dir: './.data',
      retentionMs: 604_800_000,
      brokers: [],
      prefix: 'sre-router',
      group: 'sre-router',
      clientId: 'sre-router',
      sessionTimeoutMs: 15_000,
      partitions: 12,
      rawPartitions: 6,
      replication: 3,
      rawSources: ['argo', 'alertmanager', 'events'],
    },
    mappings: './mappings',
    sources: {
      alertmanager: { kind: 'alertmanager', settings: {} },
      adhoc: { kind: 'adhoc', settings: {} },
      events: { kind: 'cloudevents', settings: {} },
      argo: { kind: 'argo', settings: { unwrap: true } },
    },
    destinations: {},
    incidents: { reopenWithinMs: 1_800_000, expireAfterMs: 43_200_000, dedupeWindowMs: 3_600_000 },
    limits: { bodyBytes: 16_777_216, alertCount: 20_000, eventBytes: 900_000, depth: 64, unfinishedCount: 100_000 },
    workflow: { runningCount: 100, graceMs: 20_000 },
  });
});

test('gives a destination its common part and its kind the keys that the kind names', () => {
  const { destinations } = parseConfig(
    { destinations: { slack: { kind: 'slack', tokenFile: 'slack.token', settle: '5s', budget: { perSecond: 1, per: 'channel' } } } },
    kinds,
  );
  expect(destinations.slack).toEqual({
    kind: 'slack',
    concurrency: 10,
    timeoutMs: 10_000,
    settleMs: 5_000,
    budget: { perSecond: 1, per: 'channel' },
    breaker: { failures: 5, cooldownMs: 30_000 },
    settings: { tokenFile: 'slack.token', baseUrl: 'https://slack.com/api/', settle: 5_000 },
  });
});

test('tells all problems together, each with path, expected, received and what to do', () => {
  const input = {
    htpp: {},
    http: { port: 'eighty', auth: { tokenFile: 'x' } },
    log: { kind: 'rabbit', retention: '7 days' },
    limits: { body: '16 MB', alerts: 0 },
    sources: { Bad: { kind: 'adhoc' } },
    destinations: {
      slack: { kind: 'slak' },
      pager: { kind: 'http', timeout: 10, concurency: 3, breaker: { failures: -1 }, baseUrl: 'ftp://x' },
      chat: { kind: 'slack', token: 'xoxb-canary', tokenFile: 'x' },
    },
  };
  expect(problems(input)).toEqual({
    htpp: 'no such key | "htpp" | did you mean "http"?',
    'http.port': 'a number | "eighty"',
    'http.auth.tokenFile': 'no such key | "tokenFile" | did you mean "tokensFile"?',
    'log.kind': 'one of "embedded", "kafka" | "rabbit"',
    'log.retention': 'a duration such as 250ms, 30s, 10m, 1h30m or 7d | "7 days"',
    'limits.body': 'a size such as 512B, 900kB or 16MiB | "16 MB"',
    'limits.alerts': 'at least 1 | 0',
    'sources.Bad': 'a name of a-z, 0-9, dot, dash or underscore | an object',
    'destinations.slack.kind': 'one of slack, http | "slak" | did you mean "slack"?',
    'destinations.pager.timeout': 'a string | 10',
    'destinations.pager.concurency': 'no such key | "concurency" | did you mean "concurrency"?',
    'destinations.pager.breaker.failures': 'at least 0 | -1',
    'destinations.pager.baseUrl': 'an http:// or https:// URL without user, password, query or fragment | "ftp://x"',
    'destinations.chat.token': 'no such key | "token" | secrets are given as files: use "tokenFile"',
  });
});

test('never repeats a secret in a problem', () => {
  const canary = 'hunter2-canary';
  const input = {
    password: canary,
    destinations: {
      chat: { kind: 'slack', token: canary, tokenFile: { token: canary } },
      pager: { kind: 'http', baseUrl: `https://bot:${canary}@pager.example` },
      hook: { kind: 'http', baseUrl: `https://pager.example/?key=${canary}` },
    },
  };
  expect(() => parseConfig(input, kinds)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  expect(JSON.stringify(problems(input))).not.toContain(canary);
  expect(Object.keys(problems(input))).toHaveLength(5);
});

test('does not take events that the topics would refuse', () => {
  const kafka = (event: string): Record<string, string> => problems({ log: { kind: 'kafka', brokers: ['a:1'] }, limits: { event } });
  expect(kafka('1MB')).toEqual({});
  expect(kafka('2MB')['limits.event']).toMatch(/^at most 1000000 bytes, since log\.kind is kafka \| 2000000 bytes \|/);
  expect(problems({ limits: { event: '2MB' } })).toEqual({});
});

test('does not keep ids for a shorter time than it promises to recognise them', () => {
  expect(problems({ log: { retention: '30m' } })).toEqual({ 'log.retention': 'at least incidents.dedupeWindow (3600000 ms) | 1800000 ms' });
});

test.each(['0.0.0.0', '10.0.0.1', '::', 'router.example'])('does not listen on %s without tokens', (host) => {
  expect(Object.keys(problems({ http: { host } }))).toEqual(['http.host']);
  expect(problems({ http: { host, auth: { tokensFile: 'tokens.json' } } })).toEqual({});
});

test('flags win over the environment, the environment over the file, the file over defaults', () => {
  const file = 'http: { port: 1111 }\nlog: { dir: file }\nincidents: { reopenWithin: 1m }\n';
  const config = load(
    file,
    { SRE_ROUTER_HTTP__PORT: '2222', SRE_ROUTER_LOG__DIR: 'env', PATH: '/bin' },
    { 'http.port': 3333, 'http.host': undefined },
  );
  expect([config.http.port, config.http.host, config.log.dir, config.incidents.reopenWithinMs]).toEqual([3333, '127.0.0.1', 'env', 60_000]);
});

test('an environment variable reaches a destination whose name has a dash', () => {
  const config = load('destinations: { my-chat: { kind: slack } }', { SRE_ROUTER_DESTINATIONS__MY_CHAT__TOKEN_FILE: '/run/secrets/slack' });
  expect(config.destinations['my-chat']?.settings).toMatchObject({ tokenFile: '/run/secrets/slack' });
});

test('does not take the variables that Kubernetes makes for a Service named sre-router for settings', () => {
  const env = {
    SRE_ROUTER_SERVICE_HOST: '10.96.0.7',
    SRE_ROUTER_SERVICE_PORT: '80',
    SRE_ROUTER_SERVICE_PORT_HTTP: '80',
    SRE_ROUTER_PORT: 'tcp://10.96.0.7:80',
    SRE_ROUTER_PORT_80_TCP: 'tcp://10.96.0.7:80',
    SRE_ROUTER_PORT_80_TCP_ADDR: '10.96.0.7',
    SRE_ROUTER_METRICS_SERVICE_HOST: '10.96.0.8',
    SRE_ROUTER_METRICS_PORT_9090_TCP_PROTO: 'tcp',
  };
  expect(loadConfig({ env, flags: {}, ...kinds })).toEqual(parseConfig({}, kinds));
});

test('does not ignore a mistyped environment variable', () => {
  expect(() => load('', { SRE_ROUTER_HTTP__PROT: '1' })).toThrow(
    /http\.prot: expected no such key, received "prot"; did you mean "port"\?/,
  );
});

test.each([
  ['http: {', /neither YAML nor JSON/],
  ['http: 1\nhttp: 2', /neither YAML nor JSON/],
  ['[1]', /expected an object/],
])('does not start on a broken file: %s', (text, message) => {
  expect(() => load(text)).toThrow(message);
});

test('names a file that is not there', () => {
  expect(() => loadConfig({ file: join(folder, 'none.yaml'), env: {}, flags: {}, ...kinds })).toThrow(
    /none\.yaml cannot be read .*--config/,
  );
});

test('prints the configuration without secrets, with the names of their files', () => {
  const config = parseConfig({ destinations: { chat: { kind: 'slack', tokenFile: '/run/slack.token' } } }, kinds);
  const planted = {
    ...config,
    destinations: { x: { ...config.destinations.chat, settings: { password: 'canary', url: 'http://u:canary@h/' } } },
  };
  expect(printConfig(config)).toContain('/run/slack.token');
  expect(printConfig(planted as unknown as Config)).not.toContain('canary');
});

test('whatever is in the document, it is a configuration or a list of problems, never another exception', () => {
  fc.assert(
    fc.property(
      fc.object({ key: fc.constantFrom('http', 'sources', 'destinations', 'kind', 'slack', 'port', '__proto__', 'budget') }),
      (input) => {
        const checked = checkConfig(input, kinds);
        if (!checked.ok) expect(checked.problems.length).toBeGreaterThan(0);
      },
    ),
  );
  for (const input of [null, 1, 'x', [], { sources: [] }, { destinations: { a: null } }, { sources: null }])
    expect(() => checkConfig(input, kinds)).not.toThrow();
  expect(({} as Record<string, unknown>).budget).toBeUndefined();
});

test('Kafka needs brokers, and the roles need Kafka', () => {
  expect(problems({ log: { kind: 'kafka' } })).toEqual({
    'log.brokers': 'at least one broker, host:port, since log.kind is kafka | nothing',
  });
  expect(problems({ log: { kind: 'kafka', brokers: ['kafka'] } })).toEqual({ 'log.brokers.0': 'host:port | "kafka"' });
  expect(problems({ role: 'api' })).toEqual({
    role: 'all, since the embedded log belongs to one process | api | set log.kind to kafka to spread the roles over processes',
  });
  expect(parseConfig({ role: 'api', log: { kind: 'kafka', brokers: ['a:1', '[::1]:9092'] } }, kinds)).toMatchObject({ role: 'api' });
});
