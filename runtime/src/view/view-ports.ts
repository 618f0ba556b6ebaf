import type { Journal } from '../journal/journal.js';
import type { Unfinished } from '../journal/records.js';
import type { Log } from '../log/log.js';
import type { RouteTable } from '../plan.js';

export interface ViewPorts {
  readonly log: Log;
  readonly journal: Journal;
  routes(): RouteTable;
  /** State of an unfinished run whose owner is this process: only its memory knows that a run waits for a place at a destination. */
  liveState?(eventId: string): Unfinished | undefined;
}
