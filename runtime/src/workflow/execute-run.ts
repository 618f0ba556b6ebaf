import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { BranchHistory, Meaning, Outcome } from '../journal/records.js';
import { acceptedKey, historyKey, progressKey, settledKey } from '../journal/records.js';
import { BranchRunner } from './branch.js';
import { branchHistory, historyOf } from './history.js';
import { loadBody } from './load-body.js';
import type { Run, RunBody } from './run-state.js';
import { outputsOf } from './run-state.js';
import type { RunnerPorts } from './runner.js';
import type { BranchEnd } from './step-recorder.js';

/** Outputs by route, for the incident. */
type Outputs = ReadonlyMap<string, Record<string, Json>>;

export type RunEnd = { readonly entries: readonly JournalEntry[] } & (
  | { readonly end: 'finished'; readonly outcome: Outcome; readonly meaning: Meaning; readonly table: string; readonly outputs: Outputs }
  | { readonly end: 'waits'; readonly dueMs: number | undefined; readonly outputs: Outputs }
  | { readonly end: 'person'; readonly state: 'parked' | 'ambiguous'; readonly outputs: Outputs }
  | { readonly end: 'suspended' }
);

/**
 * Advances every branch of a run, in file order, as far as it goes now. One branch that waits or needs a person does not hold back the others.
 * Returns what is still to be journaled. Rejects only when a put was refused.
 */
export async function executeRun(ports: RunnerPorts, run: Run, wake: () => void): Promise<RunEnd> {
  run.body ??= await loadBody(ports, run.eventId);
  const body = run.body;
  if (body === undefined) throw new Error(`The journal has no accepted record of unfinished run ${run.eventId}.`);
  const pending: JournalEntry[] = [];
  const ends: BranchEnd[] = [];
  const histories: BranchHistory[] = [];
  const outputs = new Map<string, Record<string, Json>>();
  for (const [index, branch] of body.accepted.branches.entries()) {
    const route = await ports.route(branch.hash);
    const end = await new BranchRunner(ports, run, body, index, branch, route, pending, wake).advance();
    ends.push(end);
    histories.push(branchHistory(body, index, route, end.end === 'over' ? end.outcome : undefined));
    const made = outputsOf(body, index);
    if (Object.keys(made).length > 0) outputs.set(branch.route, { ...outputs.get(branch.route), ...made });
    if (end.end === 'suspended') return { end: 'suspended', entries: pending };
  }
  const waits = ends.filter((end) => end.end === 'waits');
  if (waits.length > 0) {
    // A gate's grant and an instant can both be awaited; the earliest instant is kept, the grant wakes by itself.
    const dues = waits.flatMap((end) => (end.dueMs === undefined ? [] : [end.dueMs]));
    return { end: 'waits', dueMs: dues.length === 0 ? undefined : Math.min(...dues), entries: pending, outputs };
  }
  const person = ends.find((end) => end.end === 'ambiguous') ?? ends.find((end) => end.end === 'parked');
  if (person !== undefined) return { end: 'person', state: person.end === 'ambiguous' ? 'ambiguous' : 'parked', entries: pending, outputs };
  const outcome: Outcome = ends.some((end) => end.end === 'over' && end.outcome === 'failed') ? 'failed' : 'done';
  const { accepted } = body;
  const history = historyOf(accepted, outcome, ports.clock.nowMs(), histories);
  return {
    end: 'finished',
    outcome,
    meaning: accepted.meaning,
    table: accepted.table,
    outputs,
    entries: [...removals(run.eventId, body, pending), { key: historyKey(run.eventId), value: history as unknown as Json }],
  };
}

/** A finished run leaves the live keys; what was only pending need not be written first (but for other keys, such as `once`). */
function removals(eventId: string, body: RunBody, pending: readonly JournalEntry[]): JournalEntry[] {
  const live = new Set<string>([acceptedKey(eventId)]);
  for (const [key, state] of body.steps) {
    const slash = key.indexOf('/');
    const branch = Number(key.slice(0, slash));
    const step = key.slice(slash + 1);
    if (state.progress !== undefined) live.add(progressKey(eventId, branch, step));
    live.add(settledKey(eventId, branch, step));
  }
  return [...pending.filter((entry) => !live.has(entry.key)), ...[...live].map((key) => ({ key, value: undefined }))];
}
