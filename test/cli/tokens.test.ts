import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { cli } from '#test/support/cli.js';
import { RunningRouter } from '#test/support/running-router.js';

const router = new RunningRouter();
const files: Record<string, string> = {};
beforeAll(async () => {
  const token = (name: string, roles: string[]): object => {
    files[name] = router.file(`${name}.token`, `  token-${name}\n`);
    return { name, sha256: createHash('sha256').update(`token-${name}`).digest('hex'), roles };
  };
  const tokensFile = router.file(
    'tokens.json',
    JSON.stringify([token('sender', ['ingest']), token('reader', ['read']), token('all', ['ingest', 'read', 'operate'])]),
  );
  files.stranger = router.file('stranger.token', 'token-stranger');
  await router.start({ config: { http: { host: '127.0.0.1', port: 0, auth: { tokensFile } } } });
});
afterAll(() => router.close());

const run = (line: string, name: string): ReturnType<typeof cli> =>
  cli(line.split(' '), { env: { SRE_ROUTER_URL: router.url, SRE_ROUTER_TOKEN_FILE: files[name] ?? '' } });

test('the token comes from the file that the environment or the option names', async () => {
  expect((await run('events', 'reader')).code).toBe(0);
  expect((await cli(['events', '--url', router.url, '--token-file', files.reader ?? ''])).code).toBe(0);
  expect((await cli(['events', '--url', router.url])).err).toMatch(/^A bearer token is missing or unknown\. Send the header/);
});

test('a token that is not known, or may not, ends with 2 and says what it needs', async () => {
  const unknown = await run('events', 'stranger');
  expect([unknown.code, unknown.err]).toEqual([2, 'A bearer token is missing or unknown. The token is not known.\n']);
  const reader = await run('send --type t', 'reader');
  expect([reader.code, reader.err]).toEqual([2, expect.stringContaining('Token reader has the roles read; this needs ingest.')]);
});

test('a token that may send but not read says what was accepted, and to send without waiting', async () => {
  const { code, err } = await run('send --type t --id mine', 'sender');
  expect([code, err]).toEqual([
    2,
    expect.stringMatching(/^mine-\S+ is accepted, but cannot be waited for: .*this needs read\. Use --wait 0\.\n$/),
  ]);
  expect((await run('send --type t --wait 0', 'sender')).code).toBe(0);
});
