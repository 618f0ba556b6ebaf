import { RouterError } from './errors.js';
import type { Event, Json } from './event/event.js';
import { idAgain } from './event/id.js';
import { UNFINISHED } from './journal/records.js';
import type { Manager } from './manager/manager.js';
import type { Pipeline } from './pipeline.js';
import { systemRandom } from './random.js';
import type { View } from './view/view.js';

export interface CommandPorts {
  readonly view: View;
  readonly pipeline: Pipeline;
  readonly manager: Manager;
  nowIso(): string;
}

export type CommandRequest = {
  kind: 'retry' | 'resolve' | 'abandon' | 'resubmit';
  target: string;
  step?: string;
  branch?: number;
  by: string;
  reason: string;
  output?: Json;
  data?: Json;
};

const UNENDED: ReadonlySet<string> = new Set(['accepting', ...UNFINISHED]);

/**
 * A command travels as an event, so that the owner of the run takes it, once and in order; a resubmitted event travels with it. `events`: all of them,
 * where a body that could not be read gave several.
 */
export async function sendCommand(
  request: CommandRequest,
  { view, pipeline, manager, nowIso }: CommandPorts,
): Promise<{ id: string; events?: string[] }> {
  const { data: replacement, ...command } = request;
  const detail = await view.event(command.target);
  if (detail === undefined) throw view.absent(`No event ${command.target}.`);
  const original = await view.original(command.target);
  if (original === undefined)
    throw new RouterError('NOT_FOUND', `The record of event ${command.target} is no event, or older than log.retention.`);
  const isResubmit = command.kind === 'resubmit';
  const { state } = detail;
  if (!isResubmit && state !== 'parked' && state !== 'ambiguous')
    throw new RouterError('WRONG_STATE', `Event ${command.target} is ${state}; ${command.kind} is for parked and ambiguous steps.`);
  if (isResubmit && UNENDED.has(state))
    throw new RouterError('WRONG_STATE', `Event ${command.target} is ${state}; resubmit is for events that have ended.`);
  const again = isResubmit ? manager.again(original, await nextNumber(view, original.id), replacement) : [];
  const now = nowIso();
  const event: Event = {
    specversion: '1.0',
    id: `command-${systemRandom.hex(10)}`,
    type: 'router.command',
    source: 'router',
    ingestsource: 'router',
    time: now,
    recordedtime: now,
    partitionkey: original.partitionkey,
    data: command as unknown as Json,
  };
  await pipeline.append([event, ...again]);
  return { id: again[0]?.id ?? event.id, ...(again.length > 1 ? { events: again.map(({ id }) => id) } : {}) };
}

/** Two people who resubmit at once get the same number: one new event, the other a duplicate. */
async function nextNumber(view: CommandPorts['view'], id: string): Promise<number> {
  for (let n = 1; ; n += 1) {
    const again = idAgain(id, n);
    // A body that was read at last may have given a batch, numbered from 0.
    if ((await view.event(again)) === undefined && (await view.event(`${again}.0`)) === undefined) return n;
  }
}
