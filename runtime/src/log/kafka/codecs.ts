import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import kafkajs from 'kafkajs';
import snappyjs from 'snappyjs';
import { asError } from '../../errors.js';
import { inflateLz4 } from './lz4.js';
import { standIns } from './unreadable-batch.js';
import { largestWindow } from './zstd-window.js';

/** snappy-java wraps its blocks: eight magic bytes, two versions, then length and block, again and again. */
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const XERIAL_HEADER_BYTES = 16;
/** A record batch that inflates to more than this is refused: nobody may fill our memory with a few bytes. */
const MAX_INFLATED_BYTES = 67_108_864;

type Inflate = (bytes: Buffer) => Uint8Array;

/** As kafkajs asks for it. */
interface Codec {
  compress(encoder: unknown): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

function snappy(bytes: Buffer): Uint8Array {
  if (!bytes.subarray(0, XERIAL.length).equals(XERIAL)) return snappyjs.uncompress(bytes, MAX_INFLATED_BYTES);
  const blocks: Uint8Array[] = [];
  let total = 0;
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const block = snappyjs.uncompress(bytes.subarray(at + 4, at + 4 + length), MAX_INFLATED_BYTES - total);
    total += block.length;
    blocks.push(block);
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}

/** Node's own from 22.15 on. */
const native = (zlib as { zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer }).zstdDecompressSync;
const zstd: Inflate = (bytes) => (native === undefined ? inflateZstd(bytes) : native(bytes, { maxOutputLength: MAX_INFLATED_BYTES }));

/** Piece by piece, so that a batch which becomes too large ends before it has. */
function inflateZstd(bytes: Buffer): Uint8Array {
  if (largestWindow(bytes) > MAX_INFLATED_BYTES)
    throw new RangeError(`a zstd batch that wants a window of more than ${MAX_INFLATED_BYTES} bytes`);
  const pieces: Uint8Array[] = [];
  let total = 0;
  const stream = new Decompress((piece) => {
    total += piece.length;
    if (total > MAX_INFLATED_BYTES) throw new RangeError(`a zstd batch of more than ${MAX_INFLATED_BYTES} bytes`);
    pieces.push(Buffer.from(piece));
  });
  stream.push(bytes, true);
  return Buffer.concat(pieces);
}

const gzip: Inflate = (bytes) => zlib.gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });

/** For reading only: we never compress, others may. */
function reading(name: string, inflate: Inflate): () => Codec {
  return () => ({
    compress: () => Promise.reject(new Error(`writing ${name} is not supported`)),
    async decompress(bytes: Buffer) {
      try {
        const inflated = inflate(bytes);
        if (inflated.length > MAX_INFLATED_BYTES) throw new RangeError(`a ${name} batch of ${inflated.length} bytes`);
        return Buffer.from(inflated.buffer, inflated.byteOffset, inflated.byteLength);
      } catch (error) {
        const why = `The ${name} batch does not inflate, or to more than ${MAX_INFLATED_BYTES} bytes: ${asError(error).message}`;
        const instead = standIns(bytes, why);
        if (instead === undefined) throw error;
        return instead;
      }
    },
  });
}

let isRegistered = false;

/** Without these a topic that somebody compresses with snappy, lz4 or zstd would end its consumer. gzip is kafkajs' own, but unbounded when it is read. */
export function registerCodecs(): void {
  if (isRegistered) return;
  isRegistered = true;
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const { compress } = CompressionCodecs[CompressionTypes.GZIP]() as Codec;
  CompressionCodecs[CompressionTypes.GZIP] = () => ({ ...reading('gzip', gzip)(), compress });
  CompressionCodecs[CompressionTypes.Snappy] = reading('snappy', snappy);
  CompressionCodecs[CompressionTypes.LZ4] = reading('lz4', (bytes) => inflateLz4(bytes, MAX_INFLATED_BYTES));
  CompressionCodecs[CompressionTypes.ZSTD] = reading('zstd', zstd);
}
