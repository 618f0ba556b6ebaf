import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { destinationTools } from '#runtime/destination-tools.js';
import { classifyTransport } from '#runtime/workflow/classify.js';
import { isLinkLocal, lookupAsPermitted } from '#runtime/workflow/link-local.js';

test.each([
  ['169.254.169.254', true],
  ['169.254.0.1', true],
  ['fe80::1', true],
  ['[fe80::1]', true],
  ['fe80::1%eth0', true],
  ['febf::1', true],
  ['::ffff:169.254.169.254', true],
  ['[::ffff:a9fe:a9fe]', true],
  ['fd00:ec2::254', true],
  ['169.253.255.255', false],
  ['10.0.0.1', false],
  ['127.0.0.1', false],
  ['::1', false],
  ['fec0::1', false],
  ['fd00:ec2::253', false],
  ['169.254.169.254.example.com', false],
  ['localhost', false],
  ['', false],
])('%s is link-local: %s', (host, expected) => expect(isLinkLocal(host)).toBe(expected));

const get = (url: string) => {
  const tools = destinationTools('test');
  return tools
    .transport({ method: 'GET', url, headers: {}, signal: AbortSignal.timeout(5_000), maxBytes: 100 })
    .finally(() => tools.close());
};

test.each(['http://169.254.169.254/latest/meta-data/', 'http://0xa9fea9fe/', 'http://2852039166/', 'http://[::ffff:169.254.169.254]/'])(
  '%s is not called: a known failure that no retry can mend',
  async (url) => {
    const failure = await get(url).then(
      () => undefined,
      (error: unknown) => classifyTransport(error, 'GET /'),
    );
    expect(failure).toMatchObject({ outcome: 'known', reason: 'not-sent', retryable: false });
    expect(failure?.message).toContain('LINK_LOCAL_REFUSED');
  },
);

test('a name is looked up as ever', async () => {
  const server = createServer((_request, response) => response.end('here'));
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const { port } = server.address() as AddressInfo;
  expect(await get(`http://localhost:${port}/`)).toMatchObject({ status: 200, text: 'here' });
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test.each([true, false])('a name with a link-local address leads nowhere, whatever else it has (all: %s)', (all) => {
  const answers = (addresses: string[]): unknown[] => {
    const given = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const resolve = (_name: string, _options: object, done: (error: null, found: object[]) => void): void => done(null, given);
    const told: unknown[] = [];
    lookupAsPermitted(resolve as never)('rebound.example', { all }, (...answer: unknown[]) => told.push(...answer));
    return told;
  };
  expect(answers(['10.0.0.1', '169.254.169.254'])[0]).toMatchObject({ code: 'LINK_LOCAL_REFUSED' });
  expect(answers(['fe80::1'])[0]).toMatchObject({ code: 'LINK_LOCAL_REFUSED' });
  const fine = answers(['10.0.0.1', '::1']);
  expect(fine).toEqual(
    all
      ? [
          null,
          [
            { address: '10.0.0.1', family: 4 },
            { address: '::1', family: 6 },
          ],
        ]
      : [null, '10.0.0.1', 4],
  );
});
