import type { Event } from '../event/event.js';
import { eventSchema } from '../event/event.js';
import type { LogRecord } from '../log/log.js';

/** The event in a record; undefined: the record is no event (it was quarantined under `unreadable-<offset>`). */
export function readEvent(record: LogRecord): Event | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(record.value.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Id and type under which the owner counts a record that is no event. */
export const unreadableId = (offset: number): string => `unreadable-${offset}`;
export const UNREADABLE_TYPE = 'router.unreadable';
