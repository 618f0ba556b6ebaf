import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { HOUR_MS, MINUTE_MS } from '#runtime/clock.js';
import { awsCredentials } from '#runtime/dcr/aws-credentials.js';
import { type HttpAnswer, type HttpAsk, openHttp } from '#runtime/dcr/http-ask.js';
import { checkCache, MANIFEST_NAME, type Manifest, readManifest } from '#runtime/dcr/manifest.js';
import { openS3, type S3, type S3Settings } from '#runtime/dcr/s3-client.js';
import { redactText } from '#runtime/redact.js';
import { PROPERTIES } from '#test/dcr/properties.js';
import { S3_KEYS, type S3StandIn, startS3 } from '#test/dcr/s3.js';
import { S3Cache } from '#test/dcr/s3-cache.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

let server: S3StandIn;
let dir: string;
beforeEach(async () => {
  server = await startS3();
  dir = mkdtempSync(join(tmpdir(), 'dcr-s3-'));
});
afterEach(async () => {
  await server.close();
  rmSync(dir, { recursive: true, force: true });
});

const settings = (): S3Settings => ({
  endpoint: server.url,
  region: S3_KEYS.region,
  bucket: 'cache',
  prefix: 'express-7',
  pathStyle: true,
});
const open = (change: Partial<S3Settings> = {}, keys = S3_KEYS): S3 => openS3({ ...settings(), ...change }, openHttp(), async () => keys);
const check = (s3 = open()) => checkCache(s3, 'express-7', 'r-7');

/** The cache of a run, written as a node writes it. */
async function write(run: string): Promise<Manifest> {
  const cache = new S3Cache({ ...PROPERTIES.cache, endpoint: server.url }, S3_KEYS);
  const objects = [await cache.writePart(run, 0), await cache.writePart(run, 1)];
  const manifest: Manifest = {
    runId: run,
    dataset: '1',
    rows: 9,
    writtenAt: '2026-01-31T12:00:00Z',
    objects: objects.map((part) => ({ ...part })),
  };
  await cache.writeManifest(manifest);
  return manifest;
}
const put = (key: string, text: string): void => void server.objects.set(`cache/express-7/${key}`, Buffer.from(text));

test('a cache is complete when the manifest of this run stands and every object is as it says', async () => {
  expect(await check()).toEqual({ state: 'absent', seen: 'no _SUCCESS in s3://cache/express-7' });
  await write('r-7');
  expect(await check()).toEqual({
    state: 'complete',
    seen: '_SUCCESS in s3://cache/express-7 is of this run: 2 objects, 2048 bytes, 9 rows',
  });
});

test('a manifest of another run is stale, whatever stands beside it', async () => {
  await write('r-7');
  await write('r-6');
  expect(await check()).toEqual({ state: 'stale', seen: '_SUCCESS in s3://cache/express-7 is of run r-6, not r-7' });
});

test.each([
  ['missing', () => server.objects.delete('cache/express-7/r-7/part-00001'), /r-7\/part-00001 is missing/],
  ['shorter', () => put('r-7/part-00001', 'x'), /has 1 bytes, the manifest says 1024/],
  ['another one of the same size', () => put('r-7/part-00001', 'x'.repeat(1_024)), /has etag \w+, the manifest says/],
])('with an object that is %s it is not complete', async (_what, act, seen) => {
  await write('r-7');
  act();
  expect(await check()).toMatchObject({ state: 'incomplete', seen: expect.stringMatching(seen) as never });
});

test.each([
  '',
  '{',
  '[]',
  '{"runId":"r-7"}',
  '{"runId":"../x","dataset":"1","rows":0,"writtenAt":"2026-01-31T12:00:00Z","objects":[{"key":"a","bytes":1}]}',
])('a manifest %p is not valid, and is not taken for one of this run', async (text) => {
  put(MANIFEST_NAME, text);
  expect((await check()).state).toBe('invalid');
});

test('a manifest without objects is no cache', () => {
  expect(readManifest(JSON.stringify({ runId: 'r', dataset: '1', rows: 0, writtenAt: '2026-01-31T12:00:00Z', objects: [] }))).toMatch(
    /objects/,
  );
});

test.each([
  ['a wrong secret', {}, { ...S3_KEYS, secretAccessKey: 'other' }, /403/],
  ['another region', { region: 'eu-west-1' }, S3_KEYS, /403/],
  ['an unknown key', {}, { ...S3_KEYS, accessKeyId: 'AKOTHER' }, /403/],
] as const)('%s is refused by S3 and told as such', async (_what, change, keys, message) => {
  await expect(open(change, keys).read('GET', 'express-7/_SUCCESS')).rejects.toMatchObject({
    code: 'REFUSED',
    message: expect.stringMatching(message) as never,
  });
});

test('a session token is signed and sent', async () => {
  await server.close();
  server = await startS3({ keys: { ...S3_KEYS, sessionToken: 'session-1' } });
  await expect(open().read('HEAD', 'a')).rejects.toMatchObject({ code: 'REFUSED' });
  expect(await open({}, { ...S3_KEYS, sessionToken: 'session-1' }).read('HEAD', 'a')).toBeUndefined();
});

test.each(['a b', 'ä', "it's (1)!*", 'a+b&c=d', 'x/y/z', '%41'])('key %p is signed as S3 reads it', async (key) => {
  server.objects.set(`cache/${key}`, Buffer.from('x'));
  expect(await open().read('GET', key)).toMatchObject({ bytes: 1, text: 'x' });
});

test('without path style the bucket is in the name of the host', async () => {
  const urls: string[] = [];
  const ask = async ({ url }: HttpAsk): Promise<HttpAnswer> => {
    urls.push(String(url));
    return { status: 404, headers: new Headers(), text: '' };
  };
  const keys = async () => S3_KEYS;
  await openS3({ ...settings(), endpoint: undefined, pathStyle: false }, ask, keys).read('HEAD', 'p/_SUCCESS');
  expect(urls).toEqual(['https://cache.s3.us-east-1.amazonaws.com/p/_SUCCESS']);
});

test.each([
  [500, 'UNREACHABLE'],
  [503, 'UNREACHABLE'],
  [429, 'UNREACHABLE'],
  [403, 'REFUSED'],
  [301, 'REFUSED'],
])('%i of S3 is %s', async (status, code) => {
  server.fault = { status, code: 'X' };
  await expect(check()).rejects.toMatchObject({ code });
});

/** An STS or container endpoint that hands out numbered credentials for an hour. */
function issuer(clock: FakeClock) {
  const asked: HttpAsk[] = [];
  const ask = async (request: HttpAsk): Promise<HttpAnswer> => {
    asked.push(request);
    const endsMs = clock.nowMs() + HOUR_MS;
    const n = asked.length;
    const body =
      request.method === 'POST'
        ? {
            AssumeRoleWithWebIdentityResponse: {
              AssumeRoleWithWebIdentityResult: {
                Credentials: {
                  AccessKeyId: `K${n}`,
                  SecretAccessKey: `secret-${n}`,
                  SessionToken: `session-${n}`,
                  Expiration: endsMs / 1_000,
                },
              },
            },
          }
        : { AccessKeyId: `K${n}`, SecretAccessKey: `secret-${n}`, Token: `session-${n}`, Expiration: new Date(endsMs).toISOString() };
    return { status: 200, headers: new Headers(), text: JSON.stringify(body) };
  };
  return { asked, ask };
}

test.each(['web identity', 'container'])('credentials by %s are kept, and renewed before they end, through a wait of 30 h', async (way) => {
  const clock = new FakeClock();
  const { asked, ask } = issuer(clock);
  const file = join(dir, 'token');
  writeFileSync(file, 'token-of-the-pod\n');
  const env =
    way === 'container'
      ? { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials', AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: file }
      : { AWS_ROLE_ARN: 'arn:aws:iam::1:role/dcr', AWS_WEB_IDENTITY_TOKEN_FILE: file };
  const credentials = awsCredentials(env, 'eu-west-1', ask, clock);
  for (let minute = 0; minute < 30 * 60; minute += 10) {
    const { sessionToken } = await credentials();
    expect(sessionToken).toBe(`session-${asked.length}`);
    await clock.pass(10 * MINUTE_MS);
  }
  expect(asked.length).toBeGreaterThanOrEqual(30);
  expect(asked.length).toBeLessThan(40);
  if (way === 'container') expect(asked[0]?.headers.authorization).toBe('token-of-the-pod');
  else
    expect([String(asked[0]?.url), asked[0]?.body]).toEqual([
      'https://sts.eu-west-1.amazonaws.com/',
      expect.stringContaining('WebIdentityToken=token-of-the-pod'),
    ]);
  expect(redactText('secret-1 session-1 token-of-the-pod')).toBe('[redacted] [redacted] [redacted]');
});

test('keys in the environment come first; none at all is told with the three ways', async () => {
  const clock = new FakeClock();
  const { asked, ask } = issuer(clock);
  const env = { AWS_ACCESS_KEY_ID: 'K', AWS_SECRET_ACCESS_KEY: 'secret-of-env', AWS_ROLE_ARN: 'x' };
  expect(await awsCredentials(env, 'r', ask, clock)()).toEqual({ accessKeyId: 'K', secretAccessKey: 'secret-of-env' });
  expect(asked).toEqual([]);
  await expect(awsCredentials({}, 'r', ask, clock)()).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('IRSA') as never,
  });
});

test('an issuer that says no is told as such', async () => {
  const file = join(dir, 'token');
  writeFileSync(file, 'token-of-the-pod');
  const no = async (): Promise<HttpAnswer> => ({ status: 403, headers: new Headers(), text: '' });
  await expect(awsCredentials({ AWS_ROLE_ARN: 'x', AWS_WEB_IDENTITY_TOKEN_FILE: file }, 'r', no, new FakeClock())()).rejects.toMatchObject({
    code: 'REFUSED',
  });
});
