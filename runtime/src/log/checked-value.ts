import { crc32 } from 'node:zlib';

const CRC_BYTES = 4;
const LENGTH_BYTES = 4;

/**
 * What lies in the store: checksum (crc32, big-endian, over the key under which it lies and the rest), length of `name`, `name`, `body`.
 * The key is part of the checksum: a value found under another key than its own is as damaged as an altered one.
 */
export function seal(storeKey: Buffer, name: string, body: Buffer): Buffer {
  const nameBytes = Buffer.byteLength(name, 'utf8');
  const sealed = Buffer.allocUnsafe(CRC_BYTES + LENGTH_BYTES + nameBytes + body.length);
  sealed.writeUInt32BE(nameBytes, CRC_BYTES);
  sealed.write(name, CRC_BYTES + LENGTH_BYTES, 'utf8');
  body.copy(sealed, CRC_BYTES + LENGTH_BYTES + nameBytes);
  sealed.writeUInt32BE(checksum(storeKey, sealed), 0);
  return sealed;
}

/** undefined: torn, altered, or not of this key. */
export function unseal(storeKey: Buffer, sealed: Buffer): { readonly name: string; readonly body: Buffer } | undefined {
  if (sealed.length < CRC_BYTES + LENGTH_BYTES || checksum(storeKey, sealed) !== sealed.readUInt32BE(0)) return undefined;
  const bodyAt = CRC_BYTES + LENGTH_BYTES + sealed.readUInt32BE(CRC_BYTES);
  return { name: sealed.toString('utf8', CRC_BYTES + LENGTH_BYTES, bodyAt), body: sealed.subarray(bodyAt) };
}

const checksum = (storeKey: Buffer, sealed: Buffer): number => crc32(sealed.subarray(CRC_BYTES), crc32(storeKey));
