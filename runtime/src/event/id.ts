import { createHash } from 'node:crypto';
import type { Clock, Random } from '../clock.js';

const MAX_SLUG_CHARACTERS = 40;

/**
 * Id of a delivery that its caller named: readable, safe in a URL, and the same for every redelivery. The hash, not the slug, tells ids apart.
 * `source` and `originId` together identify it, as CloudEvents says.
 */
export function idFromOrigin(source: string, originId: string): string {
  const slug = originId
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MAX_SLUG_CHARACTERS);
  const hash = createHash('sha256')
    .update(JSON.stringify([source, originId]))
    .digest('hex')
    .slice(0, 16);
  return slug === '' ? hash : `${slug}-${hash}`;
}

/** Id made at acceptance: sorts by time (base 36 milliseconds), unique by 80 random bits. */
export function newId(clock: Clock, random: Random): string {
  return `${Math.max(0, clock.nowMs()).toString(36).padStart(9, '0')}-${random.hex(10)}`;
}
