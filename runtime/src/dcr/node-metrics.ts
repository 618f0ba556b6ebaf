import { NODE_STATES, type NodeStatus } from './node-status.js';

const METRIC_NAME = /^[a-zA-Z_][a-zA-Z0-9_]{0,99}$/;
/** Hostile nodes do not fill Prometheus. */
const MAX_COUNTERS = 100;

/** Prometheus text: dcr_node_up, dcr_node_state{state} 0 or 1, and each counter as dcr_node_<name>. `undefined`: the node does not answer. */
export function nodeMetrics(status: NodeStatus | undefined): string {
  const lines = ['# TYPE dcr_node_up gauge', `dcr_node_up ${status === undefined ? 0 : 1}`];
  if (status !== undefined) {
    lines.push('# TYPE dcr_node_state gauge');
    for (const state of NODE_STATES) lines.push(`dcr_node_state{state="${state}"} ${status.state === state ? 1 : 0}`);
    for (const [name, value] of Object.entries(status.counters).slice(0, MAX_COUNTERS)) {
      if (!METRIC_NAME.test(name)) continue;
      lines.push(`# TYPE dcr_node_${name} gauge`, `dcr_node_${name} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}
