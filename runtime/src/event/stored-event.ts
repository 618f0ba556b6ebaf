import type { Event } from './event.js';
import { eventSchema } from './event.js';

/** The event in a record's bytes; undefined: they are no event (the record is quarantined under `unreadable-<offset>`). */
export function readEvent(value: Buffer): Event | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(value.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Id and type under which the owner counts a record that is no event. */
export const unreadableId = (offset: number): string => `unreadable-${offset}`;
export const UNREADABLE_TYPE = 'router.unreadable';
