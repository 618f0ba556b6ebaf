import { crc32 } from 'node:zlib';

const CRC_BYTES = 4;

/** Checksum (crc32, big-endian) before the payload. */
export function seal(payload: Buffer): Buffer {
  const sealed = Buffer.allocUnsafe(CRC_BYTES + payload.length);
  sealed.writeUInt32BE(crc32(payload), 0);
  payload.copy(sealed, CRC_BYTES);
  return sealed;
}

/** The payload, or undefined when the value is torn or altered. */
export function unseal(sealed: Buffer): Buffer | undefined {
  if (sealed.length < CRC_BYTES) return undefined;
  const payload = sealed.subarray(CRC_BYTES);
  return crc32(payload) === sealed.readUInt32BE(0) ? payload : undefined;
}
