import type { Event, Json } from '../event/event.js';
import { parseSafely } from '../event/parse-safely.js';
import type { Incident } from '../incident/incident.js';
import type { JournalEntry } from '../journal/journal.js';
import type { Branch } from '../journal/records.js';
import type { CompiledRoute, CompiledStep, Scope } from '../plan.js';
import { collapse } from './collapse.js';
import { digestTarget } from './digest.js';
import { Effect } from './effect.js';
import { onceHash, onceOutput } from './once.js';
import type { Run, RunBody, StepState } from './run-state.js';
import { outputsOf, stepStateKey } from './run-state.js';
import type { RunnerPorts } from './runner.js';
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
  readonly #effect: Effect;
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
    this.#effect = new Effect({
      runner: ports,
      run,
      route: route.name,
      index,
      record: this.#record,
      wake,
      isClosed: (step) => !step.always && this.#closedSince(),
      skipClosed: (step, state) => this.#skipClosed(step, state),
    });
  }

  async advance(): Promise<BranchEnd> {
    for (const step of this.#route.lists[this.#branch.list] ?? []) {
      const state = this.#state(step);
      if (state.settled !== undefined) {
        if (state.settled.state === 'failed' && state.settled.continued !== true) return { end: 'over', outcome: 'failed' };
        continue;
      }
      const told = this.#run.told?.get(stepStateKey(this.#index, step.id));
      const result = told === undefined ? await this.#step(step, state) : this.#record.told(step, state, told);
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
    const begun = progress !== undefined && (progress.state === 'intent' || progress.state === 'unsettled' || progress.memo !== undefined);
    if (!begun && !step.always && this.#closedSince()) return this.#skipClosed(step, state);
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
    const input = parseSafely(action.input, evaluated.value);
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
    return this.#effect.advance({ step, state, action, destination, input: input.data });
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
