import type { Incident } from '#runtime/incident/incident.js';
import type { JournalEntry } from '#runtime/journal/journal.js';
import type { Accepted, Progress } from '#runtime/journal/records.js';
import type { RouteTable } from '#runtime/plan.js';

/** A call, or work that a call began, may be under way: nothing else of the key begins. */
const HOLDING: ReadonlySet<Progress['state']> = new Set(['intent', 'unsettled', 'ongoing']);

/**
 * Reads every durable put in order and judges it: one unsettled effect a key, runs of a key begin in events order (but for runs that a person released),
 * nothing of an incident begins after its close.
 */
export class JournalObserver {
  readonly #table: RouteTable;
  readonly #violate: (law: string, detail: string) => void;
  readonly #runs = new Map<string, Accepted>();
  readonly #released = new Set<string>();
  readonly #progress = new Map<string, Progress>();
  readonly #begunOffset = new Map<string, number>();
  /** Closes of an incident, by key and opener: a later incident of the same key does not close an earlier one. */
  readonly #closes = new Map<string, number>();

  constructor(table: RouteTable, violate: (law: string, detail: string) => void) {
    this.#table = table;
    this.#violate = violate;
  }

  /** Another owner begins, from this state: what was put and is not in it never counted. */
  restart(entries: ReadonlyMap<string, string>): void {
    this.#runs.clear();
    this.#progress.clear();
    this.#closes.clear();
    for (const [key, text] of entries) {
      const value: unknown = JSON.parse(text);
      if (key.startsWith('a/')) this.#runs.set(key.slice(2), value as Accepted);
      else if (key.startsWith('i/') && !entries.has(`d/${key.slice(2)}`)) this.#progress.set(key, value as Progress);
      else if (key.startsWith('n/') || key.startsWith('p/')) {
        const incident = value as Incident;
        this.#closes.set(`${incident.key} ${incident.openedBy}`, incident.closes);
      }
    }
  }

  see(entries: readonly JournalEntry[]): void {
    for (const { key, value } of entries) {
      const kind = key.slice(0, 2);
      if (kind === 'a/' && value !== undefined) this.#runs.set(key.slice(2), value as unknown as Accepted);
      else if ((kind === 'n/' || kind === 'p/') && value !== undefined) this.#incident(value as unknown as Incident);
      else if (kind === 'i/') this.#step(key, value as unknown as Progress | undefined);
      else if (kind === 'd/') this.#progress.delete(`i/${key.slice(2)}`);
    }
    for (const { key, value } of entries) if (key.startsWith('a/') && value === undefined) this.#runs.delete(key.slice(2));
  }

  #incident(incident: Incident): void {
    const name = `${incident.key} ${incident.openedBy}`;
    if (incident.closes < (this.#closes.get(name) ?? 0)) this.#violate('closes-never-decrease', name);
    this.#closes.set(name, incident.closes);
  }

  #step(key: string, progress: Progress | undefined): void {
    const before = this.#progress.get(key);
    if (progress === undefined) {
      this.#progress.delete(key);
      return;
    }
    this.#progress.set(key, progress);
    const [, eventId = '', branchText = '', step = ''] = key.split('/');
    if (progress.state === 'parked' || progress.state === 'ambiguous') this.#released.add(eventId);
    if (progress.state !== 'intent') return;
    const run = this.#runs.get(eventId);
    if (run === undefined) {
      this.#violate('intent-without-accepted', key);
      return;
    }
    const lane = run.event.partitionkey;
    for (const [other, state] of this.#progress) {
      // Forced: a person asked for it again; it is queued, and its last call long over.
      if (!HOLDING.has(state.state) || state.forced === true) continue;
      const [, otherId = ''] = other.split('/');
      if (otherId !== eventId && this.#runs.get(otherId)?.event.partitionkey === lane)
        this.#violate('one-unsettled-a-key', `${key} begins while ${other} is ${state.state}`);
    }
    const begunOffset = this.#begunOffset.get(lane) ?? -1;
    if (run.offset < begunOffset && !this.#released.has(eventId) && progress.n === 1)
      this.#violate('order-per-key', `${key} at offset ${run.offset} begins after ${begunOffset}`);
    this.#begunOffset.set(lane, Math.max(begunOffset, run.offset));
    this.#closed(key, run, Number(branchText), step, before);
  }

  /** A call whose outcome was unknown may be sent again after the close; anything else may not begin. */
  #closed(key: string, run: Accepted, index: number, stepId: string, before: Progress | undefined): void {
    const branch = run.branches[index];
    if (run.incident === undefined || branch === undefined || branch.list === 'resolved' || branch.list === 'expired') return;
    if ((this.#closes.get(`${run.incident} ${run.opener}`) ?? 0) <= (run.closes ?? 0)) return;
    if (before?.state === 'intent' || before?.state === 'unsettled' || before?.state === 'ambiguous') return;
    const route = this.#table.match(run.event).find((candidate) => candidate.hash === branch.hash);
    const step = route?.lists[branch.list]?.find((candidate) => candidate.id === stepId);
    if (step?.always === false) this.#violate('nothing-begins-after-close', key);
  }
}
