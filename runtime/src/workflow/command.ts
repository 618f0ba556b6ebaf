import { z } from 'zod';
import type { JournalEntry } from '../journal/journal.js';
import type { Progress, Settled } from '../journal/records.js';
import { progressKey, settledKey } from '../journal/records.js';
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

/** The journal entries that carry the command out, and how many steps it met. Pure. */
export function commandEntries(command: Command, body: RunBody, nowMs: number): { entries: JournalEntry[]; steps: number } {
  const entries: JournalEntry[] = [];
  let steps = 0;
  for (const [key, state] of body.steps) {
    const slash = key.indexOf('/');
    const branch = Number(key.slice(0, slash));
    const step = key.slice(slash + 1);
    const { progress } = state;
    if (state.settled !== undefined || (progress?.state !== 'parked' && progress?.state !== 'ambiguous')) continue;
    if ((command.step !== undefined && command.step !== step) || (command.branch !== undefined && command.branch !== branch)) continue;
    steps += 1;
    const eventId = body.accepted.event.id;
    if (command.kind === 'retry') {
      const again: Progress = { ...progress, state: progress.state === 'ambiguous' ? 'unsettled' : 'retry', dueMs: nowMs, forced: true };
      entries.push({ key: progressKey(eventId, branch, step), value: again });
      continue;
    }
    const settled: Settled =
      command.kind === 'resolve'
        ? {
            state: 'done',
            atMs: nowMs,
            attempts: progress.n,
            reason: 'resolved-by-person',
            detail: `${command.by}: ${command.reason}`,
            ...(command.output === undefined ? {} : { out: command.output }),
          }
        : { state: 'failed', atMs: nowMs, attempts: progress.n, reason: 'abandoned', detail: `${command.by}: ${command.reason}` };
    entries.push({ key: settledKey(eventId, branch, step), value: settled });
  }
  return { entries, steps };
}
