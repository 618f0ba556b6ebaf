import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { LateFact } from '../journal/late-facts.js';
import type { Marker, Meaning, Outcome } from '../journal/records.js';
import { markerKey } from '../journal/records.js';
import { DueQueue } from './due-queue.js';
import { executeRun } from './execute-run.js';
import type { IncidentBook } from './incident-book.js';
import { Lanes } from './lanes.js';
import { LiveRuns } from './live-runs.js';
import { type Run, stepStateKey } from './run-state.js';
import type { RunnerPorts } from './runner.js';

export interface RunLoopPorts {
  readonly runner: RunnerPorts;
  readonly incidents: IncidentBook;
  /** Called as a run leaves the live ones, before its end is put: the same put carries the count. */
  count(run: Run, outcome: Outcome, reason: string, meaning: Meaning): void;
  /** A put was refused. */
  lost(error: Error): void;
}

/** The unfinished runs of one partition: which of them runs when, and what is written when one waits, asks for a person or ends. */
export class RunLoop {
  readonly live = new LiveRuns();
  readonly #ports: RunLoopPorts;
  readonly #lanes: Lanes;
  readonly #due: DueQueue<Run>;
  readonly #executing = new Set<Promise<void>>();
  /** Ended since the last look-up of markers began: event id → offset. A marker read before the end was durable would miss it. */
  readonly #ending = new Map<string, number>();
  #endedDurably: string[] = [];
  /** They met `mayStart` false. */
  #suspended: Run[] = [];
  /** Rises when `mayStart` is true again: who met it false before, and is still writing down how far it came, must not wait for the next time. */
  #wakes = 0;

  constructor(ports: RunLoopPorts, runningCount: number) {
    this.#ports = ports;
    this.#lanes = new Lanes(runningCount, (run) => this.#start(run));
    this.#due = new DueQueue(ports.runner.clock, (run) => this.#lanes.wake(run));
  }

  /** What memory holds; 0 once everything is over. */
  get leftovers(): number {
    return this.live.size + this.live.incidents + this.#executing.size + this.#lanes.size;
  }

  /** Markers read from now on know of every run that had ended durably. */
  forgetEnded(): void {
    for (const id of this.#endedDurably.splice(0)) this.#ending.delete(id);
  }

  /** Offset of a run that ended a moment ago. */
  endedAt(eventId: string): number | undefined {
    return this.#ending.get(eventId);
  }

  begin(run: Run): void {
    this.#lanes.add(run);
  }

  /** A run that a person set going again: it holds its key again, behind what runs there now. */
  goOn(run: Run): void {
    run.nudged = true;
    if (run.state === 'waiting') return this.#lanes.wake(run);
    // Woken while the command was being journaled: it looks again when it comes to its end.
    if (run.state === 'running') return;
    run.state = 'running';
    this.#lanes.addFirst(run);
  }

  /** What an earlier owner did of a run that is not over: the run goes on from there. */
  told({ eventId, branch, step, settled: { state, ...settled } }: LateFact): void {
    const run = this.live.get(eventId);
    // What is not known helps nobody: this owner finds out by itself.
    if (run === undefined || state === 'unknown') return;
    run.told ??= new Map();
    run.told.set(stepStateKey(branch, step), { state, ...settled });
    this.goOn(run);
  }

  /** Steps that wait are looked at again when their incident closes: most are then skipped. */
  wakeIncident(key: string): void {
    for (const run of this.live.of(key)) {
      run.nudged = true;
      if (run.state === 'waiting') this.#lanes.wake(run);
    }
  }

  /** Starts nothing more and waits for calls under way. */
  async stop(): Promise<void> {
    this.#lanes.stop();
    this.#due.stop();
    for (const run of this.live.values()) {
      run.cancelWait?.();
      run.pass?.pass.leave('unused');
      run.pass = undefined;
    }
    await this.quiet();
  }

  /** Resolves when nothing is executing. */
  async quiet(): Promise<void> {
    while (this.#executing.size > 0) await Promise.all(this.#executing);
  }

  wakeSuspended(): void {
    this.#wakes += 1;
    for (const run of this.#suspended.splice(0)) this.#lanes.wake(run);
  }

  #start(run: Run): void {
    run.state = 'running';
    run.dueMs = undefined;
    run.nudged = false;
    run.cancelWait?.();
    run.cancelWait = undefined;
    const work = this.#execute(run).catch((error: unknown) => this.#ports.lost(error instanceof Error ? error : new Error(String(error))));
    const tracked = work.finally(() => this.#executing.delete(tracked));
    this.#executing.add(tracked);
  }

  async #execute(run: Run): Promise<void> {
    const { runner } = this.#ports;
    const granted = run.pass;
    const wakes = this.#wakes;
    const end = await executeRun(runner, run, () => this.#lanes.wake(run));
    if (granted !== undefined && run.pass === granted) {
      // It was not needed after all (the incident closed, or a person took over).
      run.pass = undefined;
      granted.pass.leave('unused');
    }
    if (end.end === 'finished') {
      const outputs = this.#keepOutputs(run, end.outputs);
      const marker: Marker = { o: end.outcome, p: run.offset, t: runner.clock.nowMs(), h: end.table.slice(0, 12), run: true };
      if (end.meaning !== 'none') marker.m = end.meaning;
      this.live.remove(run);
      this.#ending.set(run.eventId, run.offset);
      this.#ports.count(run, end.outcome, 'run', end.meaning);
      await runner.put([...end.entries, { key: markerKey(run.eventId), value: { ...marker } }, ...outputs, ...this.#release(run)]);
      this.#endedDurably.push(run.eventId);
      this.#lanes.leaves(run);
      return;
    }
    const entries = end.end === 'suspended' ? end.entries : [...end.entries, ...this.#keepOutputs(run, end.outputs)];
    if (entries.length > 0) await runner.put(entries);
    if (end.end === 'suspended') {
      this.#lanes.waits(run);
      if (wakes === this.#wakes) this.#suspended.push(run);
      else this.#lanes.wake(run);
      return;
    }
    if (end.end === 'person') {
      run.state = end.state;
      run.body = undefined;
      this.#lanes.leaves(run);
      if (run.nudged) this.goOn(run);
      return;
    }
    run.state = 'waiting';
    run.dueMs = end.dueMs;
    run.body = undefined;
    this.#lanes.waits(run);
    if (run.nudged || run.pass !== undefined) this.#lanes.wake(run);
    else if (end.dueMs !== undefined) this.#due.add(end.dueMs, run);
  }

  /** What later events of the incident may read. */
  #keepOutputs(run: Run, outputs: ReadonlyMap<string, Record<string, Json>>): JournalEntry[] {
    const { incidents } = this.#ports;
    const incident = run.incident === undefined ? undefined : incidents.of(run.incident, run.opener);
    if (incident === undefined || outputs.size === 0) return [];
    const steps = { ...incident.steps };
    for (const [route, made] of outputs) steps[route] = { ...steps[route], ...made };
    const entry = incidents.update({ ...incident, steps });
    return entry === undefined ? [] : [entry];
  }

  /** The last run of a replaced incident takes it along; an incident that was held may be forgotten now. */
  #release({ incident, opener }: Run): JournalEntry[] {
    if (incident === undefined) return [];
    const { incidents } = this.#ports;
    if (!this.live.has(incident)) incidents.recheck(incident);
    if (opener === undefined || this.live.of(incident).some((other) => other.opener === opener)) return [];
    const entry = incidents.dropReplaced(incident, opener);
    return entry === undefined ? [] : [entry];
  }
}
