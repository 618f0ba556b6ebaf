import type { Event, Json } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Branch, Progress } from '../journal/records.js';
import { progressKey } from '../journal/records.js';
import type { CompiledRoute, CompiledStep, Scope } from '../plan.js';
import type { Action, ActionContext, ActionError } from './action.js';
import { call } from './call.js';
import { collapse } from './collapse.js';
import { COLLAPSE_AFTER_MS, digestKey, digestTarget } from './digest.js';
import type { Pass } from './gate.js';
import { claimOnce, onceHash, onceOutput } from './once.js';
import { decideRetry } from './retry.js';
import type { Run, RunBody, StepState } from './run-state.js';
import { outputsOf, stepStateKey } from './run-state.js';
import type { OpenDestination, RunnerPorts } from './runner.js';
import { decideSettle } from './settle.js';
import type { BranchEnd, StepEnd } from './step-recorder.js';
import { StepRecorder, stop } from './step-recorder.js';

/**
 * Runs one branch of a run (one route's list) from where the journal says it stands, until it is over or has to wait.
 *
 * Delivery guarantees: no call is made before its intent is durable; `done` becomes durable with the next intent or at the branch's end, and a call whose
 * `done` was lost is settled (probe, resend or a person), never assumed. Entries not yet written are in `pending`; the caller puts them.
 */
export class BranchRunner {
  readonly #ports: RunnerPorts;
  readonly #run: Run;
  readonly #body: RunBody;
  readonly #index: number;
  readonly #branch: Branch;
  readonly #route: CompiledRoute;
  readonly #wake: () => void;
  readonly #record: StepRecorder;
  readonly #pending: JournalEntry[];

  constructor(
    ports: RunnerPorts,
    run: Run,
    body: RunBody,
    index: number,
    branch: Branch,
    route: CompiledRoute,
    pending: JournalEntry[],
    wake: () => void,
  ) {
    this.#ports = ports;
    this.#run = run;
    this.#body = body;
    this.#index = index;
    this.#branch = branch;
    this.#route = route;
    this.#record = new StepRecorder(ports, run, index, branch, route, pending);
    this.#pending = pending;
    this.#wake = wake;
  }

  async advance(): Promise<BranchEnd> {
    for (const step of this.#route.lists[this.#branch.list] ?? []) {
      const state = this.#state(step);
      if (state.settled !== undefined) {
        if (state.settled.state === 'failed' && state.settled.continued !== true) return { end: 'over', outcome: 'failed' };
        continue;
      }
      const result = await this.#step(step, state);
      if (!result.next) return result.end;
    }
    return { end: 'over', outcome: 'done' };
  }

  #state(step: CompiledStep): StepState {
    const key = stepStateKey(this.#index, step.id);
    let state = this.#body.steps.get(key);
    if (state === undefined) {
      state = {};
      this.#body.steps.set(key, state);
    }
    return state;
  }

  async #step(step: CompiledStep, state: StepState): Promise<StepEnd> {
    const { progress } = state;
    if (progress?.state === 'parked' && progress.forced !== true) return stop({ end: 'parked' });
    if (progress?.state === 'ambiguous' && progress.forced !== true) return stop({ end: 'ambiguous' });
    const unsettled = progress !== undefined && (progress.state === 'intent' || progress.state === 'unsettled');
    if (!unsettled && !step.always && this.#closedSince()) return this.#skipClosed(step, state);
    if (progress === undefined) {
      const wanted = step.when(this.#scope());
      if (!wanted.ok) {
        return wanted.reason === 'missing-output'
          ? this.#record.skip(step, state, 'missing-output', wanted.detail)
          : this.#record.fail(step, state, 'when-error', wanted.detail);
      }
      if (!wanted.value) return this.#record.skip(step, state, 'when-false');
    }
    const evaluated = step.input(this.#scope());
    if (!evaluated.ok) {
      return evaluated.reason === 'missing-output'
        ? this.#record.skip(step, state, 'missing-output', evaluated.detail)
        : this.#record.fail(step, state, 'input-error', evaluated.detail);
    }
    if (this.#route.mode === 'shadow') {
      return this.#record.settle(step, state, {
        state: 'done',
        atMs: this.#ports.clock.nowMs(),
        attempts: 0,
        reason: 'shadow',
        shadow: evaluated.value,
      });
    }
    const action = this.#ports.action(step.use);
    if (action === undefined) return this.#record.park(step, state, 'missing-action', `No action named ${step.use} in this release.`);
    const destination = this.#ports.destination(step.destination);
    if (destination === undefined) {
      return this.#record.park(
        step,
        state,
        'missing-destination',
        `Destination ${step.destination} is not configured; add it, then retry the step.`,
      );
    }
    const target = digestTarget(evaluated.value);
    if (target !== undefined) return collapse(this.#ports, this.#record, step, state, target, evaluated.value);
    const input = action.input.safeParse(evaluated.value);
    if (!input.success) {
      const issue = input.error.issues[0];
      return this.#record.fail(step, state, 'input-invalid', `with.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}`);
    }
    // Also when a person sends again what certainly did not happen: while it was parked another run of the key may have done it.
    const fresh = progress === undefined || (progress.state === 'retry' && progress.forced === true);
    if (fresh && step.onceWithinMs !== undefined) {
      const earlier = await onceOutput(
        this.#ports,
        this.#run.eventId,
        onceHash(this.#run.key, this.#route.name, step.id),
        step.onceWithinMs,
      );
      if (earlier !== undefined) {
        if (earlier.output === undefined)
          return this.#record.skip(step, state, 'once', `Done or begun by event ${earlier.by}; its output is not known.`);
        return this.#record.settle(step, state, {
          state: 'done',
          atMs: this.#ports.clock.nowMs(),
          attempts: 0,
          out: earlier.output,
          reason: 'once',
          detail: `Output of event ${earlier.by}.`,
        });
      }
    }
    return this.#effect(step, state, action, destination, input.data);
  }

  async #effect(step: CompiledStep, state: StepState, action: Action, destination: OpenDestination, input: Json): Promise<StepEnd> {
    const nowMs = this.#ports.clock.nowMs();
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
    if (!this.#ports.mayStart()) return stop({ end: 'suspended' });
    if (progress === undefined && action.collapses === true && !this.#run.critical) {
      const channel = action.budgetKey?.(input) ?? '';
      const budgetKey = destination.perChannel ? channel : '';
      if (this.#run.pass === undefined && destination.gate.budgetWaitMs(budgetKey) > COLLAPSE_AFTER_MS) {
        return collapse(
          this.#ports,
          this.#record,
          step,
          state,
          { digest: digestKey(destination.name, channel), row: this.#record.key(step) },
          input,
        );
      }
    }
    const pass = this.#enter(destination, action, input);
    if (pass === undefined) return stop({ end: 'waits', dueMs: undefined });
    if (probe && progress !== undefined && action.probe !== undefined) {
      const look = action.probe;
      const looked = await this.#call(step, destination, pass, progress.firstMs, (context) => look(input, context));
      if (!looked.ok) return this.#stillUnknown(step, state, progress, looked.error);
      if (looked.value !== undefined) return this.#record.done(step, state, looked.value, progress.n, 'probe', looked.durationMs);
      // Certainly not there: the same step may be sent again, as one more attempt. Written down, or a wait for the budget would look again and again.
      this.#record.progress(step, state, { ...progress, state: 'retry', dueMs: this.#ports.clock.nowMs(), reason: 'probed-absent' });
      return this.#effect(step, state, action, destination, input);
    }
    // A close may have been accepted since this step was looked at. Only a call that may have happened already is sent again after a close.
    const resends = progress?.state === 'intent' || progress?.state === 'unsettled';
    if (!resends && !step.always && this.#closedSince()) {
      pass.leave('unused');
      return this.#skipClosed(step, state);
    }
    const intent: Progress = { state: 'intent', n: (progress?.n ?? 0) + 1, firstMs: progress?.firstMs ?? nowMs, lastMs: nowMs };
    state.progress = intent;
    this.#pending.push({ key: progressKey(this.#run.eventId, this.#index, step.id), value: intent });
    if (step.onceWithinMs !== undefined && (intent.n === 1 || progress?.forced === true))
      this.#pending.push(claimOnce(this.#run, this.#route.name, this.#index, step.id, nowMs));
    try {
      await this.#ports.put(this.#pending.splice(0));
    } catch (error) {
      pass.leave('unused');
      throw error;
    }
    const result = await this.#call(step, destination, pass, intent.firstMs, (context) => action.run(input, context));
    if (result.ok) return this.#record.done(step, state, result.value, intent.n, undefined, result.durationMs);
    if (result.error.outcome === 'unknown') return this.#unknown(step, state, intent, result.error, action, destination, input);
    if (resends && progress.forced !== true) return this.#knownAfterUnknown(step, state, intent, result.error);
    return this.#known(step, state, intent, result.error, result.durationMs);
  }

  #enter(destination: OpenDestination, action: Action, input: Json): Pass | undefined {
    const run = this.#run;
    const budgetKey = (destination.perChannel ? action.budgetKey?.(input) : undefined) ?? '';
    const held = run.pass;
    if (held !== undefined) {
      run.pass = undefined;
      if (held.destination === destination.name && held.budgetKey === budgetKey) return held.pass;
      // Another branch waited for it: it asks again when this execution ends.
      held.pass.leave('unused');
      run.nudged = true;
    }
    const entered = destination.gate.enter(budgetKey, run.critical, (pass) => {
      // Two branches may wait at two gates; one pass at a time, the other branch asks again.
      if (run.pass !== undefined) return pass.leave('unused');
      run.pass = { destination: destination.name, budgetKey, pass };
      this.#wake();
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
    step: CompiledStep,
    destination: OpenDestination,
    pass: Pass,
    firstIntentMs: number,
    make: (context: ActionContext<unknown>) => Promise<T>,
  ): ReturnType<typeof call<T>> {
    const key = this.#record.key(step);
    const result = await call(this.#ports.clock, step.timeoutMs ?? destination.timeoutMs, this.#ports.shutdown, (signal) =>
      make({ client: destination.client, key, signal, firstIntentMs }),
    );
    if (result.ok) pass.leave('ok');
    else pass.leave(isDown(result.error) ? 'down' : 'other', result.error.retryAfterMs);
    return result;
  }

  #known(step: CompiledStep, state: StepState, intent: Progress, error: ActionError, durationMs: number): StepEnd {
    const nowMs = this.#ports.clock.nowMs();
    if (error.retryable) {
      const decision = decideRetry(step.retry, intent.n, intent.firstMs, nowMs, error.retryAfterMs ?? 0, this.#ports.random);
      if (decision.again) {
        this.#record.report(step, 'retry', intent.n, error.reason, error.message, durationMs);
        return this.#record.wait(step, state, {
          ...intent,
          state: 'retry',
          dueMs: decision.dueMs,
          reason: error.reason,
          detail: error.message,
        });
      }
    }
    // It certainly did not happen: the claim is free for the next run of the key.
    if (step.onceWithinMs !== undefined) this.#pending.push({ key: onceHash(this.#run.key, this.#route.name, step.id), value: undefined });
    return this.#record.fail(step, state, error.reason, error.message, intent, durationMs);
  }

  /** This call certainly did nothing, but an earlier one of the step may have: still unsettled. */
  #knownAfterUnknown(step: CompiledStep, state: StepState, intent: Progress, error: ActionError): StepEnd {
    if (!error.retryable)
      return this.#record.ambiguous(step, state, `An earlier call may have worked; sent again, it was refused: ${error.message}`);
    return this.#stillUnknown(step, state, intent, error);
  }

  #unknown(
    step: CompiledStep,
    state: StepState,
    intent: Progress,
    error: ActionError,
    action: Action,
    destination: OpenDestination,
    input: Json,
  ): StepEnd {
    const settlement = action.settlement(destination.client, input);
    if (settlement.by === 'person') return this.#record.ambiguous(step, state, `${error.message} ${settlement.why}`);
    const nowMs = this.#ports.clock.nowMs();
    const backoff = decideRetry(
      { ...step.retry, attempts: Number.MAX_SAFE_INTEGER, maxAgeMs: Number.MAX_SAFE_INTEGER },
      intent.n,
      intent.firstMs,
      nowMs,
      error.retryAfterMs ?? 0,
      this.#ports.random,
    );
    const backoffMs = backoff.again ? backoff.dueMs : nowMs;
    const dueMs = settlement.by === 'probe' ? Math.max(nowMs + settlement.settleMs, nowMs + (error.retryAfterMs ?? 0)) : backoffMs;
    this.#record.report(step, 'unsettled', intent.n, error.reason, error.message);
    return this.#record.wait(step, state, { ...intent, state: 'unsettled', dueMs, reason: error.reason, detail: error.message });
  }

  /** The probe itself failed: what happened stays unknown. */
  #stillUnknown(step: CompiledStep, state: StepState, progress: Progress, error: ActionError): StepEnd {
    if (!error.retryable) return this.#record.ambiguous(step, state, `It cannot be looked up: ${error.message}`);
    const nowMs = this.#ports.clock.nowMs();
    const waitMs = Math.max(
      error.retryAfterMs ?? 0,
      Math.min(step.retry.maxBackoffMs, Math.max(step.retry.backoffMs, (nowMs - progress.lastMs) / 2)),
    );
    return this.#record.wait(step, state, {
      ...progress,
      state: 'unsettled',
      dueMs: Math.round(nowMs + waitMs),
      reason: `probe-${error.reason}`,
      detail: error.message,
    });
  }

  #skipClosed(step: CompiledStep, state: StepState): StepEnd {
    // It certainly did not happen: the claim is free for the next run of the key.
    if (step.onceWithinMs !== undefined && state.progress !== undefined)
      this.#pending.push({ key: onceHash(this.#run.key, this.#route.name, step.id), value: undefined });
    return this.#record.skip(step, state, 'closed', 'The incident was closed before this step began.');
  }

  #closedSince(): boolean {
    const { accepted } = this.#body;
    if (accepted.incident === undefined || this.#branch.list === 'resolved' || this.#branch.list === 'expired') return false;
    const incident = this.#ports.incident(accepted.incident, accepted.opener);
    // Only closed incidents are forgotten.
    return incident === undefined || incident.closes > (accepted.closes ?? 0);
  }

  #scope(): Scope {
    const event: Event = this.#body.accepted.event;
    const steps = outputsOf(this.#body, this.#index);
    const { incident: key, opener } = this.#body.accepted;
    const incident = key === undefined ? undefined : this.#ports.incident(key, opener);
    return incident === undefined ? { event, steps } : { event, steps, incident: incidentScope(incident, this.#route.name) };
  }
}

/** What `incident` means in expressions. */
export function incidentScope(incident: Incident, route: string): NonNullable<Scope['incident']> {
  return {
    key: incident.key,
    state: incident.state,
    openedAt: new Date(incident.openedMs).toISOString(),
    occurrences: incident.occurrences,
    reopened: incident.reopened,
    ...(incident.closedAs === undefined ? {} : { closedAs: incident.closedAs }),
    ...(incident.digest === undefined ? {} : { digest: incident.digest as unknown as Json }),
    steps: incident.steps[route] ?? {},
  };
}

/** Failures that speak of the target being down, for the breaker: not its refusals of one request. */
function isDown(error: ActionError): boolean {
  return error.status === undefined ? error.reason !== 'shutdown' && error.retryable : error.status >= 500;
}
