import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createHttpServer } from '#runtime/http/server.js';
import { RunningRouter } from '#test/support/running-router.js';
import { selfSigned } from '#test/support/self-signed.js';
import { BareServer } from './bare-server.js';

let dir: string;
let server: BareServer | undefined;
const file = (name: string): string => join(dir, name);
const write = ({ cert, key }: { cert: string; key: string }): void => {
  writeFileSync(file('cert.pem'), cert);
  writeFileSync(file('key.pem'), key);
};

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-tls-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(dir, { recursive: true });
});

const open = (): Promise<BareServer> =>
  new BareServer({ tls: { certFile: file('cert.pem'), keyFile: file('key.pem') }, patience: PATIENCE }).start();
const PATIENCE = { headersMs: 500, requestMs: 1_000, lookMs: 50, silentMs: 5_000 };

/** GET /livez on a connection of its own: the status, and who the server says it is. */
function ask(url: string, ca: string): Promise<{ status: number; name: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}/livez`, { ca, agent: false }, (response) => {
      const name = String((response.socket as TLSSocket).getPeerCertificate().subject.CN);
      response.resume().once('end', () => resolve({ status: response.statusCode ?? 0, name }));
    });
    sent.once('error', reject).end();
  });
}

test('with a certificate the port speaks TLS, and nothing else', async () => {
  const pair = selfSigned('first');
  write(pair);
  server = await open();
  expect(server.url).toMatch(/^https:/);
  expect(await ask(server.url, pair.cert)).toEqual({ status: 200, name: 'first' });
  const plain = server.socket();
  plain.send('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  expect(await plain.ended).not.toContain('200');
  expect(await ask(server.url, pair.cert)).toMatchObject({ status: 200 });
  expect(server.errors).toEqual([]);
});

test('TLS older than 1.2 is not spoken', async () => {
  const pair = selfSigned('first');
  write(pair);
  server = await open();
  const { port } = new URL(server.url);
  const refused = new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: pair.cert, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
    socket.once('secureConnect', () => resolve('connected')).once('error', () => resolve('refused'));
  });
  expect(await refused).toBe('refused');
});

test('a new certificate is taken up while the server runs, a broken one is not and is told once', async () => {
  const [first, second] = [selfSigned('first'), selfSigned('second')];
  write(first);
  server = await open();
  expect(await ask(server.url, first.cert)).toMatchObject({ name: 'first' });
  write(second);
  expect(await ask(server.url, second.cert)).toMatchObject({ name: 'second' });
  writeFileSync(file('key.pem'), first.key);
  expect(await ask(server.url, second.cert)).toMatchObject({ name: 'second' });
  expect(await ask(server.url, second.cert)).toMatchObject({ name: 'second' });
  expect(server.errors.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^http\.tls: .*cert\.pem and .*key\.pem cannot be used/),
  ]);
  write(first);
  expect(await ask(server.url, first.cert)).toMatchObject({ name: 'first' });
});

test('a client that connects and says nothing is let go', async () => {
  write(selfSigned('first'));
  server = await open();
  expect(await server.socket().ended).toBe('');
}, 20_000);

test('the router speaks it as its configuration says, and the health check of the image finds it', async () => {
  const pair = selfSigned('router');
  write(pair);
  const router = await new RunningRouter().start({
    config: { http: { host: '127.0.0.1', port: 0, tls: { certFile: file('cert.pem'), keyFile: file('key.pem') } } },
  });
  try {
    expect(await ask(router.url, pair.cert)).toEqual({ status: 200, name: 'router' });
    const alive = (port: string): Promise<number> =>
      new Promise((done) =>
        execFile(process.execPath, ['runtime/bin/alive.js'], { env: { SRE_ROUTER_HTTP__PORT: port } }, (error) =>
          done(error === null ? 0 : Number(error.code)),
        ),
      );
    expect(await alive(new URL(router.url).port)).toBe(0);
    expect(await alive('1')).toBe(1);
  } finally {
    await router.close();
  }
});

test.each<[string, () => void, RegExp]>([
  ['a key that is not there', () => rmSync(file('key.pem')), /^http\.tls: keyFile: .*ENOENT.*key\.pem/],
  ['a certificate that is none', () => writeFileSync(file('cert.pem'), 'canary-of-a-secret'), /expected a certificate and its key/],
  ['a key of another certificate', () => writeFileSync(file('key.pem'), selfSigned('other').key), /expected a certificate and its key/],
])('%s stops the start, and nothing of the files is told', (_, change, message) => {
  write(selfSigned('first'));
  change();
  const ports = { tls: { certFile: file('cert.pem'), keyFile: file('key.pem') }, rate: { perSecond: 1, burst: 1 } };
  let thrown: unknown;
  try {
    createHttpServer(ports as never);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringMatching(message) });
  expect(String(thrown)).not.toContain('canary');
});
