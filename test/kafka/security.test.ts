import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { type CliRun, cli } from '#test/support/cli.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { makeTopics } from '#test/support/kafka-member.js';
import { addScramUser, makeAuthority } from '#test/support/kafka-security.js';
import { type Child, freePort, Processes, until, writeRouter } from '#test/support/processes.js';

jest.setTimeout(120_000);

const processes = new Processes();
const PASSWORD = 'canary-of-a-password-5nq';
const WRONG = 'canary-of-a-wrong-one-8xz';
const ports = { mutual: 0, login: 0, open: 0 };
let cluster: KafkaCluster;
let prefix: string;
const ca = makeAuthority(processes.dir, 'ca');
const stranger = makeAuthority(processes.dir, 'stranger');
const client = ca.issue('client');
const file = (name: string, text: string): string => processes.file(name, text);
const usernameFile = file('username', 'router\n');
const passwordFile = file('password', `${PASSWORD}\n`);
const wrongFile = file('wrong', `${WRONG}\n`);

beforeAll(async () => {
  for (const name of ['mutual', 'login', 'open'] as const) ports[name] = await freePort();
  const store = {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': ca.issue('broker').storeFile,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': ca.caFile,
  };
  const jaas = {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_router="${PASSWORD}";`,
    'scram-sha-256.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
    'scram-sha-512.sasl.jaas.config': 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
  };
  const of = (listener: string, lines: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(lines).map(([name, value]) => [`listener.name.${listener}.${name}`, value]));
  cluster = await KafkaCluster.start({
    listeners: [
      { name: 'MUTUAL', protocol: 'SSL', port: ports.mutual },
      { name: 'LOGIN', protocol: 'SASL_SSL', port: ports.login },
      { name: 'OPEN', protocol: 'SASL_PLAINTEXT', port: ports.open },
    ],
    properties: {
      'group.min.session.timeout.ms': '1000',
      ...of('mutual', { ...store, 'ssl.client.auth': 'required' }),
      ...of('login', { ...store, ...jaas }),
      ...of('open', jaas),
    },
  });
  addScramUser(cluster, 'router', PASSWORD);
  prefix = await makeTopics(cluster, 2);
}, 90_000);
afterAll(async () => {
  await processes.close();
  await cluster.close();
});

interface Security {
  port: keyof typeof ports;
  tls?: { caFile?: string; certFile?: string; keyFile?: string };
  sasl?: { mechanism: string; usernameFile: string; passwordFile: string };
}
const login = (mechanism: string, password = passwordFile): NonNullable<Security['sasl']> => ({
  mechanism,
  usernameFile,
  passwordFile: password,
});
const TRUST = { caFile: ca.caFile };
const MUTUAL = { ...TRUST, certFile: client.certFile, keyFile: client.keyFile };

function logOf({ port, tls, sasl }: Security): Record<string, unknown> {
  const brokers = [`127.0.0.1:${ports[port]}`];
  const security = { ...(tls === undefined ? {} : { tls }), ...(sasl === undefined ? {} : { sasl }) };
  return { kind: 'kafka', brokers, prefix, group: prefix, sessionTimeout: '2s', scratchDir: processes.dir, ...security };
}
let configs = 0;
function configOf(security: Security, port = 0): string {
  configs += 1;
  const sandbox = { slack: 'http://127.0.0.1:9/', jira: 'http://127.0.0.1:9/', sre: 'http://127.0.0.1:9/' };
  return writeRouter(processes, { mappings: {}, sandbox, port, config: { log: logOf(security) }, name: `config-${configs}` });
}
const topics = (security: Security): Promise<CliRun> => cli(['topics', '--config', configOf(security)]);

test.each<[string, Security]>([
  ['TLS with certificates on both sides', { port: 'mutual', tls: MUTUAL }],
  ['SASL PLAIN over TLS', { port: 'login', tls: TRUST, sasl: login('plain') }],
  ['SCRAM-SHA-256 over TLS', { port: 'login', tls: TRUST, sasl: login('scram-sha-256') }],
  ['SCRAM-SHA-512 over TLS', { port: 'login', tls: TRUST, sasl: login('scram-sha-512') }],
  ['SCRAM-SHA-512 without TLS', { port: 'open', sasl: login('scram-sha-512') }],
])('%s, by files, is how everything of the router reaches the brokers', async (_name, security) => {
  expect((await topics(security)).code).toBe(0);
  const port = await freePort();
  const child = processes.start('runtime/dist/cli.js', ['serve', '--config', configOf(security, port)]);
  const url = `http://127.0.0.1:${port}`;
  await until('it to be ready', async () => ((await fetch(`${url}/readyz`)).ok ? true : undefined), 30_000, child);
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/ingest/adhoc`, { method: 'POST', headers, body: '{"type":"nobody.takes.it"}' });
  const [event] = ((await answer.json()) as { events: { id: string }[] }).events;
  await until(
    'the event to end',
    async () =>
      ((await (await fetch(`${url}/api/v1/events/${event?.id}`)).json()) as { state?: string }).state === 'unrouted' ? true : undefined,
    30_000,
    child,
  );
  expect(await child.kill('SIGTERM')).toBe(0);
  expect(child.output).not.toContain(PASSWORD);
});

const missing = join(processes.dir, 'missing');
const noPem = file('no.pem', `${PASSWORD}\n`);
const empty = file('empty', '\n');
const other = ca.issue('other');

test.each<[string, Security, RegExp]>([
  [
    'PLAIN with a wrong password',
    { port: 'login', tls: TRUST, sasl: login('plain', wrongFile) },
    /log\.sasl\.passwordFile \(.*\/wrong\), mechanism plain/,
  ],
  [
    'SCRAM with a wrong password',
    { port: 'login', tls: TRUST, sasl: login('scram-sha-512', wrongFile) },
    /refuse the log-in.*\/username\).*\/wrong\), mechanism scram-sha-512/,
  ],
  ['no log-in where one is wanted', { port: 'open' }, /do not answer: .*Perhaps they want TLS \(log\.tls\) or a log-in \(log\.sasl\)/],
  ['no TLS where it is wanted', { port: 'login', sasl: login('plain') }, /Perhaps they want TLS \(log\.tls\)\./],
  [
    'TLS where there is none',
    { port: 'open', tls: TRUST, sasl: login('plain') },
    /do not seem to speak TLS on that port, and log\.tls is set/,
  ],
  [
    'no authority',
    { port: 'login', tls: {}, sasl: login('plain') },
    /not signed by the system's authorities \(log\.tls\.caFile is not set\)/,
  ],
  [
    'another authority',
    { port: 'login', tls: { caFile: stranger.caFile }, sasl: login('plain') },
    /not signed by log\.tls\.caFile \(.*stranger\/ca\.pem\)/,
  ],
  ['no certificate where one is wanted', { port: 'mutual', tls: TRUST }, /do not take our certificate \(log\.tls\.certFile, not set\)/],
  [
    'a certificate without its key',
    { port: 'mutual', tls: { ...TRUST, certFile: client.certFile } },
    /certFile and log\.tls\.keyFile go together/,
  ],
  [
    'the key of another certificate',
    { port: 'mutual', tls: { ...MUTUAL, keyFile: other.keyFile } },
    /log\.tls\.keyFile: .*other\.key is not the key of/,
  ],
  [
    'a file that is missing',
    { port: 'login', tls: TRUST, sasl: login('plain', missing) },
    /log\.sasl\.passwordFile: .*missing cannot be read: there is no such file\./,
  ],
  ['a file that is empty', { port: 'login', tls: TRUST, sasl: login('plain', empty) }, /log\.sasl\.passwordFile: .*empty is empty\./],
  [
    'an authority that is no certificate',
    { port: 'login', tls: { caFile: noPem } },
    /log\.tls\.caFile: .*no\.pem holds no certificate in PEM\./,
  ],
  ['a key that is none', { port: 'mutual', tls: { ...MUTUAL, keyFile: noPem } }, /log\.tls\.keyFile: .*no\.pem holds no private key/],
])('%s is told with setting and file, never with the secret', async (_name, security, says) => {
  const { code, out, err } = await topics(security);
  expect([code, out]).toEqual([2, '']);
  expect(err).toMatch(says);
  expect(err).not.toMatch(/canary/);
});

test('serve waits, not ready, while the password is wrong, and begins when the file is put right', async () => {
  const port = await freePort();
  const rotated = file('rotated', `${WRONG}\n`);
  const config = configOf({ port: 'login', tls: TRUST, sasl: login('scram-sha-256', rotated) }, port);
  const child: Child = processes.start('runtime/dist/cli.js', ['serve', '--config', config]);
  const reasons = await until('a reason', async () => {
    const answer = (await (await fetch(`http://127.0.0.1:${port}/readyz`)).json()) as { reasons: string[] };
    return answer.reasons.find((reason) => reason.includes('log-in'));
  });
  expect(reasons).toMatch(/^waits for Kafka: the brokers .* refuse the log-in .*\/rotated\), mechanism scram-sha-256/);
  writeFileSync(rotated, PASSWORD);
  await until('it to be ready', async () => ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok ? true : undefined), 30_000, child);
  expect(await child.kill('SIGTERM')).toBe(0);
  expect(child.output).not.toMatch(/canary/);
});
