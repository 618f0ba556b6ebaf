import { createHash } from 'node:crypto';

/** The key of a step's effect at its target: sha-256 (hex) of event id, route and step. The same for every attempt, and for nothing else. */
export function stepKey(eventId: string, route: string, step: string): string {
  return createHash('sha256')
    .update(JSON.stringify([eventId, route, step]))
    .digest('hex');
}
