import { DcrError } from './dcr-error.js';
import type { Kube } from './kube-client.js';
import { getPod, podPath } from './kube-objects.js';
import type { NodeStatus } from './node-status.js';
import { RUN_LABEL, STATE_LABEL } from './standing.js';

const GUARDIAN = 'guardian';

export interface LabelResult {
  /** labelled, kept: the label stands. removed, none: it does not. */
  readonly done: 'labelled' | 'kept' | 'removed' | 'none';
  /** What the node itself is: guardian of this run; of this run and on its way; something else (failed, ending, of another run); silent, or not there. */
  readonly node: 'guardian' | 'not-yet' | 'other' | 'silent';
  readonly reason: string;
}

export interface LabelPorts {
  readonly kube: Kube;
  readonly pod: string;
  readonly run: string;
  /** Undefined: no answer. Asked at the pod's own address, so that no other pod answers for it. */
  askNode(podIp: string): Promise<NodeStatus | undefined>;
}

/**
 * Labels the synchronizer's pod while, and only while, its node reports GUARDIAN for this run. A container that was restarted in its pod has lost the data and kept the
 * label: then the label is taken off. The pod's uid goes with the change, so that a pod made in between is not labelled for its predecessor.
 */
export async function labelGuardian({ kube, pod: name, run, askNode }: LabelPorts): Promise<LabelResult> {
  const pod = await getPod(kube, name);
  if (pod === undefined) return { done: 'none', node: 'silent', reason: `there is no pod ${name}` };
  const labels = pod.metadata.labels ?? {};
  const isLabelled = labels[STATE_LABEL] === GUARDIAN;
  const podIp = pod.status?.podIP;
  const status = podIp === undefined || pod.metadata.deletionTimestamp !== undefined ? undefined : await askNode(podIp);
  const node = status === undefined ? 'silent' : whatIs(status, run);
  const says = status === undefined ? 'it does not answer' : `it says ${status.text} (run ${status.run ?? 'not given'})`;
  const patch = async (state: string | null, of: string | null): Promise<void> => {
    const change = { metadata: { uid: pod.metadata.uid, labels: { [STATE_LABEL]: state, [RUN_LABEL]: of } } };
    if ((await kube.mergePatch(podPath(kube, name), change)) === undefined)
      throw new DcrError('UNREACHABLE', `Pod ${name} went away in between; run it again.`);
  };
  if (node === 'guardian') {
    if (isLabelled && labels[RUN_LABEL] === run) return { done: 'kept', node, reason: says };
    await patch(GUARDIAN, run);
    return { done: 'labelled', node, reason: says };
  }
  if (!isLabelled) return { done: 'none', node, reason: says };
  // Silence for a moment is not loss: a busy node keeps its label, and readiness keeps it out of the donor Service meanwhile.
  if (status === undefined && pod.metadata.deletionTimestamp === undefined) return { done: 'kept', node, reason: says };
  await patch(null, null);
  return { done: 'removed', node, reason: says };
}

const NEVER = new Set<NodeStatus['state']>(['FAILED', 'DEAD', 'DRAINING', undefined]);

function whatIs({ state, code, run: theirs }: NodeStatus, run: string): 'guardian' | 'not-yet' | 'other' {
  if (theirs !== run || NEVER.has(state)) return 'other';
  return state === 'GUARDIAN' && code === 'ALIVE' ? 'guardian' : 'not-yet';
}
