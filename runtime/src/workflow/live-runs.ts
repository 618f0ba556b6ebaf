import type { Unfinished } from '../journal/records.js';
import type { Run } from './run-state.js';

/** The unfinished runs of one partition, by event and by incident. */
export class LiveRuns {
  readonly #runs = new Map<string, Run>();
  readonly #byIncident = new Map<string, Set<Run>>();

  get size(): number {
    return this.#runs.size;
  }

  /** Incidents that have runs. */
  get incidents(): number {
    return this.#byIncident.size;
  }

  get(eventId: string): Run | undefined {
    return this.#runs.get(eventId);
  }

  values(): IterableIterator<Run> {
    return this.#runs.values();
  }

  of(incident: string): readonly Run[] {
    return [...(this.#byIncident.get(incident) ?? [])];
  }

  has(incident: string): boolean {
    return this.#byIncident.has(incident);
  }

  add(run: Run): void {
    this.#runs.set(run.eventId, run);
    if (run.incident === undefined) return;
    const runs = this.#byIncident.get(run.incident);
    if (runs === undefined) this.#byIncident.set(run.incident, new Set([run]));
    else runs.add(run);
  }

  remove(run: Run): void {
    this.#runs.delete(run.eventId);
    if (run.incident === undefined) return;
    const runs = this.#byIncident.get(run.incident);
    runs?.delete(run);
    if (runs?.size === 0) this.#byIncident.delete(run.incident);
  }

  countByState(): Record<Unfinished, number> {
    const counts = { running: 0, waiting: 0, parked: 0, ambiguous: 0 };
    for (const run of this.#runs.values()) counts[run.state] += 1;
    return counts;
  }

  /** Acceptance of the oldest; undefined when there is none. */
  oldestMs(): number | undefined {
    let oldestMs: number | undefined;
    for (const run of this.#runs.values()) if (oldestMs === undefined || run.acceptedMs < oldestMs) oldestMs = run.acceptedMs;
    return oldestMs;
  }
}
