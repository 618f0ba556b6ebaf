import { crc32 } from 'node:zlib';

/** Which partition a key is in: stable for ever, since moving a key would split its order. */
export function partitionOfKey(key: string, partitions: number): number {
  return partitions === 1 ? 0 : crc32(Buffer.from(key, 'utf8')) % partitions;
}
