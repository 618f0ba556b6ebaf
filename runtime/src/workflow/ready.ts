import type { Json } from '../event/event.js';
import type { CompiledStep } from '../plan.js';
import type { Action } from './action.js';
import type { StepState } from './run-state.js';
import type { OpenDestination } from './runner.js';

/** A step whose turn it is, with all that its call needs. */
export interface Ready {
  readonly step: CompiledStep;
  readonly state: StepState;
  readonly action: Action;
  readonly destination: OpenDestination;
  /** Checked by the action's schema. */
  readonly input: Json;
}
