import { createHash } from 'node:crypto';
import type { Clock, Random } from '../clock.js';

const MAX_SLUG_CHARACTERS = 40;

/**
 * What makes a delivery recognisable when it comes again. `ingest` is the configured source, `source` the event's.
 * A caller's id names the event whatever it says; a nonce does so within its ordering key only; a wrapper (Argo Events) names the whole payload, and so
 * does the place of a record in the raw topic.
 */
export type Origin =
  | { readonly kind: 'id'; readonly ingest: string; readonly source: string; readonly id: string }
  | { readonly kind: 'nonce'; readonly ingest: string; readonly source: string; readonly key: string | null; readonly id: string }
  | { readonly kind: 'wrapper' | 'raw'; readonly ingest: string; readonly id: string };

/** Id of a delivery that has an origin: readable, safe in a URL, and the same for every redelivery. The hash, not the slug, tells ids apart. */
export function idFromOrigin(origin: Origin): string {
  const slug = origin.id
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, MAX_SLUG_CHARACTERS);
  const { kind, ingest, id } = origin;
  const parts = origin.kind === 'id' ? [ingest, origin.source] : origin.kind === 'nonce' ? [ingest, origin.source, origin.key] : [ingest];
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, ...parts, id]))
    .digest('hex')
    .slice(0, 16);
  return slug === '' ? hash : `${slug}-${hash}`;
}

/** Id made at acceptance: sorts by time (base 36 milliseconds), unique by 80 random bits. */
export function newId(clock: Clock, random: Random): string {
  return `${Math.max(0, clock.nowMs()).toString(36).padStart(9, '0')}-${random.hex(10)}`;
}

/** Id of an event that is submitted for the n-th time again: `<id>~n`, however often it went round before. */
export function idAgain(id: string, n: number): string {
  return `${id.replace(/~\d+$/, '')}~${n}`;
}
