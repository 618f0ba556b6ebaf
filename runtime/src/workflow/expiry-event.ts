import type { Event } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import { nonceHash } from './nonce.js';

/** The event by which an incident without a sign of life expires: it travels through the log as any other, so that a late sign still wins. */
export function expiryEvent(incident: Incident, nowMs: number): Event {
  const now = new Date(nowMs).toISOString();
  return {
    specversion: '1.0',
    id: `expiry-${nonceHash(incident.key, `${incident.openedBy} ${incident.lastSignMs} ${nowMs}`).slice(0, 32)}`,
    type: 'router.expiry',
    source: 'router',
    ingestsource: 'router',
    time: now,
    recordedtime: now,
    partitionkey: incident.partitionkey,
    correlationid: incident.key,
    data: { incident: incident.key, openedBy: incident.openedBy, lastSignMs: incident.lastSignMs },
  };
}
