import { z } from 'zod';
import { all, atMost, implies, is, isEmpty, not, require, times } from '#synth/require.js';
import {
  annotationMap,
  anyMap,
  dnsLabel,
  dnsName,
  extraEnv,
  hostPort,
  imageName,
  imageTag,
  labelMap,
  quantity,
  quantityMap,
  text,
  tolerations,
} from '#synth/value-types.js';

/** The values of an example chart that uses everything a chart can: the tests' own, and a model for real ones. */
export const ExampleValues = z.strictObject({
  mode: z.enum(['single', 'split']).default('single').describe('One deployment, or intake and workers apart.'),
  greeting: text().default('hello').describe('Any text, passed to the pods as GREETING.'),
  image: z
    .strictObject({
      repository: imageName().default('registry.example/app').describe('Image without tag.'),
      tag: imageTag().default('1.0.0').describe('Tag of the image.'),
    })
    .prefault({})
    .describe('What the pods run.'),
  app: z
    .strictObject({
      replicas: z
        .union([z.literal(0), z.int().min(2).max(100)])
        .default(2)
        .describe('Pods of the application; 0 stops it, one alone is not allowed.'),
      port: z.int().min(1024).max(65_535).default(8080).describe('Port of the HTTP server.'),
      logLevel: z.enum(['debug', 'info', 'warn']).default('info').describe('How much is logged.'),
      tracing: z.boolean().default(false).describe('Send traces.'),
      memoryMi: z.int().min(64).max(8192).default(512).describe('Memory of a pod, in MiB; the heap is 75 % of it.'),
      priorityClass: dnsLabel().optional().describe('Priority class of the pods.'),
      existingConfig: z
        .union([z.literal(''), dnsLabel()])
        .default('')
        .describe('Name of a ConfigMap to use instead of the generated one.'),
      requests: quantityMap().default({}).describe('Resource requests.'),
      nodeSelector: labelMap().default({}).describe('Nodes for the pods.'),
      podLabels: labelMap().default({}).describe("Labels for the pods beside the chart's own."),
      podAnnotations: annotationMap().default({}).describe("Annotations for the pods beside the chart's own."),
      tolerations: tolerations().default([]).describe('Taints that the pods stand.'),
      affinity: anyMap().default({}).describe('Affinity of the pods, as Kubernetes has it.'),
      extraEnv: extraEnv().default([]).describe('More environment variables.'),
    })
    .prefault({})
    .describe('The application.'),
  journal: z
    .strictObject({
      enabled: z.boolean().default(false).describe('Keep a journal on a volume.'),
      storage: quantity().default('10Gi').describe('Size of the volume.'),
      maxBytes: z.int().min(0).default(604_800_000).describe('Largest journal, in bytes.'),
    })
    .prefault({})
    .describe('The journal.'),
  kafka: z
    .strictObject({
      topics: z.enum(['none', 'strimzi', 'existing']).default('none').describe('Who makes the topics.'),
      brokers: z.array(hostPort()).default(['kafka:9092']).describe('Bootstrap brokers.'),
      prefix: dnsName().default('app').describe('Topics are called <prefix>.events and <prefix>.journal.'),
      partitions: z.int().min(1).max(1000).default(12).describe('Partitions of every topic; never changed later.'),
      retentionMs: z.int().min(0).default(604_800_000).describe('How long events are kept, in milliseconds.'),
      tls: z.boolean().default(false).describe('Speak TLS to the brokers.'),
      secretName: dnsLabel().default('kafka').describe('Secret with the CA of the brokers.'),
    })
    .prefault({})
    .describe('Kafka.'),
  monitoring: z.boolean().default(false).describe('A ServiceMonitor; needs the prometheus-operator.'),
  budget: z.boolean().default(true).describe('A PodDisruptionBudget.'),
});

export const exampleRules = [
  require(implies(
    is('mode', 'split'),
    not(is('kafka.topics', 'none')),
  ), 'mode: split needs Kafka: set kafka.topics to strimzi or existing'),
  require(implies(
    not(is('kafka.topics', 'none')),
    not(isEmpty('kafka.brokers')),
  ), 'kafka.brokers must name at least one broker when Kafka is used'),
  require(implies(
    all(is('journal.enabled', true), is('mode', 'single')),
    atMost('app.replicas', 2),
  ), 'with a journal a single deployment has at most 2 replicas'),
  require(atMost(times('app.replicas', 10), 'kafka.retentionMs'), 'kafka.retentionMs must be at least 10 times app.replicas'),
];
