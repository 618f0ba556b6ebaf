import type { Json } from '../event/event.js';
import { type Action, ActionError, Ongoing } from './action.js';

/**
 * What an action answered, if it is what the action promises to later steps and to the journal. A target that answers something else did what nobody knows:
 * malformed-answer, unknown.
 */
export function checkedOutput<T extends Json | Ongoing | undefined>(action: Pick<Action, 'name' | 'output'>, answered: T): T {
  if (answered === undefined || answered instanceof Ongoing) return answered;
  const { success, error } = action.output.safeParse(answered);
  if (success) return answered;
  const [issue] = error.issues;
  const where = issue?.path.join('.').slice(0, 100) || 'the whole';
  throw new ActionError('unknown', 'malformed-answer', `${action.name}: in what the target answered, ${where} is not what it should be.`);
}
