import { z } from 'zod';
import type { JournalEntry } from '../journal/journal.js';
import type { Progress, Settled } from '../journal/records.js';
import { progressKey, settledKey } from '../journal/records.js';
import type { CompiledRoute } from '../plan.js';
import { claimOnce } from './once.js';
import type { RunBody } from './run-state.js';

/** Data of a `router.command` event: what a person asked for, taken by the partition's owner, once. */
export const commandSchema = z.object({
  kind: z.enum(['retry', 'resolve', 'abandon', 'resubmit']),
  /** Event whose run is meant. */
  target: z.string().min(1),
  /** Default: every step of the run that waits for a person. */
  step: z.string().optional(),
  branch: z.int().min(0).optional(),
  by: z.string(),
  reason: z.string(),
  /** resolve: the step's output, as if it had been answered. */
  output: z.json().optional(),
});
export type Command = z.infer<typeof commandSchema>;

/** What becomes of a command event. Pure; `carried` false: nothing is done, `reason` says why. */
export type CommandDecision =
  | { readonly carried: false; readonly reason: string }
  | { readonly carried: true; readonly reason: string; readonly entries: readonly JournalEntry[]; readonly target?: string };

export interface CommandFacts {
  /** The unfinished run that is meant, as the journal has it. */
  readonly body: RunBody | undefined;
  /** An earlier command of the same batch met the same run: what `body` says may be over. */
  readonly isOvertaken: boolean;
  readonly nowMs: number;
  pinned(hash: string): CompiledRoute | undefined;
}

/** The run may be running meanwhile (another branch of it, or at start, before it is looked at): what waits for a person is touched by nobody else. */
export function decideCommand(data: unknown, facts: CommandFacts): CommandDecision {
  const parsed = commandSchema.safeParse(data);
  if (!parsed.success) return { carried: false, reason: 'command-invalid' };
  const command = parsed.data;
  if (command.kind === 'resubmit') return { carried: true, reason: 'resubmit', entries: [] };
  if (facts.body === undefined) return { carried: false, reason: 'command-target-not-unfinished' };
  if (facts.isOvertaken) return { carried: false, reason: 'command-overtaken' };
  const entries = commandEntries(command, facts.body, facts);
  if (entries.length === 0) return { carried: false, reason: 'command-no-such-step' };
  return { carried: true, reason: command.kind, entries, target: command.target };
}

function commandEntries(command: Command, body: RunBody, { nowMs, pinned }: CommandFacts): JournalEntry[] {
  const entries: JournalEntry[] = [];
  const { event, branches } = body.accepted;
  for (const [key, state] of body.steps) {
    const slash = key.indexOf('/');
    const branch = Number(key.slice(0, slash));
    const step = key.slice(slash + 1);
    const { progress } = state;
    if (state.settled !== undefined || (progress?.state !== 'parked' && progress?.state !== 'ambiguous')) continue;
    if ((command.step !== undefined && command.step !== step) || (command.branch !== undefined && command.branch !== branch)) continue;
    if (command.kind === 'retry') {
      const again: Progress = { ...progress, state: progress.state === 'ambiguous' ? 'unsettled' : 'retry', dueMs: nowMs, forced: true };
      entries.push({ key: progressKey(event.id, branch, step), value: again });
      continue;
    }
    const person = { atMs: nowMs, attempts: progress.n, detail: `${command.by}: ${command.reason}` };
    if (command.kind === 'abandon') {
      const settled: Settled = { ...person, state: 'failed', reason: 'abandoned' };
      entries.push({ key: settledKey(event.id, branch, step), value: settled });
      continue;
    }
    const output = command.output === undefined ? {} : { out: command.output };
    const settled: Settled = { ...person, state: 'done', reason: 'resolved-by-person', ...output };
    entries.push({ key: settledKey(event.id, branch, step), value: settled });
    // A person says that it happened: later runs of the key need not do it again.
    const { route = '', hash = '', list = 'actions' } = branches[branch] ?? {};
    const withinMs = pinned(hash)?.lists[list]?.find(({ id }) => id === step)?.onceWithinMs;
    if (withinMs !== undefined)
      entries.push(claimOnce({ eventId: event.id, key: event.partitionkey }, route, branch, step, withinMs, nowMs, command.output));
  }
  return entries;
}
