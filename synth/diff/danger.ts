import { canonicalJson, isRecord, type K8sObject } from '../k8s-object.js';
import { valueAt } from '../knob.js';
import type { ObjectChange } from './compare.js';

/** Why a change needs a second look before it is merged. */
export interface Danger {
  readonly flag: string;
  readonly label: string;
  readonly reason: string;
}

type Check = (change: ObjectChange, all: readonly ObjectChange[]) => string | false | undefined;

/** What a StatefulSet lets change in place; everything else in its spec the API server refuses. */
const MUTABLE = [
  'replicas',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
  'ordinals',
  'revisionHistoryLimit',
];
const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'];
/** Annotations that keep an autoscaler away from a guardian. */
const KEEPERS = ['cluster-autoscaler.kubernetes.io/safe-to-evict', 'karpenter.sh/do-not-disrupt'];

const at = (object: K8sObject | undefined, path: string): unknown => valueAt(object, path.split('.'));
const differs = ({ before, after }: ObjectChange, path: string): boolean =>
  canonicalJson(at(before, path)) !== canonicalJson(at(after, path));
const isChange = ({ kind }: ObjectChange): boolean => kind === 'changed';
const kindOf = ({ before, after }: ObjectChange): string => (after ?? before)?.kind ?? '';

/** The synchronizer that stays after a rebuild holds the complete data: told by its priority class or its component label. */
function isGuardian(object: K8sObject | undefined): boolean {
  if (object?.kind !== 'StatefulSet') return false;
  const labels = at(object, 'spec.template.metadata.labels');
  const isSynchronizer =
    isRecord(labels) && Object.entries(labels).some(([key, value]) => /(^|[/.])(component|role)$/.test(key) && value === 'synchronizer');
  return isSynchronizer || at(object, 'spec.template.spec.priorityClassName') === 'dcr-guardian';
}

function guardianRisk(change: ObjectChange): string | false {
  const { before, after, kind } = change;
  if (!isGuardian(before)) return false;
  if (kind === 'removed') return 'the guardian goes, and the data it holds';
  const [was, is] = [Number(at(before, 'spec.replicas') ?? 1), Number(at(after, 'spec.replicas') ?? 1)];
  if (is < was) return `the guardian is scaled from ${was} to ${is}: the data it holds goes`;
  if (differs(change, 'spec.template') && at(after, 'spec.updateStrategy.type') !== 'OnDelete')
    return 'a new pod template restarts the guardian: its update strategy is not OnDelete';
  const lost = KEEPERS.find(
    (key) =>
      valueAt(before, ['spec', 'template', 'metadata', 'annotations', key]) !==
      valueAt(after, ['spec', 'template', 'metadata', 'annotations', key]),
  );
  return lost !== undefined && `${lost} changes: an autoscaler may evict the guardian`;
}

/** A disruption budget that covers a guardian and no longer forbids its eviction. */
function guardianBudget(change: ObjectChange, all: readonly ObjectChange[]): string | false {
  if (kindOf(change) !== 'PodDisruptionBudget' || change.kind === 'added') return false;
  const component = Object.values((at(change.before, 'spec.selector.matchLabels') as Record<string, unknown> | undefined) ?? {});
  return (
    (component.includes('synchronizer') ||
      all.some(({ before }) => isGuardian(before) && before?.metadata.name === change.before?.metadata.name)) &&
    "the guardian's disruption budget changes: it may be evicted"
  );
}

/** In the order of their weight. */
const CHECKS: Readonly<Record<string, Check>> = {
  'immutable-field': (change) => {
    if (!isChange(change) || kindOf(change) !== 'StatefulSet') return false;
    const fields = change.fields
      .map(({ path }) => path)
      .filter((path) => path.startsWith('spec.') && !MUTABLE.includes(path.split(/[.[]/)[1] ?? ''));
    return (
      fields.length > 0 &&
      `${fields.join(', ')}: the API server refuses this change of a StatefulSet; it must be deleted (pods kept) and made anew`
    );
  },
  selector: (change) =>
    isChange(change) &&
    differs(change, 'spec.selector') &&
    (kindOf(change) === 'Service'
      ? 'other pods get the traffic'
      : WORKLOADS.includes(kindOf(change)) && 'the selector of a workload cannot change: the API server refuses it'),
  partitions: (change) => {
    if (!isChange(change) || kindOf(change) !== 'KafkaTopic' || !differs(change, 'spec.partitions')) return false;
    const [was, is] = [at(change.before, 'spec.partitions'), at(change.after, 'spec.partitions')];
    const topic = String(at(change.after, 'spec.topicName') ?? change.after?.metadata.name);
    if (/\.(events|journal)$/.test(topic))
      return `partitions ${String(was)} → ${String(is)}: the order of keys and the journal hang on this count, which never changes`;
    return Number(is) < Number(was) && `partitions ${String(was)} → ${String(is)}: Kafka cannot take partitions away`;
  },
  'event-bus': (change) => {
    if (!isChange(change) || kindOf(change) !== 'EventBus') return false;
    const [was, is] = [at(change.before, 'spec'), at(change.after, 'spec')].map((spec) =>
      Object.keys((spec as object | undefined) ?? {}).join(),
    );
    if (was !== is) return `the bus changes its kind (${was} → ${is}): events on the old one are left behind`;
    return differs(change, 'spec.jetstream.streamConfig') && 'streamConfig changes: Argo Events does not change a stream that is there';
  },
  'sensor-dependencies': (change) => {
    if (!isChange(change) || kindOf(change) !== 'Sensor') return false;
    const fields = change.fields
      .map(({ path }) => path)
      .filter((path) => path.startsWith('spec.dependencies') || path.includes('.conditions'));
    return fields.length > 0 && `${fields.join(', ')}: Argo Events makes a new consumer, and what the old one had not taken is lost`;
  },
  deletion: (change) => change.kind === 'removed' && 'the object goes',
  'replicas-zero': (change) =>
    isChange(change) &&
    differs(change, 'spec.replicas') &&
    at(change.after, 'spec.replicas') === 0 &&
    `replicas ${String(at(change.before, 'spec.replicas'))} → 0`,
  guardian: (change, all) => guardianRisk(change) || guardianBudget(change, all),
  disruption: (change) =>
    isChange(change) &&
    kindOf(change) === 'PodDisruptionBudget' &&
    differs(change, 'spec') &&
    'how many pods may be evicted at once changes',
  priority: (change) =>
    isChange(change) &&
    ((kindOf(change) === 'PriorityClass' && 'the priority of pods changes') ||
      (differs(change, 'spec.template.spec.priorityClassName') && 'the priority class of pods changes')),
};

/** All reasons for a second look, gravest first. */
export function dangersOf(changes: readonly ObjectChange[]): Danger[] {
  return Object.entries(CHECKS).flatMap(([flag, check]) =>
    changes.flatMap((change) => {
      const reason = check(change, changes);
      return reason ? [{ flag, label: change.label, reason }] : [];
    }),
  );
}
