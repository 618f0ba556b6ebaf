import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Progress } from '../journal/records.js';
import { progressKey } from '../journal/records.js';
import type { CompiledStep } from '../plan.js';
import type { Action, ActionContext, ActionError } from './action.js';
import { Ongoing } from './action.js';
import { AfterCall } from './after-call.js';
import { call } from './call.js';
import { collapse } from './collapse.js';
import { COLLAPSE_AFTER_MS, digestKey } from './digest.js';
import type { Pass } from './gate.js';
import { claimOnce } from './once.js';
import type { Ready } from './ready.js';
import type { Run, StepState } from './run-state.js';
import type { OpenDestination, RunnerPorts } from './runner.js';
import { decideSettle } from './settle.js';
import type { StepEnd, StepRecorder } from './step-recorder.js';
import { stop } from './step-recorder.js';

export interface EffectPorts {
  readonly runner: RunnerPorts;
  readonly run: Run;
  readonly route: string;
  readonly index: number;
  readonly record: StepRecorder;
  /** Called when a gate gives the pass that was waited for. */
  wake(): void;
  /** A close was accepted since the run began, and this step minds it. */
  isClosed(step: CompiledStep): boolean;
  skipClosed(step: CompiledStep, state: StepState): StepEnd;
}

/**
 * Brings one step's effect forward: settle what is unknown, wait for a place, write the intent, call, and write down how it came out.
 *
 * Delivery guarantees: the intent is durable before the call; an unknown outcome is looked up, sent again under the same key, or shown to a person, as the
 * action says; it never counts as a failure.
 */
export class Effect {
  readonly #runner: RunnerPorts;
  readonly #ports: EffectPorts;
  readonly #record: StepRecorder;
  readonly #after: AfterCall;

  constructor(ports: EffectPorts) {
    this.#ports = ports;
    this.#runner = ports.runner;
    this.#record = ports.record;
    this.#after = new AfterCall(ports.runner, ports.run, ports.route, ports.record);
  }

  async advance(ready: Ready): Promise<StepEnd> {
    const { step, state, action, destination, input } = ready;
    const nowMs = this.#runner.clock.nowMs();
    const { progress } = state;
    let probe = false;
    if (progress !== undefined && (progress.state === 'intent' || progress.state === 'unsettled') && progress.n > 0) {
      const decision = decideSettle(progress, action.settlement(destination.client, input), step.retry.maxAgeMs, nowMs);
      if (decision.do === 'ask') return this.#record.ambiguous(step, state, decision.why);
      if (decision.do === 'wait') return this.#record.wait(step, state, { ...progress, state: 'unsettled', dueMs: decision.dueMs });
      probe = decision.do === 'probe';
    } else if (
      (progress?.state === 'retry' || progress?.state === 'ongoing') &&
      progress.forced !== true &&
      (progress.dueMs ?? 0) > nowMs
    ) {
      return stop({ end: 'waits', dueMs: progress.dueMs });
    }
    if (!this.#runner.mayStart()) return stop({ end: 'suspended' });
    const channel = this.#collapsesInto(ready);
    if (channel !== undefined) {
      const target = { digest: digestKey(destination.name, channel), row: this.#record.key(step) };
      return collapse(this.#runner, this.#record, step, state, target, input);
    }
    const pass = this.#enter(ready);
    if (pass === undefined) return stop({ end: 'waits', dueMs: undefined });
    if (progress?.memo !== undefined) return this.#follow(ready, pass, progress, progress.memo);
    if (probe && progress !== undefined && action.probe !== undefined) {
      const look = action.probe;
      const looked = await this.#call(ready, pass, progress, (context) => look(input, context));
      if (!looked.ok) return this.#after.stillUnknown(ready, progress, looked.error);
      if (looked.value !== undefined) return this.#record.done(step, state, looked.value, progress.n, 'probe', looked.durationMs);
      // Certainly not there: the same step may be sent again, as one more attempt. Written down, or a wait for the budget would look again and again.
      this.#record.progress(step, state, { ...progress, state: 'retry', dueMs: this.#runner.clock.nowMs(), reason: 'probed-absent' });
      return this.advance(ready);
    }
    return this.#send(ready, pass, nowMs);
  }

  async #send(ready: Ready, pass: Pass, nowMs: number): Promise<StepEnd> {
    const { step, state, action, input } = ready;
    const { progress } = state;
    const { run, route, index } = this.#ports;
    // A close may have been accepted since this step was looked at. Only a call that may have happened already is sent again after a close.
    const resends = progress?.state === 'intent' || progress?.state === 'unsettled';
    if (!resends && this.#ports.isClosed(step)) {
      pass.leave('unused');
      return this.#ports.skipClosed(step, state);
    }
    const intent: Progress = { state: 'intent', n: (progress?.n ?? 0) + 1, firstMs: progress?.firstMs ?? nowMs, lastMs: nowMs };
    state.progress = intent;
    const entries: JournalEntry[] = [...this.#record.pending.splice(0), { key: progressKey(run.eventId, index, step.id), value: intent }];
    if (step.onceWithinMs !== undefined && (intent.n === 1 || progress?.forced === true))
      entries.push(claimOnce(run, route, index, step.id, step.onceWithinMs, nowMs));
    try {
      await this.#runner.put(entries);
    } catch (error) {
      pass.leave('unused');
      throw error;
    }
    // The put took a while, and a process may have slept for long: whoever owns the partition by now has read the intent and goes on from there.
    if (!this.#runner.mayStart()) {
      pass.leave('unused');
      state.progress = { ...intent, n: intent.n - 1, state: resends ? 'unsettled' : 'retry', dueMs: nowMs };
      return stop({ end: 'suspended' });
    }
    const result = await this.#call(ready, pass, intent, (context) => action.run(input, context));
    if (result.ok) return this.#answered(ready, intent, result.value, result.durationMs);
    if (result.error.outcome === 'unknown') return this.#after.unknown(ready, intent, result.error);
    if (resends && progress.forced !== true) return this.#after.knownAfterUnknown(ready, intent, result.error);
    return this.#after.known(ready, intent, result.error, result.durationMs);
  }

  /** The work was taken; looking changes nothing, so that no intent is written before it. */
  async #follow(ready: Ready, pass: Pass, progress: Progress, memo: Json): Promise<StepEnd> {
    const { step, state, action, input } = ready;
    const look = action.follow;
    if (look === undefined) {
      pass.leave('unused');
      return this.#record.park(
        step,
        state,
        'missing-action',
        `${action.name} of this release cannot follow work that is under way.`,
        progress,
      );
    }
    const result = await this.#call(ready, pass, progress, (context) => look(memo, input, context));
    if (!result.ok) return this.#after.notSeen(ready, progress, result.error, result.durationMs);
    return this.#answered(ready, progress, result.value, result.durationMs);
  }

  #answered(ready: Ready, progress: Progress, value: Json | Ongoing, durationMs: number): StepEnd {
    if (value instanceof Ongoing) return this.#after.ongoing(ready, progress, value, durationMs);
    return this.#record.done(ready.step, ready.state, value, progress.n, undefined, durationMs);
  }

  /** The channel in whose digest a first call becomes a row, because its budget is spent for longer than messages may wait. */
  #collapsesInto({ state, action, destination, input }: Ready): string | undefined {
    const { run } = this.#ports;
    if (state.progress !== undefined || action.digestChannel === undefined || run.critical || run.pass !== undefined) return undefined;
    const waitMs = destination.gate.budgetWaitMs(budgetKeyOf(action, destination, input));
    return waitMs > COLLAPSE_AFTER_MS ? action.digestChannel(input) : undefined;
  }

  #enter({ destination, action, input }: Ready): Pass | undefined {
    const { run, index } = this.#ports;
    const budgetKey = budgetKeyOf(action, destination, input);
    const held = run.pass;
    if (held !== undefined) {
      run.pass = undefined;
      // Another branch waited for it: it asks again when this execution ends.
      if (held.branch !== index) run.nudged = true;
      if (held.destination === destination.name && held.budgetKey === budgetKey) return held.pass;
      held.pass.leave('unused');
    }
    const entered = destination.gate.enter(budgetKey, run.critical, (pass) => {
      // Two branches may wait at two gates; one pass at a time, the other branch asks again.
      if (run.pass !== undefined) return pass.leave('unused');
      run.pass = { branch: index, destination: destination.name, budgetKey, pass };
      this.#ports.wake();
    });
    if (entered.pass !== undefined) return entered.pass;
    const others = run.cancelWait;
    run.cancelWait = () => {
      others?.();
      entered.cancel();
    };
    return undefined;
  }

  async #call<T>(
    { step, destination }: Ready,
    pass: Pass,
    { firstMs, n }: Progress,
    make: (context: ActionContext<unknown>) => Promise<T>,
  ): ReturnType<typeof call<T>> {
    const key = this.#record.key(step);
    const result = await call(this.#runner.clock, step.timeoutMs ?? destination.timeoutMs, this.#runner.shutdown, (signal) =>
      make({ client: destination.client, key, signal, firstIntentMs: firstMs, attempt: n }),
    );
    if (result.ok) pass.leave('ok');
    else pass.leave(isDown(result.error) ? 'down' : 'other', result.error.retryAfterMs);
    return result;
  }
}

function budgetKeyOf(action: Action, { perChannel, client }: OpenDestination, input: Json): string {
  return (perChannel ? action.budgetKey?.(input, client) : undefined) ?? '';
}

/** Failures that speak of the target being down, for the breaker: not its refusals of one request. */
function isDown(error: ActionError): boolean {
  return error.status === undefined ? error.reason !== 'shutdown' && error.retryable : error.status >= 500;
}
