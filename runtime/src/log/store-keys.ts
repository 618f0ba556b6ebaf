import { createHash } from 'node:crypto';

/** lmdb takes keys of at most 1,978 bytes; ours are the partition (4 bytes) and the key's UTF-8, so that order is byte order within a partition. */
const MAX_TEXT_BYTES = 1_800;

export function eventStoreKey(partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(partition, 0);
  key.writeBigUInt64BE(BigInt(offset), 4);
  return key;
}

export const offsetOf = (key: Buffer): number => Number(key.readBigUInt64BE(4));

/** A longer key keeps its beginning, for prefix scans, and ends in a hash; the value then carries the whole key. */
export function journalStoreKey(partition: number, key: string): { storeKey: Buffer; isLong: boolean } {
  const text = Buffer.from(key, 'utf8');
  const isLong = text.length > MAX_TEXT_BYTES;
  const tail = isLong ? Buffer.concat([text.subarray(0, MAX_TEXT_BYTES), createHash('sha256').update(text).digest()]) : text;
  const storeKey = Buffer.allocUnsafe(4 + tail.length);
  storeKey.writeUInt32BE(partition, 0);
  tail.copy(storeKey, 4);
  return { storeKey, isLong };
}

/** The first key behind all keys that begin with this one. */
export function behindPrefix(prefix: Buffer): Buffer {
  const end = Buffer.from(prefix);
  for (let at = end.length - 1; at >= 0; at -= 1) {
    const byte = end[at] as number;
    if (byte < 0xff) {
      end[at] = byte + 1;
      return end.subarray(0, at + 1);
    }
  }
  return Buffer.concat([prefix, Buffer.alloc(8, 0xff)]);
}
