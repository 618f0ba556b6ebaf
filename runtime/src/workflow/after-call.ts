import type { Progress } from '../journal/records.js';
import type { ActionError, Ongoing } from './action.js';
import { onceHash } from './once.js';
import type { Ready } from './ready.js';
import { decideRetry } from './retry.js';
import type { Run } from './run-state.js';
import type { RunnerPorts } from './runner.js';
import type { StepEnd, StepRecorder } from './step-recorder.js';

/** What is written down after a call that did not simply end in its output: wait, fail, ask, or follow. */
export class AfterCall {
  readonly #runner: RunnerPorts;
  readonly #run: Run;
  readonly #route: string;
  readonly #record: StepRecorder;

  constructor(runner: RunnerPorts, run: Run, route: string, record: StepRecorder) {
    this.#runner = runner;
    this.#run = run;
    this.#route = route;
    this.#record = record;
  }

  known({ step, state }: Ready, intent: Progress, error: ActionError, durationMs: number): StepEnd {
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
      this.#record.pending.push({ key: onceHash(this.#run.key, this.#route, step.id), value: undefined });
    return this.#record.fail(step, state, error.reason, error.message, intent, durationMs);
  }

  /** This call certainly did nothing, but an earlier one of the step may have: still unsettled. */
  knownAfterUnknown(ready: Ready, intent: Progress, error: ActionError): StepEnd {
    if (error.retryable) return this.stillUnknown(ready, intent, error);
    return this.#record.ambiguous(ready.step, ready.state, `An earlier call may have worked; sent again, it was refused: ${error.message}`);
  }

  unknown({ step, state, action, destination, input }: Ready, intent: Progress, error: ActionError): StepEnd {
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
  stillUnknown({ step, state }: Ready, progress: Progress, error: ActionError): StepEnd {
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

  /** The target has the work: what names it there becomes durable before anything else is called. */
  ongoing({ step, state }: Ready, progress: Progress, { memo, againMs, detail }: Ongoing, durationMs: number): StepEnd {
    const { n, firstMs, lastMs } = progress;
    const nowMs = this.#runner.clock.nowMs();
    const next: Progress = { n, firstMs, lastMs, state: 'ongoing', memo, seenMs: nowMs, detail };
    // Each look would be a line in the log otherwise.
    if (progress.state !== 'ongoing' || progress.detail !== detail) this.#record.report(step, 'ongoing', n, undefined, detail, durationMs);
    return this.#lookAgain(step, state, next, againMs);
  }

  /** Looking how the work stands failed, or told that it ended badly. The work was submitted, so a claim of `once` stands. */
  notSeen({ step, state }: Ready, progress: Progress, error: ActionError, durationMs: number): StepEnd {
    const { memo: _memo, dueMs: _dueMs, ...rest } = progress;
    if (error.outcome === 'known' && !error.retryable) return this.#record.fail(step, state, error.reason, error.message, rest, durationMs);
    const nowMs = this.#runner.clock.nowMs();
    const silentMs = nowMs - (progress.seenMs ?? progress.lastMs);
    const backoffMs = Math.min(step.retry.maxBackoffMs, Math.max(step.retry.backoffMs, 2 * silentMs));
    const next: Progress = { ...progress, state: 'ongoing', reason: `look-${error.reason}`, detail: error.message };
    return this.#lookAgain(step, state, next, Math.max(error.retryAfterMs ?? 0, backoffMs));
  }

  /** Waits, but not beyond retry.maxAge: the last look is at its end. A person who retries a parked step looks again, as the memo is kept. */
  #lookAgain(step: Ready['step'], state: Ready['state'], next: Progress, waitMs: number): StepEnd {
    const nowMs = this.#runner.clock.nowMs();
    const endMs = next.firstMs + step.retry.maxAgeMs;
    if (nowMs < endMs) return this.#record.wait(step, state, { ...next, dueMs: Math.min(nowMs + waitMs, endMs) });
    const detail = `Not over within ${step.retry.maxAgeMs} ms (retry.maxAge): ${next.detail ?? ''}`;
    return this.#record.fail(step, state, 'max-age', detail, next);
  }
}
