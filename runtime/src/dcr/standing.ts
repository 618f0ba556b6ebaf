import type { Pod, StatefulSet } from './kube-objects.js';
import type { NodeStatus } from './node-status.js';
import type { ValuesView } from './values-edit.js';

/** Labels that label-guardian writes onto the synchronizer's pod. The donor Service selects STATE_LABEL=guardian. */
export const STATE_LABEL = 'dcr.example.io/state';
export const RUN_LABEL = 'dcr.example.io/run';

export interface StandingFacts {
  readonly run: string;
  /** Undefined: there is none. */
  readonly pod: Pod | undefined;
  /** Undefined: it does not answer. */
  readonly status: NodeStatus | undefined;
  /** At the tip of the branch. */
  readonly values: ValuesView;
  readonly farmers: StatefulSet | undefined;
}

/** free: nothing of an earlier run is in the way. leaving: git has let it go, the pod is still there. synchronizer, farmers: in the way. */
export interface Standing {
  readonly what: 'free' | 'leaving' | 'synchronizer' | 'farmers';
  readonly seen: string;
}

/**
 * A node takes its run from its properties when it starts, and keeps it. So a synchronizer that stands from an earlier run would never serve this one, and neither
 * would farmers that were started before. Which run it is of is told by, in this order: the node, its label, git.
 */
export function whatStands({ run, pod, status, values, farmers }: StandingFacts): Standing {
  const replicas = farmers?.status?.replicas ?? 0;
  if (replicas > 0 && values.runId !== run)
    return { what: 'farmers', seen: `${replicas} farmers run already, for run ${values.runId ?? '(none)'}` };
  if (pod === undefined) {
    const isCalledFor = values.synchronizerEnabled === true && values.runId !== undefined && values.runId !== run;
    if (!isCalledFor) return { what: 'free', seen: 'no synchronizer stands' };
    return { what: 'synchronizer', seen: `git calls for the synchronizer of run ${values.runId}; its pod is not there at the moment` };
  }
  const theirs = status?.run ?? pod.metadata.labels?.[RUN_LABEL] ?? values.runId;
  if (theirs === run) return { what: 'free', seen: 'the synchronizer of this run stands' };
  const says = status === undefined ? 'does not answer' : `says ${status.text}`;
  const seen = `pod ${pod.metadata.name} of run ${theirs ?? '(none)'} ${says}`;
  if (values.synchronizerEnabled === false) return { what: 'leaving', seen };
  return { what: 'synchronizer', seen };
}
