import { SET, type V } from './names.js';

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Section of docs/dcr.md that says what to do, as its anchor. A test finds each there. */
export const RUNBOOK = {
  DcrWaitingForFarmers: 'waiting-for-farmers',
  DcrNoProgress: 'no-progress',
  DcrGuardianLost: 'synchronizer-lost',
  DcrNodeHung: 'a-node-hangs',
  DcrStaleRevision: 'stale-revision',
  DcrWrongSubdomain: 'moving-todays-statefulsets',
  DcrRunWithoutWorkflow: 'a-run-without-workflow',
} as const;
type Name = keyof typeof RUNBOOK;

/** Of kube-state-metrics. */
const sets = (v: V, name: string): string => `namespace="${v.release.namespace}", statefulset="${name}"`;

/** What the nodes say themselves: from the container beside them (thrift), or from their own listener (http). With exec nobody does. */
export function nodeAlerts(v: V): readonly Alert[] {
  const state = (name: string): string => `dcr_node_state{namespace="${v.release.namespace}", role="synchronizer", state="${name}"}`;
  const moved = (counter: string): string =>
    `changes(dcr_node_${counter}{namespace="${v.release.namespace}", role="synchronizer"}[10m]) > 0`;
  const called = `kube_statefulset_replicas{${sets(v, SET.synchronizer)}}`;
  const up = `dcr_node_up{namespace="${v.release.namespace}", role="synchronizer"}`;
  const wasGuardian = `max by (namespace, run) (max_over_time(${state('GUARDIAN')}[1d])) == 1`;
  return [
    alert(v, 'DcrWaitingForFarmers', {
      expr: `max by (namespace, pod) (${state('WAITING_FOR_FARMERS')}) == 1`,
      for: v.monitoring.waitingFor,
      severity: 'warning',
      summary: `DCR of ${v.cluster} waits for farmers`,
      description: 'Fewer farmers than needed are registered. It waits for ever, and never rebuilds without them.',
    }),
    alert(v, 'DcrNoProgress', {
      expr: `max by (namespace, pod) (${state('REBUILDING')} or ${state('WRITING_CACHE')}) == 1
unless on (namespace, pod) (${moved('work_units_done')} or ${moved('cache_bytes_written')})`,
      for: v.monitoring.noProgressFor,
      severity: 'warning',
      summary: `DCR of ${v.cluster} does not move`,
      description: 'No work unit was done and no byte of the cache was written for a long time.',
    }),
    // Of the same run and no guardian any more; or silent, though git has called for it for a while. A guardian that git releases, or pauses, is not lost.
    alert(v, 'DcrGuardianLost', {
      expr: `(
  (max by (namespace, run) (${state('GUARDIAN')}) == 0) and on (namespace, run) (${wasGuardian})
  unless on (namespace, run) (max by (namespace, run) (${state('PAUSED_MANUAL')}) == 1)
  and on (namespace) (${called} > 0)
) or (
  (${wasGuardian})
  unless on (namespace) (max by (namespace) (${up}) == 1)
  and on (namespace) (min_over_time(${called}[30m]) > 0)
)`,
      for: '5m',
      severity: 'critical',
      summary: `The guardian of ${v.cluster} is lost`,
      description:
        'The synchronizer that held the data set of run {{ $labels.run }} no longer does. Restarted it reads the cache of its run from S3 and catches up.',
    }),
    alert(v, 'DcrNodeHung', {
      expr: `max by (namespace, pod, role) (dcr_node_up{namespace="${v.release.namespace}"}) == 0
and on (namespace, pod) (max by (namespace, pod) (max_over_time(dcr_node_up{namespace="${v.release.namespace}"}[1d])) == 1)`,
      for: '10m',
      severity: 'critical',
      summary: `{{ $labels.pod }} of ${v.cluster} does not answer`,
      description: 'It has answered before and is silent now. Nothing kills it: a person decides whether its work is lost.',
    }),
  ];
}

/** What kube-state-metrics knows, whatever probes the nodes. */
export function setAlerts(v: V): readonly Alert[] {
  const both = `namespace="${v.release.namespace}", statefulset=~"${SET.synchronizer}|${SET.farmer}"`;
  const slices = `namespace="${v.release.namespace}", endpointslice=~"(?:${SET.synchronizer}|${SET.farmer})-[a-z0-9]+"`;
  return [
    // Not currentRevision ≠ updateRevision: with OnDelete the controller never moves currentRevision, so that would never end.
    alert(v, 'DcrStaleRevision', {
      expr: `kube_statefulset_status_replicas_updated{${both}} < on (namespace, statefulset) kube_statefulset_status_replicas{${both}}`,
      for: '1h',
      severity: 'warning',
      summary: `{{ $labels.statefulset }} of ${v.cluster} runs an old pod template`,
      description:
        'Pods are replaced only when they are deleted. Farmers take the new one with the next run; the synchronizer when it is released.',
    }),
    // The EndpointSlice controller gives an endpoint its hostname only where the pod's subdomain is the Service's name.
    alert(v, 'DcrWrongSubdomain', {
      expr: `max by (namespace, targetref_name) (kube_endpointslice_endpoints{${slices}, targetref_kind="Pod", hostname=""}) == 1`,
      for: '5m',
      severity: 'critical',
      summary: `{{ $labels.targetref_name }} of ${v.cluster} has no name in DNS`,
      description:
        "The pod's subdomain is not the serviceName of its set: it was made by an older set. It can register nowhere until it is deleted.",
    }),
  ];
}

/** exec: the guardian by readiness alone. */
export function readinessAlerts(v: V): readonly Alert[] {
  const set = sets(v, SET.synchronizer);
  return [
    alert(v, 'DcrGuardianLost', {
      expr: `kube_statefulset_status_replicas_ready{${set}} == 0
and max_over_time(kube_statefulset_status_replicas_ready{${set}}[1d]) > 0
and on (namespace) (min_over_time(kube_statefulset_replicas{${set}}[30m]) > 0)`,
      for: '5m',
      severity: 'critical',
      summary: `The synchronizer of ${v.cluster} is lost`,
      description: 'It was ready and is not any more. Restarted it reads the cache of its run from S3, if there is one, and catches up.',
    }),
  ];
}

/** Longer than a person is waited for: meanwhile a run has no pod. */
export function workflowAlerts(v: V): readonly Alert[] {
  const ours = `namespace="${v.release.namespace}"`;
  return [
    alert(v, 'DcrRunWithoutWorkflow', {
      expr: `kube_statefulset_replicas{${sets(v, SET.farmer)}} > 0
unless on (namespace) (
  kube_pod_status_phase{${ours}, phase=~"Pending|Running"} == 1
  and on (namespace, pod) kube_pod_info{${ours}, created_by_kind="Workflow", created_by_name!~"dcr-schedule-.*"}
)`,
      for: '45m',
      severity: 'warning',
      summary: `Farmers of ${v.cluster} run without a workflow`,
      description:
        'Nobody will take them down. Farmers that a lost workflow turned on are taken down by the schedule; these were set by hand, or the schedule does not run.',
    }),
  ];
}

interface Facts {
  readonly expr: string;
  readonly for: string;
  readonly severity: 'warning' | 'critical';
  readonly summary: string;
  readonly description: string;
}

function alert(v: V, name: Name, { expr, for: held, severity, summary, description }: Facts): Alert {
  return {
    alert: name,
    expr,
    for: held,
    labels: { severity, cluster: v.cluster, channel: v.monitoring.channel },
    annotations: { summary, description, runbook_url: `${v.runbookUrl}#${RUNBOOK[name]}` },
  };
}
