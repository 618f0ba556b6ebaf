import type { Accepted, Progress, Settled } from '../journal/records.js';
import { acceptedKey } from '../journal/records.js';
import type { RunBody, StepState } from './run-state.js';
import type { RunnerPorts } from './runner.js';

/** A run as the journal has it: the one way back after a wait, a command or a crash. undefined: not an unfinished run. */
export async function loadBody(reader: Pick<RunnerPorts, 'get' | 'range'>, eventId: string): Promise<RunBody | undefined> {
  const accepted = (await reader.get(acceptedKey(eventId))) as Accepted | undefined;
  if (accepted === undefined) return undefined;
  const steps = new Map<string, StepState>();
  for (const kind of ['i', 'd'] as const) {
    const prefix = `${kind}/${eventId}/`;
    for await (const { key, value } of reader.range(prefix)) {
      const name = key.slice(prefix.length);
      // "a" is also a prefix of what belongs to event "a/0": ours have just a branch and a step.
      if (!/^\d+\/[^/]+$/.test(name)) continue;
      const state = steps.get(name) ?? {};
      if (kind === 'd') state.settled = value as unknown as Settled;
      else state.progress = value as unknown as Progress;
      steps.set(name, state);
    }
  }
  return { accepted, steps };
}
