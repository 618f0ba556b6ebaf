/** The Zstandard format (RFC 8878), as far as the memory that a decoder has to have. */
const MAGIC = 0xfd2fb528;
const SKIPPABLE = 0x184d2a50;
/** By the flags of the descriptor, in bytes. */
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
const CONTENT_BYTES = [0, 2, 4, 8] as const;
const RLE = 1;

/**
 * The largest window that the frames claim, in bytes: what a decoder sets aside before it has read anything else.
 * Ends where the bytes stop being frames; a decoder says then what is wrong.
 */
export function largestWindow(bytes: Buffer): number {
  let largest = 0;
  for (let at = 0; at + 6 <= bytes.length; ) {
    const magic = bytes.readUInt32LE(at);
    if ((magic & ~0xf) >>> 0 === SKIPPABLE) {
      at += 8 + (at + 8 <= bytes.length ? bytes.readUInt32LE(at + 4) : 0);
      continue;
    }
    if (magic !== MAGIC) break;
    const frame = headerOf(bytes, at + 4);
    if (frame === undefined) break;
    largest = Math.max(largest, frame.window);
    at = endOfBlocks(bytes, frame.next) + frame.checksumBytes;
  }
  return largest;
}

function headerOf(bytes: Buffer, at: number): { window: number; next: number; checksumBytes: number } | undefined {
  const descriptor = bytes[at] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const contentAt = at + 1 + (isSingle ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0);
  const contentBytes = isSingle && descriptor < 0x40 ? 1 : (CONTENT_BYTES[descriptor >> 6] ?? 0);
  const next = contentAt + contentBytes;
  if (next > bytes.length) return undefined;
  return {
    window: isSingle ? contentOf(bytes, contentAt, contentBytes) : windowOf(bytes[at + 1] ?? 0),
    next,
    checksumBytes: (descriptor & 4) === 0 ? 0 : 4,
  };
}

function contentOf(bytes: Buffer, at: number, length: number): number {
  if (length === 8) return Number(bytes.readBigUInt64LE(at));
  return bytes.readUIntLE(at, length) + (length === 2 ? 256 : 0);
}

function windowOf(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function endOfBlocks(bytes: Buffer, from: number): number {
  for (let at = from; at + 3 <= bytes.length; ) {
    const header = bytes.readUIntLE(at, 3);
    at += 3 + (((header >> 1) & 3) === RLE ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return bytes.length;
}
