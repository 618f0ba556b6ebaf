import { inspect } from 'node:util';
import { expect } from '@jest/globals';
import type { Json } from '#runtime/event/event.js';
import { type ActionError, Ongoing } from '#runtime/workflow/action.js';
import type { CallResult } from '#runtime/workflow/call.js';
import type { Effect } from '#test/sandbox/server.js';
import { actionOf, type Kind, parse, SECRET, type World } from '#test/workflow/actions/world.js';

export interface ActionCase {
  readonly name: string;
  /** Name in the registry. */
  readonly action: string;
  readonly kind: Kind;
  /** Settings of the destination that differ from the usual ones. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** The stand-in's routes of one plain call, in order: exactly these requests. The last one has the effect, the others change nothing. */
  readonly routes: readonly string[];
  /** The last one changes nothing either. */
  readonly isSafe?: boolean;
  /** Makes what the input refers to; returns the input. */
  prepare(world: World): Promise<Json>;
}

/** Key of the step under test. */
export const KEY = '5f'.repeat(32);

export const settledBySelf = (world: World, { action, isSafe }: ActionCase, input: Json): boolean =>
  isSafe !== true && actionOf(action).settlement(world.client, parse(actionOf(action), input)).by !== 'person';

/** As the workflow does: a known failure is called again, an unknown one probed or sent again under the same key, as the action says. */
export async function settle(world: World, one: ActionCase, input: Json, error: ActionError): Promise<void> {
  const action = actionOf(one.action);
  const settlement = action.settlement(world.client, parse(action, input));
  if (error.outcome === 'unknown' && settlement.by === 'person') return;
  if (error.outcome === 'unknown' && settlement.by === 'probe') {
    const found = await world.probe(one.action, input, KEY);
    if (!found.ok) throw found.error;
    if (found.value !== undefined) return expectSchema(one, found.value);
  }
  const again = await world.run(one.action, input, KEY, 2);
  if (!again.ok) throw again.error;
  expectSchema(one, await finish(world, one, input, again));
}

/** The output, once work that is under way is over. */
export async function finish(world: World, one: ActionCase, input: Json, result: CallResult<Json | Ongoing | undefined>): Promise<Json> {
  let at = result;
  for (let looks = 0; looks < 10; looks += 1) {
    if (!at.ok) throw at.error;
    if (at.value === undefined) throw new Error('no output');
    if (!(at.value instanceof Ongoing)) return at.value;
    at = await world.follow(one.action, at.value.memo, input, KEY);
  }
  throw new Error('not over after 10 looks');
}

function expectSchema(one: ActionCase, output: Json): void {
  expect(actionOf(one.action).output.parse(output)).toEqual(output);
}

/** Exactly one, or the same one said twice where saying it again changes nothing. */
export function expectOneEffect({ isSafe }: ActionCase, effects: readonly Effect[]): void {
  if (isSafe === true) return expect(effects).toEqual([]);
  expect(new Set(effects.map((effect) => JSON.stringify(effect))).size).toBe(1);
  if (effects[0]?.key !== null && effects[0]?.key !== undefined) expect(effects).toHaveLength(1);
}

/** A label for metrics, and nothing of payload or secret anywhere in the error. */
export function expectClean(error: ActionError): void {
  expect(error.reason).toMatch(/^[a-z0-9]+([_-][a-z0-9]+)*$/);
  const all = inspect(error, { depth: 8, showHidden: true });
  expect(all).not.toContain(SECRET);
  expect(all).not.toContain(Buffer.from(`router@sandbox.example:${SECRET}`).toString('base64'));
  expect(all).not.toContain('payload-canary');
}
