import type { NodeState } from './node-status.js';

/** How far a run is, for telling progress from standing still. */
export interface RunProgress {
  /** Of the node's process; undefined: the node gives none. */
  readonly boot: string | undefined;
  readonly state: NodeState;
  readonly workUnits: number;
  readonly cacheBytes: number;
}

/** What one look at the world showed, judged for one phase. */
export interface Look {
  readonly verdict: 'reached' | 'pending' | 'failed' | 'superseded';
  /** For people: what was seen. One line. */
  readonly seen: string;
  readonly progress?: RunProgress;
  /** For the progress event; undefined: unknown. */
  readonly farmers?: number;
  readonly expectedFarmers?: number;
  readonly percent?: number;
}
