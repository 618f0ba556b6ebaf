import type { Accepted, BranchHistory, History, Outcome, StepHistory } from '../journal/records.js';
import type { CompiledRoute } from '../plan.js';
import type { RunBody } from './run-state.js';
import { stepStateKey } from './run-state.js';

/** How a branch stands, step by step, for people. `outcome` undefined: not over. */
export function branchHistory(body: RunBody, index: number, route: CompiledRoute, outcome: Outcome | undefined): BranchHistory {
  const branch = body.accepted.branches[index];
  if (branch === undefined) throw new RangeError(`branch ${index} of ${body.accepted.branches.length}`);
  const steps = (route.lists[branch.list] ?? []).map((step): StepHistory => {
    const { settled, progress } = body.steps.get(stepStateKey(index, step.id)) ?? {};
    const base = { id: step.id, use: step.use };
    if (settled !== undefined) {
      const { state, attempts, atMs, out, reason, detail, shadow } = settled;
      return { ...base, state, attempts, atMs, ...defined({ out, reason, detail, shadow }) };
    }
    if (progress === undefined)
      return {
        ...base,
        state: outcome === undefined ? 'pending' : 'skipped',
        attempts: 0,
        ...(outcome === undefined ? {} : { reason: 'stopped' }),
      };
    const { state, n, lastMs, reason, detail, dueMs } = progress;
    return { ...base, state, attempts: n, atMs: lastMs, ...defined({ reason, detail, dueMs }) };
  });
  return { ...branch, mode: route.mode, ...(outcome === undefined ? {} : { outcome }), steps };
}

function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

export function historyOf(accepted: Accepted, outcome: Outcome, finishedMs: number, branches: BranchHistory[]): History {
  const { atMs, meaning, reason, incident, table } = accepted;
  return { outcome, acceptedMs: atMs, finishedMs, meaning, ...defined({ reason, incident }), table, branches };
}
