import type { Clock } from '../clock.js';
import type { Json } from '../event/event.js';
import { expireAfterOf } from '../incident/bind.js';
import type { Incident } from '../incident/incident.js';
import type { JournalEntry } from '../journal/journal.js';
import { incidentRecordKey, replacedIncidentKey } from '../journal/records.js';
import { DueQueue } from './due-queue.js';
import type { Run } from './run-state.js';

export interface IncidentTimes {
  readonly expireAfterMs: number;
  /** How long a closed incident is remembered: max(reopenWithin, dedupeWindow). */
  readonly keepClosedMs: number;
}

/**
 * The live incidents of one partition. Knows when each one is due: an open one to expire, a closed one to be forgotten.
 * Changes are kept here at once and handed to the caller as journal entries, to be put with the event that caused them.
 */
export class IncidentBook {
  readonly #clock: Clock;
  readonly #times: IncidentTimes;
  readonly #incidents = new Map<string, Incident>();
  /** lastSignMs as last journaled: repeats are saved at most every expireAfter/8. */
  readonly #savedSignMs = new Map<string, number>();
  readonly #due: DueQueue<string>;
  readonly #scheduled = new Set<string>();
  readonly #expire: (incident: Incident) => void;
  readonly #forget: (key: string) => void;
  /** Replaced by a new incident of their key while runs of them were live, by `<key>\n<openedBy>`. */
  readonly #replaced = new Map<string, Incident>();
  readonly #isHeld: (key: string) => boolean;

  constructor(
    clock: Clock,
    times: IncidentTimes,
    expire: (incident: Incident) => void,
    forget: (key: string) => void,
    isHeld: (key: string) => boolean,
  ) {
    this.#clock = clock;
    this.#times = times;
    this.#expire = expire;
    this.#forget = forget;
    this.#isHeld = isHeld;
    this.#due = new DueQueue(clock, (key) => this.#check(key));
  }

  get size(): number {
    return this.#incidents.size;
  }

  get(key: string): Incident | undefined {
    return this.#incidents.get(key);
  }

  /** The incident that `next` takes the place of, if one of the live `runs` is its: those go on with their own. */
  replacedBy(next: Incident, runs: readonly Pick<Run, 'incident' | 'opener'>[]): Incident | undefined {
    const before = this.#incidents.get(next.key);
    if (before === undefined || before.openedBy === next.openedBy) return undefined;
    return runs.some(({ incident, opener }) => incident === next.key && opener === before.openedBy) ? before : undefined;
  }

  /** The incident that `opener` opened, replaced or not; without `opener` the one that stands. */
  of(key: string, opener: string | undefined): Incident | undefined {
    const standing = this.#incidents.get(key);
    return opener === undefined || standing?.openedBy === opener ? standing : this.#replaced.get(`${key}\n${opener}`);
  }

  /** Keeps an incident for its runs while another of its key takes its place. */
  replace(incident: Incident): JournalEntry {
    this.#replaced.set(`${incident.key}\n${incident.openedBy}`, incident);
    return { key: replacedIncidentKey(incident.key, incident.openedBy), value: incident as unknown as Json };
  }

  restoreReplaced(incident: Incident): void {
    this.#replaced.set(`${incident.key}\n${incident.openedBy}`, incident);
  }

  /** The entry that removes it; undefined: it was not replaced. */
  dropReplaced(key: string, opener: string): JournalEntry | undefined {
    return this.#replaced.delete(`${key}\n${opener}`) ? { key: replacedIncidentKey(key, opener), value: undefined } : undefined;
  }

  /** As `set`, for an incident that may have been replaced. */
  update(incident: Incident): JournalEntry | undefined {
    return this.#replaced.has(`${incident.key}\n${incident.openedBy}`) ? this.replace(incident) : this.set(incident);
  }

  values(): IterableIterator<Incident> {
    return this.#incidents.values();
  }

  /** At restore. Up to expireAfter/8 of signs of life may be unsaved: granted, so that nothing expires early. */
  restore(incident: Incident): void {
    this.#incidents.set(incident.key, { ...incident, lastSignMs: incident.lastSignMs + this.#times.expireAfterMs / 8 });
    this.#savedSignMs.set(incident.key, incident.lastSignMs);
    this.#schedule(incident.key);
  }

  /** The new state; the entry to put, or undefined when it differs from the saved one only by a recent sign of life. */
  set(incident: Incident): JournalEntry | undefined {
    const before = this.#incidents.get(incident.key);
    this.#incidents.set(incident.key, incident);
    this.#schedule(incident.key);
    const savedMs = this.#savedSignMs.get(incident.key);
    const onlySign =
      before !== undefined &&
      savedMs !== undefined &&
      incident.lastSignMs - savedMs < this.#times.expireAfterMs / 8 &&
      JSON.stringify({ ...before, lastSignMs: 0 }) === JSON.stringify({ ...incident, lastSignMs: 0 });
    if (onlySign) return undefined;
    this.#savedSignMs.set(incident.key, incident.lastSignMs);
    return { key: incidentRecordKey(incident.key), value: incident as unknown as Json };
  }

  /** Asks again for an expiry whose event could not be appended. */
  recheck(key: string): void {
    this.#schedule(key);
  }

  stop(): void {
    this.#due.stop();
  }

  #dueMs(incident: Incident): number {
    return incident.state === 'open'
      ? incident.lastSignMs + expireAfterOf(incident, this.#times.expireAfterMs)
      : (incident.closedMs ?? 0) + this.#times.keepClosedMs;
  }

  /** One entry a key in the queue; when it fires too early (a sign of life came), it is put back. */
  #schedule(key: string): void {
    const incident = this.#incidents.get(key);
    if (incident === undefined || this.#scheduled.has(key)) return;
    this.#scheduled.add(key);
    // A close can come due before an expiry that is already queued: closed incidents then live that much longer, never shorter.
    this.#due.add(this.#dueMs(incident), key);
  }

  #check(key: string): void {
    this.#scheduled.delete(key);
    const incident = this.#incidents.get(key);
    if (incident === undefined) return;
    if (this.#dueMs(incident) > this.#clock.nowMs()) return this.#schedule(key);
    if (incident.state === 'open') return this.#expire(incident);
    // Runs of it still read it; the last of them asks again.
    if (this.#isHeld(key)) return;
    this.#incidents.delete(key);
    this.#savedSignMs.delete(key);
    this.#forget(key);
  }
}
