import type { Json } from '../event/event.js';
import type { JournalReader } from '../journal/journal.js';
import type { Accepted, BranchHistory, Progress, Settled, StepHistory, Unfinished } from '../journal/records.js';
import { routeTextKey } from '../journal/records.js';
import type { CompiledRoute, RouteTable } from '../plan.js';
import type { ViewPorts } from './view-ports.js';

export interface UnfinishedRun {
  readonly state: Unfinished;
  readonly branches: BranchHistory[];
}

/** How an unfinished run stands, from its journal records; that it waits for a place at a destination, from its owner. */
export async function unfinishedRun({ journal, ...ports }: ViewPorts, partition: number, accepted: Accepted): Promise<UnfinishedRun> {
  const id = accepted.event.id;
  const routes = ports.routes();
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
  const state = stateOf(states);
  return { state: state === 'running' ? (ports.liveState?.(id) ?? state) : state, branches };
}

/** The worst first: what needs a person hides behind nothing. */
function stateOf(steps: ReadonlySet<string>): Unfinished {
  if (steps.has('ambiguous')) return 'ambiguous';
  if (steps.has('parked')) return 'parked';
  return ['retry', 'unsettled', 'ongoing'].some((state) => steps.has(state)) ? 'waiting' : 'running';
}

function stepOf(id: string, use: string, settled: Settled | undefined, progress: Progress | undefined): StepHistory {
  if (settled !== undefined) {
    const { continued: _continued, ...facts } = settled;
    return { id, use, ...facts };
  }
  if (progress === undefined) return { id, use, state: 'pending', attempts: 0 };
  const { n, lastMs, firstMs: _firstMs, forced: _forced, ...facts } = progress;
  return { id, use, attempts: n, atMs: lastMs, ...facts };
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
