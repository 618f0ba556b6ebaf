import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { binaryProtocol } from '#runtime/dcr/thrift-binary.js';
import { compactProtocol } from '#runtime/dcr/thrift-compact.js';
import { decodeStream, decodeWhole, readReply } from '#runtime/dcr/thrift-reply.js';
import { MAX_REPLY_BYTES, ThriftError, type ThriftProtocol, type ThriftValue } from '#runtime/dcr/thrift-wire.js';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const PROTOCOLS: readonly (readonly [string, ThriftProtocol])[] = [
  ['binary', binaryProtocol],
  ['compact', compactProtocol],
];

const REPLIES = {
  binary: hex('80 01 00 02 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01 08 00 00 00 00 00 02 00'),
  compact: hex('82 41 01 09 67 65 74 53 74 61 74 75 73 05 00 04 00'),
};

test('calls and replies are the bytes of the specifications', () => {
  expect(binaryProtocol.call('getStatus', 1)).toEqual(hex('80 01 00 01 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01 00'));
  expect(compactProtocol.call('getStatus', 1)).toEqual(hex('82 21 01 09 67 65 74 53 74 61 74 75 73 00'));
  expect(decodeWhole(readReply(binaryProtocol, 'getStatus', 1), REPLIES.binary)).toBe(2);
  expect(decodeWhole(readReply(compactProtocol, 'getStatus', 1), REPLIES.compact)).toBe(2);
});

/** Every kind of value, so that fields which we do not know are passed over. */
const STRANGE: Readonly<Record<string, Buffer>> = {
  binary: hex(
    '80 01 00 02 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01' +
      '02 00 09 01  03 00 0a ff  04 00 0b 3f f8 00 00 00 00 00 00  06 00 0c ff fe  0a 00 0d 00 00 00 00 00 00 00 05  0b 00 0e 00 00 00 01 41' +
      '0c 00 0f 02 00 01 00 00  0d 00 10 08 0b 00 00 00 01 00 00 00 07 00 00 00 01 42  0e 00 11 08 00 00 00 01 00 00 00 03  0f 00 12 02 00 00 00 02 01 00' +
      `10 00 13 ${'ab'.repeat(16)}  08 00 00 00 00 00 02 00`,
  ),
  compact: hex(
    '82 41 01 09 67 65 74 53 74 61 74 75 73' +
      '91 13 ff 17 00 00 00 00 00 00 f8 3f 14 03 16 0a 18 01 41 1c 12 00 1b 01 58 0e 01 42 1a 15 06 19 22 01 02' +
      `1d ${'ab'.repeat(16)} 05 00 04 00`,
  ),
};

test.each(PROTOCOLS)('fields of every type that are not asked for are passed over, %s', (name, protocol) => {
  expect(decodeWhole(readReply(protocol, 'getStatus', 1), STRANGE[name] as Buffer)).toBe(2);
});

const WRONG: readonly (readonly [string, keyof typeof REPLIES, string, RegExp])[] = [
  ['a reply to another method', 'binary', '80 01 00 02 00 00 00 01 78 00 00 00 01 00', /a reply to "x"; asked getStatus/],
  ['a call instead of a reply', 'binary', '80 01 00 01 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01 00', /kind 1/],
  ['another sequence id', 'binary', '80 01 00 02 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 02 00', /sequence id 2; expected 1/],
  ['no result', 'compact', '82 41 01 09 67 65 74 53 74 61 74 75 73 00', /without a result/],
  ['old binary without a version', 'binary', '00 00 00 09 67 65 74 53 74 61 74 75 73 02 00 00 00 01 00', /strict binary/],
  ['a negative length', 'binary', '80 01 00 02 ff ff ff ff', /size -1/],
  ['a huge length', 'binary', '80 01 00 02 7f ff ff ff', /size 2147483647/],
  ['a varint without end', 'compact', `82 41 ${'80'.repeat(20)}`, /varint longer than 32 bits/],
  [
    'a list of nothings',
    'binary',
    '80 01 00 02 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01 0f 00 00 01 00 00 ff ff',
    /unknown type 1/,
  ],
  [
    'structs in structs',
    'binary',
    `80 01 00 02 00 00 00 09 67 65 74 53 74 61 74 75 73 00 00 00 01 ${'0c 00 01'.repeat(40)}`,
    /deeper than 16/,
  ],
  ['an exception', 'compact', '82 61 01 09 67 65 74 53 74 61 74 75 73 18 01 61 15 02 00', /unknown method: a/],
  ['bytes too many', 'compact', '82 41 01 09 67 65 74 53 74 61 74 75 73 05 00 04 00 00', /1 bytes after the end/],
];
test.each(WRONG)('%s is refused with its reason', (_what, protocol, bytes, why) => {
  const pull = readReply(protocol === 'binary' ? binaryProtocol : compactProtocol, 'getStatus', 1);
  expect(() => decodeWhole(pull, hex(bytes))).toThrow(why);
});

const outcome = (protocol: ThriftProtocol, bytes: Buffer): ThriftValue | ThriftError => {
  try {
    return decodeWhole(readReply(protocol, 'getStatus', 1), bytes);
  } catch (error) {
    if (error instanceof ThriftError) return error;
    throw error;
  }
};

/** Random bytes rarely get past the header; bytes behind a right header, and a right message with some bytes changed, do. */
const hostile = (name: 'binary' | 'compact'): fc.Arbitrary<Buffer> => {
  const header = REPLIES[name].subarray(0, name === 'binary' ? 21 : 13);
  const seeds = [REPLIES[name], STRANGE[name] as Buffer];
  return fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((tail) => Buffer.from(tail)),
    fc.uint8Array({ maxLength: 300 }).map((tail) => Buffer.concat([header, tail])),
    fc.tuple(fc.constantFrom(...seeds), fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 6 })).map(([seed, changes]) => {
      const changed = Buffer.from(seed);
      for (const [at, byte] of changes) changed[at % changed.length] = byte;
      return changed;
    }),
  );
};

test.each(PROTOCOLS)('whatever bytes come, decoding ends with a value or a ThriftError, %s', (name, protocol) => {
  fc.assert(
    fc.property(hostile(name as 'binary'), (bytes) => {
      outcome(protocol, bytes);
    }),
    { numRuns: 3_000 },
  );
});

test.each(PROTOCOLS)('no bytes make it take more than a reply may be, %s', async (name, protocol) => {
  await fc.assert(
    fc.asyncProperty(hostile(name as 'binary'), async (bytes) => {
      // A peer that repeats itself for ever.
      let at = 0;
      let taken = 0;
      const take = (count: number): Promise<Buffer> => {
        taken += count;
        const piece = Buffer.alloc(count);
        for (let n = 0; n < count; n += 1) piece[n] = bytes.length === 0 ? 0x80 : (bytes[at++ % bytes.length] as number);
        return Promise.resolve(piece);
      };
      await decodeStream(readReply(protocol, 'getStatus', 1), take).catch((error: unknown) => expect(error).toBeInstanceOf(ThriftError));
      expect(taken).toBeLessThanOrEqual(MAX_REPLY_BYTES);
    }),
    { numRuns: 100 },
  );
});

test.each(PROTOCOLS)('bytes that come one by one give the same as all at once, %s', async (name, protocol) => {
  const bytes = STRANGE[name] as Buffer;
  let at = 0;
  const asked: number[] = [];
  const value = await decodeStream(readReply(protocol, 'getStatus', 1), (count) => {
    asked.push(count);
    at += count;
    return Promise.resolve(bytes.subarray(at - count, at));
  });
  expect(value).toBe(2);
  expect(asked.every((count) => count > 0)).toBe(true);
  expect(at).toBe(bytes.length);
});
