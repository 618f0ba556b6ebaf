import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { destinationTools } from '#runtime/destination-tools.js';
import { ACTIONS, DESTINATION_KINDS } from '#runtime/workflow/actions/registry.js';

const PROXY_VARIABLES = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY', 'no_proxy', 'NO_PROXY'] as const;
const before = Object.fromEntries(PROXY_VARIABLES.map((name) => [name, process.env[name]]));
const dir = mkdtempSync(join(tmpdir(), 'sre-router-'));
afterEach(() => {
  for (const name of PROXY_VARIABLES) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  rmSync(dir, { recursive: true, force: true });
});

test('every kind of destination goes through the proxy that the environment names, but for NO_PROXY', async () => {
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    // A proxy is asked for a whole URL, a server for a path.
    const asked = request.url ?? '';
    seen.push(asked.startsWith('/') ? 'direct' : new URL(asked).host);
    response.writeHead(502).end();
  });
  proxy.on('connect', (request, socket) => {
    seen.push(String(request.url));
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const { port } = proxy.address() as AddressInfo;
  for (const name of PROXY_VARIABLES) delete process.env[name];
  Object.assign(process.env, {
    HTTP_PROXY: `http://127.0.0.1:${port}`,
    HTTPS_PROXY: `http://127.0.0.1:${port}`,
    NO_PROXY: '127.0.0.1',
  });
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, 'xoxb-proxied\n');
  const tools = destinationTools('test');
  const context = { key: 'k', signal: new AbortController().signal, firstIntentMs: 0, attempt: 1 };
  const calls: readonly (readonly [string, string, object, string])[] = [
    ['slack', 'slack.message', { channel: '#sre', text: 'x' }, 'tokenFile'],
    ['jira', 'jira.issue', { project: 'SRE', issueType: 'Task', summary: 'x' }, 'tokenFile'],
    ['sre', 'sre.task', { task: 'x', params: {}, wait: false }, 'tokenFile'],
    ['http', 'http.request', { method: 'GET', path: '/x' }, 'none'],
  ];
  for (const scheme of ['http', 'https']) {
    for (const [kind, action, input, file] of calls) {
      const opened = DESTINATION_KINDS[kind];
      const settings = { baseUrl: `${scheme}://${kind}.invalid/`, email: 'a@b.c', tokenFile };
      const known = kind === 'jira' ? settings : file === 'none' ? { baseUrl: settings.baseUrl } : { baseUrl: settings.baseUrl, tokenFile };
      const client = opened?.open(kind, opened.config.parse(known), tools);
      await expect(ACTIONS[action]?.run(input as never, { ...context, client })).rejects.toMatchObject({ name: 'ActionError' });
    }
  }
  expect([...new Set(seen.map((host) => host.replace(/:\d+$/, '')))].sort()).toEqual([
    'http.invalid',
    'jira.invalid',
    'slack.invalid',
    'sre.invalid',
  ]);
  expect(seen).toHaveLength(8);
  await tools.transport({ method: 'GET', url: `http://127.0.0.1:${port}/`, headers: {}, signal: context.signal, maxBytes: 9 });
  expect(seen.at(-1)).toBe('direct');
  await tools.close();
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
});
