import type { Json } from '../event/event.js';
import type { JournalReader } from '../journal/journal.js';
import type { Accepted, BranchHistory, Progress, Settled, StepHistory, Unfinished } from '../journal/records.js';
import { routeTextKey } from '../journal/records.js';
import type { CompiledRoute, RouteTable } from '../plan.js';

/** How an unfinished run stands, from its journal records. */
export async function unfinishedRun(
  journal: JournalReader,
  partition: number,
  accepted: Accepted,
  routes: RouteTable,
): Promise<{ state: Unfinished; branches: BranchHistory[] }> {
  const id = accepted.event.id;
  const progress = await read<Progress>(journal, partition, `i/${id}/`);
  const settled = await read<Settled>(journal, partition, `d/${id}/`);
  const branches: BranchHistory[] = [];
  const states = new Set<string>();
  for (const [index, branch] of accepted.branches.entries()) {
    const text = await journal.get(partition, routeTextKey(branch.hash));
    const route = typeof text === 'string' ? compiled(routes, text) : undefined;
    const names = route?.lists[branch.list]?.map((step) => ({ id: step.id, use: step.use })) ?? known(progress, settled, index);
    const steps = names.map(({ id: step, use }) => stepOf(step, use, settled.get(`${index}/${step}`), progress.get(`${index}/${step}`)));
    for (const step of steps) states.add(step.state);
    branches.push({ ...branch, mode: route?.mode ?? 'live', steps });
  }
  const state = states.has('ambiguous')
    ? 'ambiguous'
    : states.has('parked')
      ? 'parked'
      : states.has('retry') || states.has('unsettled')
        ? 'waiting'
        : 'running';
  return { state, branches };
}

function stepOf(id: string, use: string, settled: Settled | undefined, progress: Progress | undefined): StepHistory {
  if (settled !== undefined) {
    const { state, attempts, atMs, out, reason, detail } = settled;
    return {
      id,
      use,
      state,
      attempts,
      atMs,
      ...(out === undefined ? {} : { out }),
      ...(reason === undefined ? {} : { reason }),
      ...(detail === undefined ? {} : { detail }),
    };
  }
  if (progress === undefined) return { id, use, state: 'pending', attempts: 0 };
  const { state, n, lastMs, reason, detail, dueMs } = progress;
  return {
    id,
    use,
    state,
    attempts: n,
    atMs: lastMs,
    ...(reason === undefined ? {} : { reason }),
    ...(detail === undefined ? {} : { detail }),
    ...(dueMs === undefined ? {} : { dueMs }),
  };
}

async function read<T>(journal: JournalReader, partition: number, prefix: string): Promise<Map<string, T>> {
  const found = new Map<string, T>();
  for await (const { key, value } of journal.range(partition, prefix)) found.set(key.slice(prefix.length), value as unknown as T & Json);
  return found;
}

/** Without the route's text the steps seen so far are all that is known. */
function known(
  progress: ReadonlyMap<string, unknown>,
  settled: ReadonlyMap<string, unknown>,
  branch: number,
): { id: string; use: string }[] {
  const prefix = `${branch}/`;
  const ids = new Set(
    [...settled.keys(), ...progress.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)),
  );
  return [...ids].map((id) => ({ id, use: '?' }));
}

function compiled(routes: RouteTable, text: string): CompiledRoute | undefined {
  try {
    return routes.compilePinned(text);
  } catch {
    return undefined;
  }
}
