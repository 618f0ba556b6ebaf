import type { JournalReader } from '../journal/journal.js';
import type { Unfinished } from '../journal/records.js';
import type { LogReader } from '../log/log.js';
import type { RouteTable } from '../plan.js';

export interface ViewPorts {
  readonly log: LogReader;
  readonly journal: JournalReader;
  /** Records that are in the topics and not in this copy yet; undefined: not known. Absent: it is no copy. */
  behind?(): number | undefined;
  routes(): RouteTable;
  /** State of an unfinished run whose owner is this process: only its memory knows that a run waits for a place at a destination. */
  liveState?(eventId: string): Unfinished | undefined;
}
