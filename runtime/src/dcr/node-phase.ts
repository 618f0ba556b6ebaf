import type { Look } from './look.js';
import type { NodeState, NodeStatus } from './node-status.js';
import type { Phase } from './phase.js';

/** The states in the order of a synchronizer's run; PAUSED_MANUAL stands wherever it was paused. */
export const RUN_ORDER: readonly NodeState[] = [
  'BOOTING',
  'REGISTERED',
  'HISTORY_UPDATE',
  'WAITING_FOR_FARMERS',
  'REBUILDING',
  'WRITING_CACHE',
  'GUARDIAN',
];

type NodePhase = Exclude<Phase, { name: 'synced' }>;

/**
 * A phase judged by what the synchronizer says; a text: why there is no answer. What another run's node says decides nothing.
 * `cache-written` is never reached here: only the manifest in S3 proves it.
 */
export function judgeNode(phase: NodePhase, status: NodeStatus | string, run: string): Look {
  if (typeof status === 'string') return { verdict: 'pending', seen: `the synchronizer does not answer: ${status}` };
  const says = `the synchronizer says ${status.text === '' ? status.code : status.text}`;
  if (status.run !== run) {
    const whose = status.run === undefined ? 'names no run' : `is of run ${status.run}`;
    return { verdict: 'pending', seen: `${says}; it ${whose}, not of ${run}` };
  }
  const look = { seen: withCounters(says, status), ...measure(status) };
  if (status.state === 'FAILED') return { ...look, verdict: 'failed' };
  return { ...look, verdict: hasReached(phase, status) ? 'reached' : 'pending' };
}

function hasReached(phase: NodePhase, { state, counters }: NodeStatus): boolean {
  if (state === undefined) return false;
  const isPast = (other: NodeState): boolean => RUN_ORDER.indexOf(state) >= RUN_ORDER.indexOf(other);
  switch (phase.name) {
    case 'registered':
      // Only a registered node can be paused, and only one that was is draining; a draining one is no longer.
      return isPast('REGISTERED') || state === 'PAUSED_MANUAL';
    case 'farmers':
      // Once it rebuilds, the node itself has decided that there are enough.
      return (
        isPast('REBUILDING') || ((counters.farmers_registered ?? 0) >= phase.count && (isPast('REGISTERED') || state === 'PAUSED_MANUAL'))
      );
    case 'rebuilt':
      return isPast('WRITING_CACHE');
    case 'cache-written':
      return false;
  }
}

function measure(status: NodeStatus): Partial<Look> {
  const { state, boot, counters } = status;
  const part = (done: number | undefined, total: number | undefined): number | undefined =>
    done === undefined || total === undefined || total <= 0 ? undefined : Math.min(100, Math.max(0, Math.floor((100 * done) / total)));
  const percent =
    state === 'WRITING_CACHE'
      ? part(counters.cache_bytes_written, counters.cache_bytes_total)
      : part(counters.work_units_done, counters.work_units_total);
  return {
    ...(state === undefined
      ? {}
      : { progress: { boot, state, workUnits: counters.work_units_done ?? 0, cacheBytes: counters.cache_bytes_written ?? 0 } }),
    ...(counters.farmers_registered === undefined ? {} : { farmers: counters.farmers_registered }),
    ...(counters.farmers_expected === undefined ? {} : { expectedFarmers: counters.farmers_expected }),
    ...(percent === undefined ? {} : { percent }),
  };
}

function withCounters(says: string, { counters }: NodeStatus): string {
  const shown = [
    ['farmers', counters.farmers_registered, counters.farmers_expected],
    ['work units', counters.work_units_done, counters.work_units_total],
    ['cache bytes', counters.cache_bytes_written, counters.cache_bytes_total],
  ] as const;
  const parts = shown
    .filter(([, done]) => done !== undefined)
    .map(([name, done, total]) => `${name} ${done}${total === undefined ? '' : `/${total}`}`);
  return parts.length === 0 ? says : `${says}; ${parts.join(', ')}`;
}
