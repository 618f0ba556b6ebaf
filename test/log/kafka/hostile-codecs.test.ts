import * as zlib from 'node:zlib';
import { beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { registerCodecs } from '#runtime/log/kafka/codecs.js';
import { largestWindow } from '#runtime/log/kafka/zstd-window.js';

/** Literals, then matches of them: the shortest that says TEXT. */
function lz4Of(word: string, times: number): Buffer {
  const count = word.length * (times - 1);
  const rest = count - 19;
  const match = [...Array(Math.floor(rest / 255)).fill(255), rest % 255];
  const block = Buffer.from([(word.length << 4) | 15, ...Buffer.from(word), word.length, 0, ...match, 0]);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(block.length);
  return Buffer.concat([Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x82]), size, block, Buffer.alloc(4)]);
}

/** One literal of up to 60 bytes a time, after the length of all. */
function snappyOf(text: Buffer): Buffer {
  const head: number[] = [];
  for (let left = text.length; ; left >>>= 7) {
    head.push(left < 128 ? left : (left & 127) | 128);
    if (left < 128) break;
  }
  const parts: Buffer[] = [Buffer.from(head)];
  for (let at = 0; at < text.length; at += 60) {
    const piece = text.subarray(at, at + 60);
    parts.push(Buffer.from([(piece.length - 1) << 2]), piece);
  }
  return Buffer.concat(parts);
}

const { CompressionCodecs, CompressionTypes } = kafkajs;
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
const CODECS = ['GZIP', 'Snappy', 'LZ4', 'ZSTD'] as const;
type Name = (typeof CODECS)[number];
const MAX_MS = 3_000;
const TEXT = Buffer.from('alert '.repeat(500));
/** One block of raw content, as the zstd format has it: magic, a frame of a single segment, a last block. */
const zstdOf = (text: Buffer): Buffer => {
  const header = Buffer.alloc(3);
  header.writeUIntLE((text.length << 3) | 1, 0, 3);
  const size = Buffer.alloc(2);
  size.writeUInt16LE(text.length - 256);
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x60]), size, header, text]);
};
const GOOD: Readonly<Record<Name, readonly Buffer[]>> = {
  GZIP: [zlib.gzipSync(TEXT)],
  Snappy: [snappyOf(TEXT), xerial([snappyOf(TEXT)])],
  LZ4: [lz4Of('alert ', 500)],
  ZSTD: [zstdOf(TEXT)],
};

function xerial(blocks: readonly Buffer[]): Buffer {
  const parts = blocks.flatMap((block) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    return [length, block];
  });
  return Buffer.concat([XERIAL, ...parts]);
}

const inflate = (name: Name, bytes: Buffer): Promise<Buffer> =>
  (CompressionCodecs[CompressionTypes[name]] as () => { decompress(bytes: Buffer): Promise<Buffer> })().decompress(bytes);

beforeAll(() => registerCodecs());

test.each(CODECS)('%s: what others wrote is read', async (name) => {
  for (const good of GOOD[name]) expect((await inflate(name, good)).equals(TEXT)).toBe(true);
});

test.each(CODECS)(
  '%s: any bytes, and real ones changed anywhere, are inflated or refused, soon and within bounds',
  async (name) => {
    const changed = fc
      .tuple(
        fc.constantFrom(...GOOD[name]),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat()),
      )
      .map(([good, changes, cut]) => {
        const bytes = Buffer.from(cut === null ? good : good.subarray(0, cut % good.length));
        // The head says how large things are.
        for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % Math.min(bytes.length, at % 2 === 0 ? 24 : bytes.length)] = byte;
        return bytes;
      });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          { weight: 4, arbitrary: changed },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
        ),
        async (bytes) => {
          const startedMs = performance.now();
          const inflated = await inflate(name, bytes).catch(() => Buffer.alloc(0));
          expect(inflated.length).toBeLessThanOrEqual(67_108_864);
          expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
        },
      ),
      { numRuns: process.env.LONG === '1' ? 20_000 : 2_000 },
    );
  },
  120_000,
);

test('ZSTD: a frame, also one behind others, that claims to need gigabytes is refused before they are set aside', async () => {
  const good = zstdOf(TEXT);
  const claims = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xb8, 0x0a, 0xc1, 0x5d, 0, 0, 0, 0]), good.subarray(7)]);
  const skipped = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 1, 2]);
  expect(largestWindow(good)).toBe(TEXT.length);
  for (const bytes of [claims, Buffer.concat([good, skipped, claims])]) {
    expect(largestWindow(bytes)).toBe(0x5dc10ab8);
    await expect(inflate('ZSTD', bytes)).rejects.toThrow();
  }
});

const zeros = Buffer.alloc(1_048_576);
test('many blocks that are small each are refused before they are large together', async () => {
  const block = snappyOf(zeros);
  await expect(inflate('Snappy', xerial(Array(200).fill(block) as Buffer[]))).rejects.toThrow(/uncompressed length|too big/);
});

test('an LZ4 block that claims to go on for gigabytes is refused at once', async () => {
  const frame = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0xff, 0xff, 0xff, 0x7f, 0x00]);
  await expect(inflate('LZ4', frame)).rejects.toThrow('the size of a block');
});

test('an LZ4 batch that inflates beyond its bound is refused', async () => {
  await expect(inflate('LZ4', lz4Of('alert ', 12_000_000))).rejects.toThrow(RangeError);
});

test('a gzip batch that inflates beyond its bound is refused', async () => {
  await expect(inflate('GZIP', zlib.gzipSync(Buffer.alloc(70_000_000)))).rejects.toThrow(/larger than/);
});

test('a zstd batch that inflates beyond its bound is refused', async () => {
  // RLE blocks: four bytes each stand for 128 KiB.
  const blocks = Array.from({ length: 2_000 }, (_, at) => {
    const block = Buffer.alloc(4);
    block.writeUIntLE((131_072 << 3) | (1 << 1) | (at === 1_999 ? 1 : 0), 0, 3);
    return block;
  });
  const frame = Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50]), ...blocks]);
  const native = (zlib as { zstdDecompressSync?: unknown }).zstdDecompressSync !== undefined;
  await expect(inflate('ZSTD', frame)).rejects.toThrow(native ? /./ : /zstd/);
});
