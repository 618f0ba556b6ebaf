import type { Json } from '../event/event.js';
import { stepKey } from '../event/step-key.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Branch, Outcome, Progress, Settled } from '../journal/records.js';
import { progressKey, settledKey } from '../journal/records.js';
import type { CompiledRoute, CompiledStep } from '../plan.js';
import { claimOnce } from './once.js';
import type { Run, StepState } from './run-state.js';
import type { RunnerPorts, StepReport } from './runner.js';

export type BranchEnd =
  | { readonly end: 'over'; readonly outcome: Outcome }
  /** dueMs undefined: a gate will give a pass. */
  | { readonly end: 'waits'; readonly dueMs: number | undefined }
  | { readonly end: 'parked' | 'ambiguous' }
  /** No effect may begin now; whoever owns the partition next goes on. */
  | { readonly end: 'suspended' };

/** How a step came out, for the branch. */
export type StepEnd = { readonly next: true } | { readonly next: false; readonly end: BranchEnd };
export const NEXT: StepEnd = { next: true };
export const stop = (end: BranchEnd): StepEnd => ({ next: false, end });

/** Writes down how the steps of one branch come out: memory at once, journal entries into `pending`, and a report. Nothing here calls anything. */
export class StepRecorder {
  readonly #ports: RunnerPorts;
  readonly #run: Run;
  readonly #index: number;
  readonly #branch: Branch;
  readonly #route: CompiledRoute;
  readonly pending: JournalEntry[];

  constructor(ports: RunnerPorts, run: Run, index: number, branch: Branch, route: CompiledRoute, pending: JournalEntry[]) {
    this.#ports = ports;
    this.#run = run;
    this.#index = index;
    this.#branch = branch;
    this.#route = route;
    this.pending = pending;
  }

  /** The step's key at its target: the same for every attempt. */
  key(step: CompiledStep): string {
    return stepKey(this.#run.eventId, this.#route.name, this.#branch.list === 'actions' ? step.id : `${this.#branch.list}.${step.id}`);
  }

  done(step: CompiledStep, state: StepState, out: Json, attempts: number, reason: string | undefined, durationMs: number): StepEnd {
    const settled: Settled = { state: 'done', atMs: this.#ports.clock.nowMs(), attempts, out };
    if (reason !== undefined) settled.reason = reason;
    if (step.onceWithinMs !== undefined)
      this.pending.push(claimOnce(this.#run, this.#route.name, this.#index, step.id, step.onceWithinMs, settled.atMs, out));
    return this.settle(step, state, settled, durationMs);
  }

  /** An earlier owner did it. */
  told(step: CompiledStep, state: StepState, settled: Settled): StepEnd {
    if (step.onceWithinMs !== undefined)
      this.pending.push(claimOnce(this.#run, this.#route.name, this.#index, step.id, step.onceWithinMs, settled.atMs, settled.out));
    return this.settle(step, state, { ...settled, reason: settled.reason ?? 'told-late' });
  }

  wait(step: CompiledStep, state: StepState, progress: Progress): StepEnd {
    this.progress(step, state, progress);
    return stop({ end: 'waits', dueMs: progress.dueMs });
  }

  park(step: CompiledStep, state: StepState, reason: string, detail: string, attempts?: Progress): StepEnd {
    const nowMs = this.#ports.clock.nowMs();
    this.progress(step, state, { n: 0, firstMs: nowMs, lastMs: nowMs, ...attempts, state: 'parked', reason, detail });
    this.report(step, 'parked', attempts?.n ?? 0, reason, detail);
    return stop({ end: 'parked' });
  }

  ambiguous(step: CompiledStep, state: StepState, why: string): StepEnd {
    const nowMs = this.#ports.clock.nowMs();
    this.progress(step, state, { n: 1, firstMs: nowMs, lastMs: nowMs, ...state.progress, state: 'ambiguous', detail: why });
    this.report(step, 'ambiguous', state.progress?.n ?? 1, state.progress?.reason ?? 'unknown-outcome', why);
    return stop({ end: 'ambiguous' });
  }

  fail(step: CompiledStep, state: StepState, reason: string, detail: string, attempts?: Progress, durationMs?: number): StepEnd {
    if (step.onError === 'park') return this.park(step, state, reason, detail, attempts);
    const continued = step.onError === 'continue';
    const settled: Settled = { state: 'failed', atMs: this.#ports.clock.nowMs(), attempts: attempts?.n ?? 0, reason, detail };
    if (continued) settled.continued = true;
    this.settle(step, state, settled, durationMs);
    return continued ? NEXT : stop({ end: 'over', outcome: 'failed' });
  }

  skip(step: CompiledStep, state: StepState, reason: string, detail?: string): StepEnd {
    const settled: Settled = { state: 'skipped', atMs: this.#ports.clock.nowMs(), attempts: state.progress?.n ?? 0, reason };
    if (detail !== undefined) settled.detail = detail;
    return this.settle(step, state, settled);
  }

  settle(step: CompiledStep, state: StepState, settled: Settled, durationMs?: number): StepEnd {
    state.settled = settled;
    this.pending.push({ key: settledKey(this.#run.eventId, this.#index, step.id), value: settled });
    this.report(step, settled.state, settled.attempts, settled.reason, settled.detail, durationMs);
    return NEXT;
  }

  progress(step: CompiledStep, state: StepState, progress: Progress): void {
    const { forced: _forced, ...rest } = progress;
    state.progress = rest;
    this.pending.push({ key: progressKey(this.#run.eventId, this.#index, step.id), value: rest });
  }

  /** The intent was written and nothing was called: whoever goes on finds the step as it was before, and certainly not done. */
  notBegun(step: CompiledStep, state: StepState, { firstMs, lastMs }: Progress, before: Progress | undefined): StepEnd {
    state.progress = before ?? { state: 'retry', n: 0, firstMs, lastMs, dueMs: lastMs, reason: 'not-begun' };
    this.pending.push({ key: progressKey(this.#run.eventId, this.#index, step.id), value: state.progress });
    return stop({ end: 'suspended' });
  }

  report(step: CompiledStep, result: string, attempts: number, reason?: string, detail?: string, durationMs?: number): void {
    const report: StepReport = {
      eventId: this.#run.eventId,
      key: this.#run.key,
      route: this.#route.name,
      step: step.id,
      action: step.use,
      result,
      attempts,
    };
    this.#ports.report({
      ...report,
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail }),
      ...(durationMs === undefined ? {} : { durationMs }),
    });
  }
}
