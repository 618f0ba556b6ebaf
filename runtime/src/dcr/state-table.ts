import type { NodeState, NodeStatus } from './node-status.js';

export const PROBE_MODES = ['started', 'live', 'ready'] as const;
export type ProbeMode = (typeof PROBE_MODES)[number];

/**
 * started: it runs and is registered, whatever it waits for. live: any answer; waiting, pausing and failing are no reason to be killed.
 * ready: registered and serving. "The data set is complete" is none of these: that is the state GUARDIAN, which becomes a label.
 */
const TABLE: Readonly<Record<NodeState, Readonly<Record<ProbeMode, boolean>>>> = {
  BOOTING: { started: false, live: true, ready: false },
  REGISTERED: { started: true, live: true, ready: true },
  HISTORY_UPDATE: { started: true, live: true, ready: true },
  WAITING_FOR_FARMERS: { started: true, live: true, ready: true },
  PAUSED_MANUAL: { started: true, live: true, ready: true },
  REBUILDING: { started: true, live: true, ready: true },
  WORKING: { started: true, live: true, ready: true },
  WRITING_CACHE: { started: true, live: true, ready: true },
  GUARDIAN: { started: true, live: true, ready: true },
  DRAINING: { started: true, live: true, ready: false },
  FAILED: { started: true, live: true, ready: false },
  DEAD: { started: false, live: false, ready: false },
};

/** A node that says DEAD or STOPPED by its code is believed over its text. */
const OVER = new Set(['DEAD', 'STOPPED']);

export interface Judgement {
  readonly ok: boolean;
  readonly reason: string;
}

/** Whether a node that answered this passes this mode. Liveness looks at the code alone. */
export function judge(mode: ProbeMode, status: NodeStatus): Judgement {
  const says = `the node says ${status.code}${status.text === '' ? '' : `: ${status.text}`}`;
  if (OVER.has(status.code)) return { ok: false, reason: says };
  if (mode === 'live') return { ok: true, reason: says };
  if (status.state === undefined) {
    // Without a state, STARTING may be booting as well as waiting: only ALIVE is certain.
    const ok = status.code === 'ALIVE';
    return { ok, reason: ok ? says : `${says}; no known state in its details, so only ALIVE would do` };
  }
  return { ok: TABLE[status.state][mode], reason: says };
}
