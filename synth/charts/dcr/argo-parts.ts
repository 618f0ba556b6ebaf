import type { k8s } from 'cdk8s-plus-27';
import type { ArgoTemplate, Parameter, Step } from './argo-types.js';
import { placement, type V, WORKFLOW } from './names.js';

/** The label by which workflows are runs of this cluster (`dcrctl reap`, `dcrctl status`). */
export const clusterLabel = (v: V): Record<string, string> => ({ 'dcr.example.io/cluster': v.cluster });

/** One run or release at a time; who comes second waits. */
export const mutexes = (v: V): object => ({ mutexes: [{ name: `dcr-${v.cluster}` }] });

/** What dcrctl answers with 1, 2 or 4 trying again does not change. All else is tried again: no answer, a pod that was evicted (Argo says -1) or killed. */
const RETRY: NonNullable<ArgoTemplate['retryStrategy']> = {
  limit: '60',
  expression: '!(asInt(lastRetry.exitCode) in [1, 2, 4])',
  backoff: { duration: '1m' },
};

interface DcrctlOptions {
  readonly args: readonly string[];
  readonly inputs?: readonly string[];
  readonly outputs?: readonly Parameter[];
  readonly env?: readonly k8s.EnvVar[];
}

/** A step that runs dcrctl once: what is the same for all comes from one ConfigMap, secrets as files. */
export function dcrctl(v: V, name: string, { args, inputs = [], outputs = [], env = [] }: DcrctlOptions): ArgoTemplate {
  return {
    name,
    ...(inputs.length === 0 ? {} : { inputs: { parameters: inputs.map((input) => ({ name: input })) } }),
    ...(outputs.length === 0 ? {} : { outputs: { parameters: outputs } }),
    retryStrategy: RETRY,
    container: {
      ...containerBase(v),
      command: ['dcrctl'],
      args,
      envFrom: [{ configMapRef: { name: WORKFLOW } }],
      ...(env.length === 0 ? {} : { env }),
      volumeMounts: [
        { name: 'secrets', mountPath: '/etc/dcr', readOnly: true },
        { name: 'work', mountPath: '/work' },
      ],
    },
    volumes: [{ name: 'work', emptyDir: {} }],
  };
}

export function containerBase(v: V): Readonly<Record<string, unknown>> {
  const { repository, tag } = v.dcr.workflow.image;
  return {
    image: `${repository}:${tag}`,
    // So that Argo's messages, and the ticket of a failed run, say why.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, runAsNonRoot: true, capabilities: { drop: ['ALL'] } },
  };
}

/** What every workflow of the chart has in common. */
export function workflowBase(v: V): Readonly<Record<string, unknown>> {
  return {
    entrypoint: 'main',
    serviceAccountName: WORKFLOW,
    podGC: { strategy: 'OnPodSuccess' },
    ...placement(v, v.dcr.workflow),
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    volumes: [{ name: 'secrets', secret: { secretName: v.dcr.workflow.secretName } }],
  };
}

/** The run is the workflow's own uid. */
export const OF_THIS_RUN: readonly k8s.EnvVar[] = [{ name: 'DCRCTL_RUN_ID', value: '{{workflow.uid}}' }];

/** Asked at its pod's own address, not under its name: no pod that was made meanwhile may answer for it. */
export const AT_ITS_POD: readonly k8s.EnvVar[] = [{ name: 'DCRCTL_NODE_HOST', value: '' }];

/** Its failure fails nothing: people are told if the router can be told. */
export const ANYWAY = { failed: true, error: true } as const;

export function step(name: string, template: string, parameters: Readonly<Record<string, string>> = {}, more: Partial<Step> = {}): Step {
  const given = Object.entries(parameters).map(([key, value]) => ({ name: key, value }));
  return { name, template, ...(given.length === 0 ? {} : { arguments: { parameters: given } }), ...more };
}

/**
 * A question to a person: the workflow stands still until `argo resume`, or until the time is over. Then Argo goes on with the default, as if it had been answered so:
 * the default must be the harmless answer.
 */
export function question(name: string, parameter: string, answers: readonly [harmless: string, ...others: string[]]): ArgoTemplate {
  return {
    name,
    inputs: { parameters: [{ name: parameter, default: answers[0], enum: answers }] },
    suspend: { duration: '{{workflow.parameters.interventionTimeout}}' },
    outputs: { parameters: [{ name: parameter, valueFrom: { supplied: {}, default: answers[0] } }] },
  };
}
