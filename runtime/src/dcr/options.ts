import { PROTOCOLS, TRANSPORTS } from './thrift-client.js';

/** One option as it stands in --help. Each has a twin in the environment, DCRCTL_<NAME>; the command line wins. */
export interface OptionSpec {
  readonly describe: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly flag?: true;
}
export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export const envName = (option: string): string => `DCRCTL_${option.toUpperCase().replaceAll('-', '_')}`;

export const WIRE_OPTIONS = {
  transport: { describe: "The node's Thrift transport; never guessed", choices: TRANSPORTS, default: 'framed' },
  protocol: { describe: "The node's Thrift protocol", choices: PROTOCOLS, default: 'binary' },
} as const satisfies OptionSpecs;

export const RUN_OPTIONS = {
  'run-id': { describe: 'The run: what dcr.runId says, e.g. the uid of the workflow' },
  cluster: { describe: 'Name of the express cluster, for messages and commits' },
} as const satisfies OptionSpecs;

export const NODE_OPTIONS = {
  'node-host': { describe: "The synchronizer's full DNS name" },
  'node-port': { describe: "The synchronizer's status port", default: '9090' },
  ...WIRE_OPTIONS,
  'node-timeout': { describe: 'Longest time for one question to the synchronizer', default: '5s' },
} as const satisfies OptionSpecs;

export const KUBE_OPTIONS = {
  'kube-api': { describe: 'URL of the Kubernetes API. Default: that of the cluster it runs in' },
  'token-file': { describe: "File with the API token. Default: the pod's" },
  'ca-file': { describe: "File with the API's authority. Default: the pod's" },
  namespace: { describe: "Namespace of the DCR installation. Default: the pod's" },
  synchronizer: { describe: "Name of the synchronizer's StatefulSet; its pod is <name>-0", default: 'dcr-synchronizer' },
  farmers: { describe: "Name of the farmers' StatefulSet", default: 'dcr-farmer' },
} as const satisfies OptionSpecs;

export const APPLICATION_OPTIONS = {
  application: { describe: 'Name of the Argo CD Application that applies the values file' },
  'application-namespace': { describe: 'Its namespace', default: 'argocd' },
} as const satisfies OptionSpecs;

export const WORKFLOW_OPTIONS = {
  'workflow-selector': { describe: 'Label selector of the workflows that run DCR. Default: dcr.example.io/cluster=<cluster>' },
} as const satisfies OptionSpecs;

export const GIT_OPTIONS = {
  'git-url': { describe: 'Repository of the values file: ssh, file, or https without credentials' },
  'git-branch': { describe: 'Branch that Argo CD follows', default: 'main' },
  'git-file': { describe: 'Path of the values file in it, e.g. charts/dcr/env/prod.yaml' },
  'git-name': { describe: 'Author and committer', default: 'dcrctl' },
  'git-email': { describe: 'Their address', default: 'dcrctl@localhost' },
  'ssh-key-file': { describe: 'Private key; needs --known-hosts-file' },
  'known-hosts-file': { describe: "The git server's host keys; others are refused" },
  'work-dir': { describe: 'Writable folder for the clone (an emptyDir). Default: the folder for temporary files' },
} as const satisfies OptionSpecs;

export const S3_OPTIONS = {
  's3-bucket': { describe: 'Bucket of the cache' },
  's3-prefix': { describe: 'Prefix of the cache in it' },
  's3-region': { describe: 'Region that requests are signed for. Default: AWS_REGION' },
  's3-endpoint': { describe: "Another S3 than Amazon's" },
  's3-path-style': { describe: 'Put the bucket into the path; most other S3 need it', flag: true },
} as const satisfies OptionSpecs;

export const ROUTER_OPTIONS = {
  'router-url': { describe: "URL of the router's CloudEvents source, e.g. http://sre-router:8080/ingest/events" },
  'router-token-file': { describe: 'File with the bearer token for it (role ingest)' },
} as const satisfies OptionSpecs;

export const FORMAT_OPTION = {
  format: { describe: 'How the result is printed', choices: ['text', 'json'], default: 'text' },
} as const satisfies OptionSpecs;
