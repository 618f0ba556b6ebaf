import type { Accepted } from '../journal/records.js';
import type { Acceptance } from './accept.js';
import type { Delivery } from './partition-ports.js';

/** What the journal keeps of an event that becomes a run. `table` is the hash of the routes that were asked. */
export function acceptedRecord(
  { event, offset }: Delivery,
  { meaning, reason, incident, branches }: Extract<Acceptance, { run: true }>,
  atMs: number,
  table: string,
): Accepted {
  return {
    event,
    offset,
    atMs,
    meaning,
    reason,
    ...(incident === undefined ? {} : { incident: incident.key, opener: incident.openedBy, closes: incident.closes }),
    branches: [...branches],
    table,
  };
}
