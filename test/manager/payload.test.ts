import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { RouterError } from '#runtime/errors.js';
import { readPayload } from '#runtime/manager/payload.js';

const MAX_BYTES = 10_000;
const BODY = Buffer.from(JSON.stringify({ text: 'ü'.repeat(1_000) }));
const read = (raw: Buffer, encoding?: string): Promise<{ body: Buffer }> =>
  readPayload(raw, encoding === undefined ? {} : { 'content-encoding': encoding }, MAX_BYTES);
const refusal = (raw: Buffer, encoding?: string): Promise<string> =>
  read(raw, encoding).then(
    () => 'taken',
    (error: RouterError) => error.code,
  );

test.each([undefined, '', 'identity', 'Identity'])('the encoding %j leaves the body as it is', async (encoding) => {
  expect((await read(BODY, encoding)).body.equals(BODY)).toBe(true);
});

test.each(['gzip', 'x-gzip', ' GZIP '])('the encoding %j is inflated', async (encoding) => {
  expect((await read(gzipSync(BODY), encoding)).body.equals(BODY)).toBe(true);
});

test.each([
  ['no gzip at all', BODY],
  ['gzip that ends early', gzipSync(BODY).subarray(0, -12)],
  ['gzip with a wrong checksum', Buffer.concat([gzipSync(BODY).subarray(0, -8), Buffer.alloc(8, 1)])],
  ['nothing', Buffer.alloc(0)],
])('%s does not inflate', async (_name, raw) => {
  expect(await refusal(raw, 'gzip')).toBe('BODY_NOT_INFLATABLE');
});

test('a body over the limit is refused, and a gzip bomb without being inflated whole', async () => {
  expect(await refusal(Buffer.alloc(MAX_BYTES + 1))).toBe('BODY_TOO_LARGE');
  expect(await refusal(Buffer.alloc(MAX_BYTES))).toBe('taken');
  const bomb = gzipSync(Buffer.alloc(8_000_000));
  expect(bomb.length).toBeLessThan(MAX_BYTES);
  expect(await refusal(bomb, 'gzip')).toBe('BODY_TOO_LARGE');
});

test.each(['br', 'deflate', 'gzip, gzip', 'zstd'])('the encoding %j is not taken', async (encoding) => {
  expect(await refusal(BODY, encoding)).toBe('CONTENT_TYPE');
});
