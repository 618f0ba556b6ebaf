import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Progress } from '../journal/records.js';
import { progressKey } from '../journal/records.js';
import type { CompiledStep } from '../plan.js';
import type { Action, ActionContext, ActionError } from './action.js';
import { call } from './call.js';
import { collapse } from './collapse.js';
import { COLLAPSE_AFTER_MS, digestKey } from './digest.js';
import type { Pass } from './gate.js';
import { claimOnce, onceHash } from './once.js';
import { decideRetry } from './retry.js';
import type { Run, StepState } from './run-state.js';
import type { OpenDestination, RunnerPorts } from './runner.js';
import { decideSettle } from './settle.js';
import type { StepEnd, StepRecorder } from './step-recorder.js';
import { stop } from './step-recorder.js';

/** A step whose turn it is, with all that its call needs. */
export interface Ready {
  readonly step: CompiledStep;
  readonly state: StepState;
  readonly action: Action;
  readonly destination: OpenDestination;
  /** Checked by the action's schema. */
  readonly input: Json;
}

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

  constructor(ports: EffectPorts) {
    this.#ports = ports;
    this.#runner = ports.runner;
    this.#record = ports.record;
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
    } else if (progress?.state === 'retry' && progress.forced !== true && (progress.dueMs ?? 0) > nowMs) {
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
    if (probe && progress !== undefined && action.probe !== undefined) {
      const look = action.probe;
      const looked = await this.#call(ready, pass, progress.firstMs, (context) => look(input, context));
      if (!looked.ok) return this.#stillUnknown(ready, progress, looked.error);
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
    const result = await this.#call(ready, pass, intent.firstMs, (context) => action.run(input, context));
    if (result.ok) return this.#record.done(step, state, result.value, intent.n, undefined, result.durationMs);
    if (result.error.outcome === 'unknown') return this.#unknown(ready, intent, result.error);
    if (resends && progress.forced !== true) return this.#knownAfterUnknown(ready, intent, result.error);
    return this.#known(ready, intent, result.error, result.durationMs);
  }

  /** The channel in whose digest a first call becomes a row, because its budget is spent for longer than messages may wait. */
  #collapsesInto({ state, action, destination, input }: Ready): string | undefined {
    const { run } = this.#ports;
    if (state.progress !== undefined || action.collapses !== true || run.critical || run.pass !== undefined) return undefined;
    const channel = action.budgetKey?.(input) ?? '';
    return destination.gate.budgetWaitMs(destination.perChannel ? channel : '') > COLLAPSE_AFTER_MS ? channel : undefined;
  }

  #enter({ destination, action, input }: Ready): Pass | undefined {
    const { run, index } = this.#ports;
    const budgetKey = (destination.perChannel ? action.budgetKey?.(input) : undefined) ?? '';
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

  async #call<T extends Json | undefined>(
    { step, destination }: Ready,
    pass: Pass,
    firstIntentMs: number,
    make: (context: ActionContext<unknown>) => Promise<T>,
  ): ReturnType<typeof call<T>> {
    const key = this.#record.key(step);
    const result = await call(this.#runner.clock, step.timeoutMs ?? destination.timeoutMs, this.#runner.shutdown, (signal) =>
      make({ client: destination.client, key, signal, firstIntentMs }),
    );
    if (result.ok) pass.leave('ok');
    else pass.leave(isDown(result.error) ? 'down' : 'other', result.error.retryAfterMs);
    return result;
  }

  #known({ step, state }: Ready, intent: Progress, error: ActionError, durationMs: number): StepEnd {
    const nowMs = this.#runner.clock.nowMs();
    if (error.retryable) {
      const decision = decideRetry(step.retry, intent.n, intent.firstMs, nowMs, error.retryAfterMs ?? 0, this.#runner.random);
      if (decision.again) {
        this.#record.report(step, 'retry', intent.n, error.reason, error.message, durationMs);
        const { dueMs } = decision;
        return this.#record.wait(step, state, { ...intent, state: 'retry', dueMs, reason: error.reason, detail: error.message });
      }
    }
    // It certainly did not happen: the claim is free for the next run of the key.
    if (step.onceWithinMs !== undefined)
      this.#record.pending.push({ key: onceHash(this.#ports.run.key, this.#ports.route, step.id), value: undefined });
    return this.#record.fail(step, state, error.reason, error.message, intent, durationMs);
  }

  /** This call certainly did nothing, but an earlier one of the step may have: still unsettled. */
  #knownAfterUnknown(ready: Ready, intent: Progress, error: ActionError): StepEnd {
    if (error.retryable) return this.#stillUnknown(ready, intent, error);
    return this.#record.ambiguous(ready.step, ready.state, `An earlier call may have worked; sent again, it was refused: ${error.message}`);
  }

  #unknown({ step, state, action, destination, input }: Ready, intent: Progress, error: ActionError): StepEnd {
    const settlement = action.settlement(destination.client, input);
    if (settlement.by === 'person')
      return this.#record.ambiguous(step, state, `${error.message.replace(/[^.]$/, '$&.')} ${settlement.why}`);
    const nowMs = this.#runner.clock.nowMs();
    const forEver = { ...step.retry, attempts: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER };
    const backoff = decideRetry(forEver, intent.n, intent.firstMs, nowMs, error.retryAfterMs ?? 0, this.#runner.random);
    const probeMs = nowMs + Math.max(settlement.by === 'probe' ? settlement.settleMs : 0, error.retryAfterMs ?? 0);
    const dueMs = settlement.by === 'probe' || !backoff.again ? probeMs : backoff.dueMs;
    this.#record.report(step, 'unsettled', intent.n, error.reason, error.message);
    return this.#record.wait(step, state, { ...intent, state: 'unsettled', dueMs, reason: error.reason, detail: error.message });
  }

  /** Looking it up failed: what happened stays unknown. */
  #stillUnknown({ step, state }: Ready, progress: Progress, error: ActionError): StepEnd {
    if (!error.retryable) return this.#record.ambiguous(step, state, `It cannot be looked up: ${error.message}`);
    const nowMs = this.#runner.clock.nowMs();
    const backoffMs = Math.min(step.retry.maxBackoffMs, Math.max(step.retry.backoffMs, (nowMs - progress.lastMs) / 2));
    const dueMs = Math.round(nowMs + Math.max(error.retryAfterMs ?? 0, backoffMs));
    return this.#record.wait(step, state, {
      ...progress,
      state: 'unsettled',
      dueMs,
      reason: `probe-${error.reason}`,
      detail: error.message,
    });
  }
}

/** Failures that speak of the target being down, for the breaker: not its refusals of one request. */
function isDown(error: ActionError): boolean {
  return error.status === undefined ? error.reason !== 'shutdown' && error.retryable : error.status >= 500;
}
