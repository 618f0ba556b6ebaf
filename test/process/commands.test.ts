import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, expect, test } from '@jest/globals';
import { Processes } from '#test/support/processes.js';

const BIN = new URL('../../runtime/bin/sre-router.js', import.meta.url).pathname;

const processes = new Processes();
afterAll(() => processes.close());

interface Ran {
  stdout: string;
  stderr: string;
  code: number;
}

const router = (...args: string[]): Promise<Ran> =>
  promisify(execFile)(process.execPath, [BIN, ...args]).then(
    ({ stdout, stderr }) => ({ stdout, stderr, code: 0 }),
    ({ stdout, stderr, code }: Ran) => ({ stdout, stderr, code }),
  );

test('schema prints one JSON document to standard output and nothing else', async () => {
  const all = await Promise.all([
    router('schema'),
    router('schema', '--type', 'dcr.run'),
    router('schema', '--format', 'asyncapi', '--prefix', 'acme'),
  ]);
  for (const { stderr, code } of all) expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  const [event, run, asyncapi] = all.map(({ stdout }) => JSON.parse(stdout) as Record<string, Record<string, unknown>>);
  expect(event?.properties).toHaveProperty('specversion');
  expect(run?.properties).toHaveProperty('runId');
  expect(asyncapi?.channels).toMatchObject({ events: { address: 'acme.events' } });
});

test('schema of a type that has none is wrong usage: exit 2, the known types, nothing on standard output', async () => {
  const { stdout, stderr, code } = await router('schema', '--type', 'nope');
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toMatch(/^No schema for type "nope"\. Types with one: alertmanager\.alert, .*dcr\.run/);
});

test('check refuses the key of a source that reads what no event has: exit 2, where and why', async () => {
  const { stderr, code } = await router(
    'check',
    '--config',
    processes.file('router.yaml', 'sources: { it: { kind: adhoc, key: cluster } }'),
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/sources\.it\.key: expected an expression of event and data .*received cluster/);
});

test('send gives its event an id, so that the same request twice is one event', async () => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    bodies.push(Buffer.concat(chunks).toString());
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"events":[{"id":"made"}]}');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await Promise.all([
      router('send', '--url', url, '--type', 'x', '--wait', '0'),
      router('send', '--url', url, '--type', 'x', '--wait', '0', '--id', 'mine'),
    ]);
  } finally {
    await new Promise((closed) => server.close(closed));
  }
  const ids = bodies.map((body) => (JSON.parse(body) as { id: string }).id).sort();
  expect(ids).toEqual([expect.stringMatching(/^[0-9a-z]{9}-[0-9a-f]{20}$/), 'mine']);
});
