import * as zlib from 'node:zlib';
import { decompress as inflateZstd } from 'fzstd';
import kafkajs from 'kafkajs';
import lz4 from 'lz4js';
import snappyjs from 'snappyjs';

/** snappy-java wraps its blocks: eight magic bytes, two versions, then length and block, again and again. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
/** A record batch that inflates to more than this is refused: nobody may fill our memory with a few bytes. */
const MAX_INFLATED_BYTES = 67_108_864;

type Inflate = (bytes: Buffer) => Uint8Array;

/** As kafkajs asks for it. */
interface Codec {
  compress(): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

function snappy(bytes: Buffer): Uint8Array {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyjs.uncompress(bytes, MAX_INFLATED_BYTES);
  const blocks: Uint8Array[] = [];
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    blocks.push(snappyjs.uncompress(bytes.subarray(at + 4, at + 4 + length), MAX_INFLATED_BYTES));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

function inflateLz4(frame: Buffer): Uint8Array {
  const bytes = lz4.decompressBound(frame);
  if (bytes > MAX_INFLATED_BYTES) throw new RangeError(`an lz4 batch of up to ${bytes} bytes`);
  return lz4.decompress(frame, bytes);
}

/** Node's own from 22.15 on. */
const native = (zlib as { zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer }).zstdDecompressSync;
const zstd: Inflate = (bytes) => (native === undefined ? inflateZstd(bytes) : native(bytes, { maxOutputLength: MAX_INFLATED_BYTES }));

/** For reading only: we never compress, others may. */
function reading(name: string, inflate: Inflate): () => Codec {
  return () => ({
    compress: () => Promise.reject(new Error(`writing ${name} is not supported`)),
    async decompress(bytes: Buffer) {
      const inflated = inflate(bytes);
      if (inflated.length > MAX_INFLATED_BYTES) throw new RangeError(`a ${name} batch of ${inflated.length} bytes`);
      return Buffer.from(inflated.buffer, inflated.byteOffset, inflated.byteLength);
    },
  });
}

/** Without these a topic that somebody compresses with snappy, lz4 or zstd would end its consumer. gzip is kafkajs' own. */
export function registerCodecs(): void {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  CompressionCodecs[CompressionTypes.Snappy] = reading('snappy', snappy);
  CompressionCodecs[CompressionTypes.LZ4] = reading('lz4', inflateLz4);
  CompressionCodecs[CompressionTypes.ZSTD] = reading('zstd', zstd);
}
