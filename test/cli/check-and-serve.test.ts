import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { wantsColour } from '#runtime/cli/io.js';
import { cli } from '#test/support/cli.js';

const dir = mkdtempSync(join(tmpdir(), 'sre-router-cli-'));
afterAll(() => rmSync(dir, { recursive: true }));
let count = 0;

function mappings(content: unknown): string {
  count += 1;
  const folder = join(dir, `mappings-${count}`);
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.json'), typeof content === 'string' ? content : JSON.stringify(content));
  return folder;
}

function config(content: unknown): string {
  count += 1;
  const file = join(dir, `config-${count}.yaml`);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

const GOOD = { routes: { t: [{ name: 'r', actions: [{ id: 's', use: 'slack.message', with: { channel: '#c', text: 'x' } }] }] } };
const BAD = { routes: { t: [{ name: 'r', actions: [{ id: 's', use: 'slack.mesage', with: {} }] }] } };

test('check of good mappings ends with 0, of broken ones with 1, in text and in JSON', async () => {
  expect(await cli(['check', '--mappings', mappings(GOOD)])).toEqual({ code: 0, out: '0 error(s), 0 warning(s)\n', err: '' });
  const text = await cli(['check', '--mappings', mappings(BAD)]);
  expect([text.code, text.err]).toEqual([1, '']);
  expect(text.out).toMatch(/a\.json:1:\d+: error [a-z-]+: .*slack\.mesage/);
  const json = await cli(['check', '--mappings', mappings(BAD), '--format', 'json']);
  expect([json.code, JSON.parse(json.out)]).toEqual([
    1,
    { errors: 1, warnings: 0, findings: [expect.objectContaining({ severity: 'error', line: 1 })] },
  ]);
});

test('what a mapping says cannot reach the terminal as more than text', async () => {
  const { out } = await cli([
    'check',
    '--mappings',
    mappings({ routes: { t: [{ name: 'r', actions: [{ id: 's', use: 'x\u001b[31m', with: {} }] }] } }),
  ]);
  expect(out.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
});

test('check with a broken configuration ends with 2', async () => {
  expect(await cli(['check', '--config', config({ htpp: {} })])).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('did you mean "http"?'),
  });
});

test('serve with a broken configuration tells every problem and ends with 2', async () => {
  const file = config({ http: { port: 99_999, host: '0.0.0.0' }, log: { retension: '7d' }, destinations: { slack: { kind: 'slak' } } });
  const { code, out, err } = await cli(['serve', '--config', file]);
  expect([code, out]).toEqual([2, '']);
  expect(err.split('\n')[0]).toMatch(/^\d problems in the configuration \(/);
  for (const problem of ['http.port', 'log.retension: expected no such key', 'did you mean "retention"?', 'destinations.slack.kind'])
    expect(err).toContain(problem);
});

test('serve with what is no YAML, or with mappings that are not valid, ends with 2', async () => {
  expect(await cli(['serve', '--config', config('a: [')])).toMatchObject({
    code: 2,
    err: expect.stringContaining('is neither YAML nor JSON'),
  });
  expect(await cli(['serve', '--mappings', mappings(BAD), '--data', join(dir, 'data')])).toMatchObject({
    code: 2,
    err: expect.stringContaining('the mappings are not valid'),
  });
});

test.each([
  [80, {}, true],
  [undefined, {}, false],
  [80, { NO_COLOR: '1' }, false],
  [80, { NO_COLOR: '' }, true],
  [80, { TERM: 'dumb' }, false],
])('with %s columns and the environment %j logs are coloured: %s', (columns, env, expected) => {
  expect(wantsColour({ columns, env })).toBe(expected);
});

test('a setting of the environment that nobody knows is refused like one of the file', async () => {
  expect(await cli(['serve'], { env: { SRE_ROUTER_HTTP__PROT: '1' } })).toMatchObject({
    code: 2,
    err: expect.stringContaining('http.prot'),
  });
});

test('serve on a port that is taken says so in one line, ends with 2 and leaves the data folder free', async () => {
  const taken = createServer();
  await new Promise<void>((ready) => taken.listen(0, '127.0.0.1', ready));
  const { port } = taken.address() as { port: number };
  const args = [
    'serve',
    '--port',
    String(port),
    '--mappings',
    mappings(GOOD),
    '--config',
    config({ destinations: { slack: { kind: 'slack', tokenFile: config('token') } } }),
    '--data',
    join(dir, 'taken'),
    '--level',
    'error',
  ];
  for (const _attempt of [1, 2]) {
    const { code, err } = await cli(args);
    expect([code, err]).toEqual([2, `127.0.0.1 port ${port} is taken by another process; stop it, or set http.port (--port).\n`]);
  }
  await new Promise((closed) => taken.close(closed));
});

test('schema of a type nobody knows ends with 2 and names those that have one', async () => {
  expect(await cli(['schema', '--type', 'nobody'])).toMatchObject({ code: 2, err: expect.stringContaining('alertmanager.alert') });
});
