import { createHash } from 'node:crypto';

/** A nonce is compared within its ordering key. Hex, 64 characters. */
export function nonceHash(key: string, nonce: string): string {
  return createHash('sha256')
    .update(JSON.stringify([key, nonce]))
    .digest('hex');
}
