import { afterEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '#runtime/event/event.js';
import {
  cleanForTerminal,
  isSecretName,
  payloadSecrets,
  REDACTED,
  redactJson,
  redactSecrets,
  redactText,
  registerSecret,
} from '#runtime/redact.js';

const TOKEN = 'xoxb-42-Canary/Token+Value';
const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
let counter = 0;
/** Secrets are remembered by the process: each test has its own. */
function fresh(): string {
  counter += 1;
  return `${TOKEN}${counter}`;
}

afterEach(() => {
  expect(redactText('an ordinary sentence with application/json in it')).toBe('an ordinary sentence with application/json in it');
});

test.each([
  ['as it is', (token: string) => token],
  ['in a URL', (token: string) => encodeURIComponent(token)],
  ['in base64', base64],
  ['in base64url', (token: string) => Buffer.from(token).toString('base64url')],
  ['as the password of Basic', (token: string) => base64(`bot@example.com:${token}`)],
  ['as the password of Basic, one byte further', (token: string) => base64(`bot2@example.com:${token}`)],
  ['as the password of Basic, two bytes further', (token: string) => base64(`bot23@example.com:${token}`)],
  ['as the user of Basic', (token: string) => base64(`${token}:api_token`)],
])('a registered secret is found %s', (_how, encode) => {
  const token = fresh();
  registerSecret(token);
  const told = redactText(`the target said: ${encode(token)}!`);
  expect(told).toContain(REDACTED);
  expect(told).not.toContain(token);
  // At most the characters that also depend on the neighbours of the secret are left of a base64 text.
  expect(told.length).toBeLessThan('the target said: !'.length + base64('bot23@example.com:').length + REDACTED.length + 6);
});

test('each value of a file of headers is a secret, with and without its scheme, and ordinary headers are not', () => {
  const key = fresh();
  const password = fresh();
  registerSecret(
    JSON.stringify({ 'x-api-key': key, authorization: `Basic ${base64(`user:${password}`)}`, accept: 'application/json' }, null, 2),
  );
  for (const text of [key, password, base64(`user:${password}`)]) expect(redactText(`<${text}>`)).toBe(`<${REDACTED}>`);
});

test('the values of a broken file of headers are secrets all the same', () => {
  const key = fresh();
  registerSecret(`{"x-api-key": "${key}", }`);
  expect(redactText(key)).toBe(REDACTED);
});

test.each([
  'password',
  'Password',
  'dbPassword',
  'password_hash',
  'passwd',
  'passphrase',
  'userpass',
  'api_key',
  'apiKey',
  'API-KEY',
  'api key',
  'Authorization',
  'proxy-authorization',
  'client_secret',
  'token',
  'access_token',
  'privateKey',
  'private_key',
  'ssh-key',
  'set-cookie',
  'credentials',
  'session_id',
  'pwd',
])('%s is the name of a secret', (name) => {
  expect(isSecretName(name)).toBe(true);
});

test.each(['key', 'partitionkey', 'cluster', 'author', 'passed', 'compass_heading', 'keyboard', 'monkey', 'summary'])(
  '%s is not',
  (name) => {
    expect(isSecretName(name)).toBe(false);
  },
);

test('everything below a field named like a secret is hidden, its shape is not', () => {
  expect(redactJson({ token: ['a', { b: 'c', n: 7, yes: true, none: null }], list: [{ password: 'x' }], plain: 'p' })).toEqual({
    token: [REDACTED, { b: REDACTED, n: REDACTED, yes: true, none: null }],
    list: [{ password: REDACTED }],
    plain: 'p',
  });
});

test('a field called __proto__ neither gets lost nor becomes a prototype', () => {
  const value = JSON.parse('{"__proto__":{"password":"secret-1"},"a":1}') as Json;
  expect(JSON.stringify(redactJson(value))).toBe(`{"__proto__":{"password":"${REDACTED}"},"a":1}`);
});

test('a value of a field named like a secret is hidden wherever it was written to', () => {
  const own = payloadSecrets({ labels: { password: 'hunter2-hunter2' }, tokens: ['abcdefgh'], short: { pwd: '123' } });
  expect(redactJson({ text: 'log in with hunter2-hunter2 or abcdefgh' }, own)).toEqual({ text: `log in with ${REDACTED} or ${REDACTED}` });
});

test.each([
  ['{"password":"secret-1","a":"b"}', '{"password":"[redacted]","a":"b"}'],
  ['{"a": {"api_key" : "se\\"cret-1"}} trailing', '{"a": {"api_key" : "[redacted]"}} trailing'],
  ['{"body":"{\\"token\\": \\"secret-1\\", \\"a\\": 1}"}', '{"body":"{\\"token\\": \\"[redacted]\\", \\"a\\": 1}"}'],
  ['{"password":"secret-1 cut o', '{"password":"[redacted]"'],
  ['{"pwd": 123456}', '{"pwd": "[redacted]"}'],
  ['{"summary":"the password: is safe"}', '{"summary":"the password: is safe"}'],
])('fields named like secrets are hidden in a body kept as text: %s', (text, told) => {
  expect(redactJson({ data: text })).toEqual({ data: told });
});

test('looking for fields in a hostile text takes no time worth telling', () => {
  for (const text of [
    '"a":\\"'.repeat(20_000),
    '\\'.repeat(100_000),
    '"'.repeat(100_000),
    '"a":"'.repeat(20_000),
    `"password":"${'x'.repeat(100_000)}`,
  ]) {
    const startMs = performance.now();
    redactJson(text);
    expect(performance.now() - startMs).toBeLessThan(1_000);
  }
});

test('an answer keeps its field names and everything but registered secrets', () => {
  const token = fresh();
  registerSecret(token);
  expect(redactSecrets({ token: 'made by the target', headers: { authorization: `Bearer ${token}` } })).toEqual({
    token: 'made by the target',
    headers: { authorization: `Bearer ${REDACTED}` },
  });
});

test('credentials in URLs are hidden', () => {
  expect(redactText('connect to http://user:hunter2@proxy.example:3128 failed')).toBe(
    `connect to http://${REDACTED}@proxy.example:3128 failed`,
  );
});

test('nothing that reaches a terminal can move, colour, hide or reorder text', () => {
  expect(cleanForTerminal('a\u001b[2Jb\u009b1mc\r\nd\u202ee\u200ff')).toBe('a\\u001b[2Jb\\u009b1mc\\u000d\\u000ad\\u202ee\\u200ff');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect([...cleanForTerminal(text)].every((character) => !/\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/u.test(character))).toBe(true);
    }),
  );
});

test('rotated secrets are kept in bounds: the latest are known', () => {
  const rotated = Array.from({ length: 300 }, () => fresh());
  for (const token of rotated) registerSecret(token);
  expect(redactText(rotated.at(-1) ?? '')).toBe(REDACTED);
  expect(redactText(rotated[0] ?? '')).not.toBe(REDACTED);
});
