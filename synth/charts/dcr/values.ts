import { z } from 'zod';
import {
  annotationMap,
  dnsLabel,
  dnsName,
  extraEnv,
  imageName,
  imageTag,
  labelMap,
  quantity,
  tolerations,
  url,
} from '../../value-types.js';

/** As dcrctl and the nodes read it (runtime/src/clock.ts). Whole numbers, so that Argo, Prometheus and Go take it too. */
const duration = (): z.ZodString => z.string().regex(/^(?:[1-9][0-9]{0,5}(?:s|m|h))+$/);
/** What may stand in a commit trailer, a label, a path of S3 and the node's status line at once; empty: no run was ever started. */
const runId = (): z.ZodString => z.string().regex(/^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/);
/** One word of a command line; no `$(`: Kubernetes would expand it, and in probes differently. */
const words = (): z.ZodArray<z.ZodString> => z.array(z.string().regex(/^[-A-Za-z0-9_./=:,@+%]+$/));
const image = (repository: string, tag: string, what: string) =>
  z
    .strictObject({
      repository: imageName().default(repository).describe('Image without tag.'),
      tag: imageTag().default(tag).describe('Tag of the image.'),
    })
    .prefault({})
    .describe(what);

const HEAP = 'Java heap in GiB; at most 80 % of memoryGi.';
const role = (heapGi: number, memoryGi: number, cpu: string) => ({
  heapGi: z.int().min(1).max(1_000).default(heapGi).describe(HEAP),
  memoryGi: z.int().min(2).max(1_250).default(memoryGi).describe('Memory of the pod in GiB, request and limit.'),
  cpu: quantity().default(cpu).describe('CPU request; there is no limit.'),
  serviceAccountAnnotations: annotationMap().default({}).describe('Annotations of the ServiceAccount, e.g. its role in AWS.'),
  nodeSelector: labelMap().default({}).describe('Nodes for the pods.'),
  tolerations: tolerations().default([]).describe('Taints that the pods stand.'),
});

const replicas = z
  .union([z.literal(0), z.int().min(2).max(100)])
  .default(20)
  .describe('Farmers while they are enabled, and what the nodes expect: 0, or from dcr.minFarmers to dcr.maxFarmers.');

const workflow = z
  .strictObject({
    enabled: z.boolean().default(false).describe('WorkflowTemplates and schedule; needs Argo Workflows 3.6 or newer.'),
    image: image('registry.example/dcrctl', '0.1.0', 'Image with dcrctl, git and ssh.'),
    secretName: dnsLabel()
      .default('dcr-workflow')
      .describe('Secret with ssh-key, known-hosts (of the git server) and router-token; made by hand or by an operator.'),
    gitUrl: z
      .union([z.literal(''), z.string().regex(/^[A-Za-z0-9][-A-Za-z0-9.:_~/@+]*$/)])
      .default('')
      .describe('Repository of this values file; ssh, since the workflow pushes.'),
    gitBranch: z
      .string()
      .regex(/^[A-Za-z0-9][-A-Za-z0-9._/]*$/)
      .default('main')
      .describe('Branch that Argo CD follows.'),
    gitFile: z
      .string()
      .regex(/^[A-Za-z0-9][-A-Za-z0-9._/]*$/)
      .default('charts/dcr/env/prod.yaml')
      .describe('Path of this values file in the repository.'),
    gitEmail: z
      .string()
      .regex(/^[-A-Za-z0-9._+]+@[-A-Za-z0-9.]+$/)
      .default('dcr-bot@example.com')
      .describe('Author and committer of the commits of the workflow.'),
    application: dnsLabel().default('dcr').describe('Argo CD Application that syncs this installation.'),
    applicationNamespace: dnsLabel().default('argocd').describe('Its namespace; there a Role lets the workflow read that one Application.'),
    routerUrl: z
      .union([z.literal(''), url()])
      .default('')
      .describe("The event router's CloudEvents source, e.g. http://sre-router.sre:8080/ingest/events."),
    syncedWithin: duration().default('15m').describe('For a commit to be synced; then a person is asked.'),
    registeredWithin: duration().default('45m').describe('For the synchronizer to register; then a person is asked.'),
    farmersWithin: duration().default('6h').describe('For dcr.minFarmers to register; then a person is asked.'),
    rebuildStall: duration()
      .default('2h')
      .describe('Without a work unit done; then a person is asked. A rebuild that moves may take days.'),
    writeStall: duration().default('2h').describe('Without a byte written; then a person is asked.'),
    farmersGoneWithin: duration().default('30m').describe('For the farmers to go after the run; then a person is asked.'),
    interventionTimeout: duration().default('30m').describe('How long a person has to answer; without an answer the run is aborted.'),
    schedule: z
      .string()
      .regex(/^[-0-9*/, ]+$/)
      .default('*/5 * * * *')
      .describe('How often a guardian is labelled anew and farmers of lost workflows are taken down.'),
    serviceAccountAnnotations: annotationMap().default({}).describe('Annotations of the ServiceAccount, e.g. its role in AWS.'),
    nodeSelector: labelMap().default({}).describe('Nodes for the pods of the workflow.'),
    tolerations: tolerations().default([]).describe('Taints that the pods of the workflow stand.'),
  })
  .prefault({})
  .describe('The run as an Argo workflow.');

/** The values of charts/dcr. One installation is one express cluster, one namespace and one env/<name>.yaml. */
export const DcrValues = z.strictObject({
  cluster: dnsLabel().default('express').describe('Name of the express cluster, in labels, commits and messages.'),
  clusterDomain: dnsName().default('cluster.local').describe('DNS domain of the Kubernetes cluster; part of the name that nodes register.'),
  image: image('registry.example/express', '1.0.0', 'The DCR node, farmer and synchronizer alike.'),
  imagePullSecrets: z
    .array(z.strictObject({ name: dnsLabel() }))
    .default([])
    .describe('Secrets to pull all images with.'),
  dcr: z
    .strictObject({
      mode: z
        .enum(['static', 'balance'])
        .default('static')
        .describe('static: farmers are counted once, late ones never join. balance: late ones join, work of lost ones goes to others.'),
      minFarmers: z.int().min(2).max(100).default(2).describe('Below it every rebuild waits, for ever.'),
      maxFarmers: z.int().min(2).max(100).default(100).describe('Farmers above it are not taken.'),
      waitForExpected: duration()
        .default('10m')
        .describe('static: how long all farmers.replicas are waited for before it starts with fewer, naming who is left out.'),
      onInsufficientFarmers: z.enum(['wait']).default('wait').describe('Nothing else: no rebuild ever falls back to one without farmers.'),
      runId: runId().default('').describe('The run; set by the workflow, with the commit that scales up.'),
      workflow,
    })
    .prefault({})
    .describe('The rebuild.'),
  farmers: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Farmers run. The workflow switches it; what runs is then farmers.replicas, else 0.'),
      replicas,
      ...role(60, 75, '4'),
      scratchGi: z
        .int()
        .min(1)
        .max(10_000)
        .default(50)
        .describe('Largest size of the scratch folder /scratch in GiB; beyond it the farmer is evicted.'),
    })
    .prefault({})
    .describe('The farmers.'),
  synchronizer: z
    .strictObject({
      enabled: z.boolean().default(true).describe('The synchronizer runs. false keeps all objects and runs 0 pods.'),
      ...role(100, 125, '8'),
    })
    .prefault({})
    .describe('The synchronizer, later the guardian.'),
  node: z
    .strictObject({
      port: z.int().min(1024).max(65_535).default(9090).describe('Port of the Thrift service and its status method.'),
      transport: z.enum(['framed', 'buffered']).default('framed').describe('Thrift transport of the status method.'),
      protocol: z.enum(['binary', 'compact']).default('binary').describe('Thrift protocol of the status method.'),
      command: words().default([]).describe("Instead of the image's entry point."),
      args: words().default([]).describe("Instead of the image's arguments."),
      javaOptions: words()
        .default(['-XX:+UseG1GC', '-XX:+AlwaysPreTouch', '-XX:MaxDirectMemorySize=4g'])
        .describe('For every JVM of the node, in JAVA_TOOL_OPTIONS; the heap comes from heapGi.'),
      extraEnv: extraEnv().default([]).describe('More environment variables for the node.'),
    })
    .prefault({})
    .describe('What the node listens on and is started with.'),
  probe: z
    .strictObject({
      kind: z
        .enum(['thrift', 'exec', 'http'])
        .default('thrift')
        .describe(
          'thrift: a container beside the node asks it over Thrift. exec: a command in the node. http: the node answers HTTP itself.',
        ),
      command: words().default([]).describe('exec: the command; `--mode started|ready|live` is appended.'),
      port: z.int().min(1024).max(65_535).default(8086).describe('thrift, http: port on which probes and metrics are answered.'),
      path: z
        .string()
        .regex(/^(?:\/[-A-Za-z0-9._~]+)*$/)
        .default('')
        .describe('http: what stands before /started, /ready, /live and /metrics.'),
      image: image('registry.example/sre-router', '0.1.0', 'thrift: image with dcrctl.'),
    })
    .prefault({})
    .describe('How the kubelet learns how a node is.'),
  s3: z
    .strictObject({
      bucket: z
        .string()
        .regex(/^[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$/)
        .default('express-cache')
        .describe('Bucket of the cache.'),
      prefix: z
        .string()
        .regex(/^[A-Za-z0-9](?:[-A-Za-z0-9._/]*[A-Za-z0-9])?$/)
        .default('express')
        .describe('Prefix of the cache in it; another one for every installation.'),
      region: z
        .string()
        .regex(/^[a-z0-9][-a-z0-9]*$/)
        .default('us-east-1')
        .describe('Region of the bucket.'),
      endpoint: z
        .union([z.literal(''), url()])
        .default('')
        .describe("Another S3 than Amazon's."),
      pathStyle: z.boolean().default(false).describe('The bucket stands in the path; most other S3 need it.'),
    })
    .prefault({})
    .describe('Where the cache is.'),
  priorityClasses: z
    .strictObject({
      create: z
        .boolean()
        .default(false)
        .describe('Make the two classes. They are of the whole Kubernetes cluster: one installation makes them.'),
      guardian: z
        .union([z.literal(''), dnsLabel()])
        .default('')
        .describe('PriorityClass of the synchronizer.'),
      farmer: z
        .union([z.literal(''), dnsLabel()])
        .default('')
        .describe('PriorityClass of the farmers.'),
    })
    .prefault({})
    .describe('Who goes first when nodes are full.'),
  monitoring: z
    .strictObject({
      enabled: z
        .boolean()
        .default(false)
        .describe('PodMonitor and PrometheusRule; needs the prometheus-operator and kube-state-metrics with endpointslices.'),
      labels: labelMap().default({}).describe('Labels by which Prometheus finds both.'),
      channel: dnsLabel().default('dcr').describe('Label `channel` of the alerts: the Slack channel that the router tells.'),
      waitingFor: duration().default('30m').describe('Waiting for farmers this long is an alert.'),
      noProgressFor: duration().default('1h').describe('A rebuild or a cache write without progress for this long is an alert.'),
    })
    .prefault({})
    .describe('Alerts.'),
  runbookUrl: z
    .string()
    .regex(/^https?:\/\/[-A-Za-z0-9.:_~/]+$/)
    .default('https://git.example.com/sre/sre-router/blob/main/docs/dcr.md')
    .describe('Where docs/dcr.md can be read; alerts and notices link to its sections.'),
});
