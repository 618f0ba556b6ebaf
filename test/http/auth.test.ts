import { createHash } from 'node:crypto';
import { renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { createAuthorise, type Role } from '#runtime/http/auth.js';
import { ENDPOINTS } from '#runtime/http/endpoints.js';
import { isLocal } from '#runtime/http/host-check.js';
import { RunningRouter } from '#test/support/running-router.js';

const opened: RunningRouter[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((router) => router.close()));
});

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const entry = (name: string, roles: readonly Role[]): object => ({ name, sha256: sha256(`token-of-${name}`), roles });
const bearer = (name: string): Record<string, string> => ({ authorization: `Bearer token-of-${name}`, 'content-type': 'application/json' });

async function open(tokens: readonly object[]): Promise<{ router: RunningRouter; tokensFile: string }> {
  const router = new RunningRouter();
  opened.push(router);
  const tokensFile = router.file('tokens.json', JSON.stringify(tokens));
  await router.start({ config: { http: { host: '127.0.0.1', port: 0, auth: { tokensFile } } } });
  return { router, tokensFile };
}

const pathOf = (path: string): string => path.replace('{source}', 'adhoc').replaceAll(/\{\w+\}/g, 'some-id');

test('every endpoint takes its role and no other, and says which it needs', async () => {
  const roles = ['ingest', 'read', 'operate'] as const;
  const { router } = await open(roles.map((role) => entry(role, [role])));
  for (const { method, path, role } of ENDPOINTS) {
    const ask = (headers: Record<string, string>): Promise<{ status: number; json: { code?: string; detail?: string } }> =>
      router.ask(pathOf(path), { method, headers, ...(method === 'POST' ? { body: '{}' } : {}) });
    const answers = [(await ask({})).json?.code, (await ask(bearer('stranger'))).json?.code];
    if (role === 'none') {
      for (const code of answers) expect([undefined]).toContain(code);
      continue;
    }
    expect(answers).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
    for (const held of roles) {
      const { status, json } = await ask(bearer(held));
      if (held === role) expect([401, 403]).not.toContain(status);
      else {
        expect([status, json.code]).toEqual([403, 'FORBIDDEN']);
        expect(json.detail).toContain(`this needs ${role}`);
      }
    }
  }
});

test('no body of a stranger is read', async () => {
  const { router } = await open([entry('a', ['ingest'])]);
  const { status } = await router.post('/ingest/adhoc', 'x'.repeat(20_000_000));
  // Not 413: its size was not even looked at.
  expect(status).toBe(401);
});

test.each([
  ['no scheme', 'token-of-a'],
  ['another scheme', 'Basic token-of-a'],
  ['two tokens', 'Bearer token-of-a token-of-b'],
  ['an empty token', 'Bearer '],
  ['the hash instead of the token', `Bearer ${sha256('token-of-a')}`],
])('%s is no token', async (_what, authorization) => {
  const { router } = await open([entry('a', ['read'])]);
  expect((await router.ask('/api/v1/events', { headers: { authorization } })).status).toBe(401);
});

test('the scheme is read without regard to case', async () => {
  const { router } = await open([entry('a', ['read'])]);
  expect((await router.ask('/api/v1/events', { headers: { authorization: 'bearer token-of-a' } })).status).toBe(200);
});

test('a new tokens file is taken up while the router runs, a broken one is not', async () => {
  const { router, tokensFile } = await open([entry('old', ['read'])]);
  const status = async (name: string): Promise<number> => (await router.ask('/api/v1/events', { headers: bearer(name) })).status;
  expect([await status('old'), await status('new')]).toEqual([200, 401]);

  replace(tokensFile, JSON.stringify([entry('new', ['read'])]));
  expect([await status('old'), await status('new')]).toEqual([401, 200]);

  replace(tokensFile, '[{"name": "new", "sha256": "secret-in-the-wrong-place", "roles": ["read"]}]');
  expect([await status('old'), await status('new')]).toEqual([401, 200]);
  replace(tokensFile, '{"secret-in-the-wrong-place":');
  expect([await status('old'), await status('new')]).toEqual([401, 200]);
  rmSync(tokensFile);
  expect([await status('old'), await status('new')]).toEqual([401, 200]);

  replace(tokensFile, JSON.stringify([entry('old', ['read'])]));
  expect([await status('old'), await status('new')]).toEqual([200, 401]);
  const errors = router.lines.filter((line) => line.includes('tokens.json'));
  expect(errors.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(['error', 'error', 'error']);
  expect(errors.join('')).not.toContain('secret-in-the-wrong-place');
});

let version = 0;
/** As editors and Kubernetes do it: another file takes its place. */
function replace(file: string, text: string): void {
  version += 1;
  const next = join(file, '..', `tokens-${version}.json`);
  writeFileSync(next, text);
  renameSync(next, file);
}

test('a file that changed within one tick of the clock is seen by its size or its place', () => {
  const router = new RunningRouter();
  opened.push(router);
  const file = router.file('tokens.json', JSON.stringify([entry('a', ['read'])]));
  const errors: Error[] = [];
  const authorise = createAuthorise(file, (error) => errors.push(error));
  const { atime, mtime } = statSync(file);
  replace(file, JSON.stringify([entry('b', ['read'])]));
  utimesSync(file, atime, mtime);
  expect(authorise({ authorization: 'Bearer token-of-b' }, 'read')).toBe('b');
  expect(errors).toEqual([]);
});

test('a first tokens file that is broken stops the start and says where', () => {
  const router = new RunningRouter();
  opened.push(router);
  const file = router.file('tokens.json', '[{"name":"a","sha256":"short","roles":["read"]}]');
  expect(() => createAuthorise(file, () => undefined)).toThrow(/tokens\.json: at 0\.sha256: expected the sha-256/);
});

test.each([
  ['localhost:8080', undefined, true],
  ['127.0.0.1:8080', undefined, true],
  ['[::1]:8080', undefined, true],
  ['10.1.2.3', undefined, true],
  ['router', undefined, true],
  ['host.docker.internal:8080', undefined, true],
  [undefined, undefined, true],
  ['localhost:8080', 'http://localhost:3000', true],
  ['evil.com:8080', undefined, false],
  ['localhost.evil.com', undefined, false],
  ['127.0.0.1.evil.com', undefined, false],
  ['localhost:8080', 'https://evil.com', false],
  ['localhost:8080', 'null', false],
])('without tokens, host %s and origin %s: %s', (host, origin, allowed) => {
  expect(isLocal(host, origin)).toBe(allowed);
});

test('without tokens, a page elsewhere can neither read nor command the router through a browser on its machine', async () => {
  const router = await new RunningRouter().start();
  opened.push(router);
  const asked = await router.ask('/api/v1/events', { headers: { origin: 'https://evil.com' } });
  expect([asked.status, asked.json.code]).toEqual([421, 'HOST_REFUSED']);
  expect((await router.post('/ingest/adhoc', { type: 'a' }, { origin: 'https://evil.com' })).status).toBe(421);
  // What a form can send without asking first.
  const posted = await router.post('/api/v1/events/x/retry', { reason: 'r' }, { 'content-type': 'text/plain' });
  expect([posted.status, posted.json.code]).toEqual([415, 'CONTENT_TYPE']);
});
