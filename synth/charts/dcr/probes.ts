import { k8s } from 'cdk8s-plus-27';
import type { Role, V } from './names.js';

/** One answer of a probe; all of one kind are asked of the same place. */
type Question = 'started' | 'ready' | 'live';

interface Numbers {
  readonly initialDelaySeconds?: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
  readonly successThreshold: number;
  readonly terminationGracePeriodSeconds?: number;
}

/** How long 99 of 100 nodes need from the start of the process until they are registered, in seconds. The startup budget is 1.5 times that, or more. */
export const STARTUP_P99_SECONDS: Readonly<Record<Role, number>> = { farmer: 300, synchronizer: 1_200 };

/** The meetings' numbers (docs/dcr.md): 30 s before the first question, then 10/5/3/2 for readiness. Startup: 15 and 30 min. Liveness: 5 and 10 min of silence. */
const NUMBERS = {
  started: { initialDelaySeconds: 30, periodSeconds: 10, timeoutSeconds: 5, successThreshold: 1 },
  ready: { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3, successThreshold: 2 },
  live: { periodSeconds: 30, timeoutSeconds: 10, successThreshold: 1 },
} as const;
const BY_ROLE = {
  farmer: { startupFailures: 91, livenessFailures: 10, graceSeconds: 30 },
  synchronizer: { startupFailures: 181, livenessFailures: 20, graceSeconds: 60 },
} as const;

type Probes = Pick<k8s.Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;

/**
 * Startup: it runs and is registered, not that a cache is loaded. Readiness: registered and serving. Liveness looks at no state, so that waiting and pausing never kill;
 * with thrift there is none: the container that asks could itself fail, and a node with hours of work must not die of that. A hung node is an alert then.
 */
export function probesOf(v: V, role: Role): Probes {
  const { startupFailures, livenessFailures, graceSeconds } = BY_ROLE[role];
  const hasLiveness = v.probe.kind !== 'thrift';
  const live = { ...NUMBERS.live, failureThreshold: livenessFailures, terminationGracePeriodSeconds: graceSeconds };
  return {
    startupProbe: probe(v, 'started', {
      ...NUMBERS.started,
      failureThreshold: startupFailures,
      terminationGracePeriodSeconds: graceSeconds,
    }),
    readinessProbe: probe(v, 'ready', NUMBERS.ready),
    ...(hasLiveness ? { livenessProbe: probe(v, 'live', live) } : {}),
  };
}

function probe(v: V, question: Question, numbers: Numbers): k8s.Probe {
  if (v.probe.kind === 'exec') return { exec: { command: [...v.probe.command, '--mode', question] }, ...numbers };
  const path = v.probe.kind === 'http' ? `${v.probe.path}/${question}` : `/${question}`;
  return { httpGet: { path, port: k8s.IntOrString.fromNumber(v.probe.port) }, ...numbers };
}

/** thrift: the container beside the node that asks it, over a new connection each time, and answers over HTTP. */
export function probeContainer(v: V): k8s.Container {
  const small = { memory: k8s.Quantity.fromString('128Mi') };
  return {
    name: 'probe',
    image: `${v.probe.image.repository}:${v.probe.image.tag}`,
    command: ['dcrctl'],
    args: ['probe', '--serve', '--serve-port', String(v.probe.port), '--host', '127.0.0.1', '--port', String(v.node.port)],
    env: [
      { name: 'DCRCTL_TRANSPORT', value: v.node.transport },
      { name: 'DCRCTL_PROTOCOL', value: v.node.protocol },
    ],
    ports: [{ name: 'probe', containerPort: v.probe.port }],
    resources: { requests: { ...small, cpu: k8s.Quantity.fromString('20m') }, limits: small },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
    },
  };
}
