import { createHash } from 'node:crypto';

/** lmdb takes keys of at most 1,978 bytes; ours are the partition (4 bytes) and the key's UTF-8, so that order is byte order within a partition. */
const MAX_TEXT_BYTES = 1_800;
const EVENT_KEY_BYTES = 12;

export function eventStoreKey(partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(EVENT_KEY_BYTES);
  key.writeUInt32BE(partition, 0);
  key.writeBigUInt64BE(BigInt(offset), 4);
  return key;
}

/** undefined: no key of ours, so it is damaged. */
export function offsetOf(key: Buffer): number | undefined {
  return key.length === EVENT_KEY_BYTES ? Number(key.readBigUInt64BE(4)) : undefined;
}

/** A longer key keeps its beginning, for prefix scans, and ends in a hash; the value then carries the whole key. */
export function journalStoreKey(partition: number, key: string): { readonly storeKey: Buffer; readonly isLong: boolean } {
  const text = Buffer.from(key, 'utf8');
  const isLong = text.length > MAX_TEXT_BYTES;
  const tail = isLong ? Buffer.concat([text.subarray(0, MAX_TEXT_BYTES), createHash('sha256').update(text).digest()]) : text;
  return { storeKey: withPartition(partition, tail), isLong };
}

/** Where keys that begin with `prefix` lie: from here up to `behindPrefix`. Of a very long prefix there may be others between them. */
export function journalPrefix(partition: number, prefix: string): Buffer {
  return withPartition(partition, Buffer.from(prefix, 'utf8').subarray(0, MAX_TEXT_BYTES));
}

/** As far as the store key tells it: of a long key the beginning. */
export const journalText = (storeKey: Buffer): string => storeKey.toString('utf8', 4);

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

/** The first key behind this one. */
export const behind = (key: Buffer): Buffer => Buffer.concat([key, Buffer.of(0)]);

function withPartition(partition: number, text: Buffer): Buffer {
  const key = Buffer.allocUnsafe(4 + text.length);
  key.writeUInt32BE(partition, 0);
  text.copy(key, 4);
  return key;
}
