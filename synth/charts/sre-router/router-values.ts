import { z } from 'zod';
import { annotationMap, anyMap, dnsLabel, extraEnv, imageName, imageTag, labelMap, quantity, tolerations } from '../../value-types.js';
import { address, line, objectName } from './value-blocks.js';

/** What runs, and where. */

export const image = z
  .strictObject({
    repository: imageName().default('sre-router').describe('Image without tag.'),
    tag: imageTag().default('0.1.0').describe('Its tag.'),
    digest: z
      .union([z.literal(''), z.string().regex(/^sha256:[0-9a-f]{64}$/)])
      .default('')
      .describe('Its digest, sha256:…; wins over the tag.'),
    pullPolicy: z.enum(['IfNotPresent', 'Always', 'Never']).default('IfNotPresent').describe('When nodes pull it.'),
    pullSecrets: z
      .array(z.strictObject({ name: objectName() }))
      .default([])
      .describe('Secrets for its registry, e.g. [{ name: registry }].'),
  })
  .prefault({})
  .describe('What the pods run.');

export const router = z
  .strictObject({
    topology: z
      .enum(['single', 'split'])
      .default('single')
      .describe('single: every pod does everything. split: pods that take events in, pods that run them, pods that answer the API.'),
    replicas: z
      .int()
      .min(0)
      .max(100)
      .default(1)
      .describe('Pods that run events (single: and do all else). More than kafka.partitions of them bring nothing. 0 stops them.'),
    cpu: quantity().default('100m').describe('CPU that each pod asks for. There is no limit.'),
    memoryMi: z.int().min(256).max(65_536).default(512).describe('Memory of each pod, request and limit, in MiB; the heap is 75 % of it.'),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info').describe('How much is logged.'),
    priorityClass: dnsLabel().optional().describe('Priority class of the pods.'),
    nodeSelector: labelMap().default({}).describe('Nodes for the pods.'),
    tolerations: tolerations().default([]).describe('Taints that the pods stand.'),
    affinity: anyMap().default({}).describe('Affinity of the pods, as Kubernetes has it. Pods are spread over nodes and zones anyway.'),
    podLabels: labelMap().default({}).describe("Labels for the pods beside the chart's own."),
    podAnnotations: annotationMap().default({}).describe("Annotations for the pods beside the chart's own."),
    extraEnv: extraEnv()
      .default([])
      .describe('More environment variables. SRE_ROUTER_<SECTION>__<KEY> sets what has no value here, see docs/configuration.md.'),
  })
  .prefault({})
  .describe('The router.');

const replicas = (what: string) => z.int().min(1).max(100).default(2).describe(what);
export const ingest = z
  .strictObject({ replicas: replicas('Pods that take events in and append them to Kafka.') })
  .prefault({})
  .describe('Only with router.topology: split.');
export const api = z
  .strictObject({ replicas: replicas('Pods that answer /api/v1. Each reads the events of all partitions.') })
  .prefault({})
  .describe('Only with router.topology: split.');

export const networkPolicy = z
  .strictObject({
    enabled: z.boolean().default(true).describe('A NetworkPolicy for the router: what is not named here cannot reach it, nor be reached.'),
    alertmanagerNamespaces: z.array(dnsLabel()).min(1).default(['monitoring']).describe('delivery: direct: where Alertmanager runs.'),
    prometheusNamespaces: z.array(dnsLabel()).min(1).default(['monitoring']).describe('Where Prometheus runs, which reads /metrics.'),
    dcrNamespaces: z.array(dnsLabel()).default([]).describe('Where Dynamic Cache Rebuilds run; dcrctl posts their progress.'),
    callers: peers()
      .default([])
      .describe(
        'Who else may call the API or post events, as NetworkPolicy has peers, e.g. [{ namespaceSelector: { matchLabels: { a: b } } }].',
      ),
    kafkaPorts: z
      .array(z.strictObject({ port: z.int().min(1).max(65_535) }))
      .min(1)
      .default([{ port: 9092 }, { port: 9093 }])
      .describe('Ports of the Kafka brokers.'),
    clusterCidrs: z
      .array(z.string().regex(/^(?:[0-9]{1,3}\.){3}[0-9]{1,3}\/[0-9]{1,2}$/))
      .default(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16'])
      .describe('Addresses that are not outside: port 443 is open to all others.'),
    egress: z
      .array(anyMap())
      .default([])
      .describe('More rules for what the router calls, as NetworkPolicy has them, e.g. an SRE API inside the cluster.'),
  })
  .prefault({})
  .describe('Who may talk to whom.');

function peers() {
  return z.array(anyMap());
}

export const egressProxy = z
  .strictObject({
    url: z
      .union([z.literal(''), address()])
      .default('')
      .describe('HTTP proxy through which the router calls Slack and the rest, e.g. http://proxy.example:3128. Empty: none.'),
    port: z.int().min(1).max(65_535).default(3128).describe('Its port, for the NetworkPolicy.'),
    noProxy: line().default('localhost,127.0.0.1,.svc,.cluster.local').describe('What is called without it.'),
  })
  .prefault({})
  .describe('The way out.');

export const caBundle = z
  .strictObject({
    configMap: z
      .union([z.literal(''), objectName()])
      .default('')
      .describe('ConfigMap whose key ca.crt holds certificate authorities to trust beside the public ones. Empty: none.'),
  })
  .prefault({})
  .describe('Certificate authorities of your own, for what the router calls.');

export const serviceAccount = z
  .strictObject({
    annotations: annotationMap()
      .default({})
      .describe('Annotations, e.g. of a cloud identity. The account has no rights and mounts no token.'),
  })
  .prefault({})
  .describe('The account of the router.');
