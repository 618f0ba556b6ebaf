import { DcrError, EXIT_FINE } from './dcr-error.js';
import { askFb303 } from './fb303.js';
import { type NodeStatus, readStatus } from './node-status.js';
import { judge, type ProbeMode } from './state-table.js';
import type { AskLimits, NodeAddress } from './thrift-client.js';

export interface ProbeResult {
  /** 0 passes · 2 no connection · 3 no answer, or none we understand · 4 not in a state that passes. */
  readonly exit: number;
  /** One line. The kubelet puts it into the pod's events. */
  readonly line: string;
}

/** One question on one new connection. Never throws for what a node does; no retries, failureThreshold is the retry. */
export async function probeNode(address: NodeAddress, mode: ProbeMode, limits: AskLimits): Promise<ProbeResult> {
  try {
    // Liveness needs no details: the less is asked, the less can be in the way.
    const status = readStatus(await askFb303(address, limits, mode === 'live' ? [] : ['details']));
    const { ok, reason } = judge(mode, status);
    return { exit: ok ? EXIT_FINE : 4, line: `${ok ? '' : 'not '}${mode}: ${reason}` };
  } catch (error) {
    if (!(error instanceof DcrError)) throw error;
    return { exit: error.exit, line: `not ${mode}: ${error.message}` };
  }
}

/** Everything a node says: state, run and counters. */
export async function askNode(address: NodeAddress, limits: AskLimits): Promise<NodeStatus> {
  return readStatus(await askFb303(address, limits, ['details', 'counters']));
}
