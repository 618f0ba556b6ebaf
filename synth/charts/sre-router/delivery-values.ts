import { z } from 'zod';
import { dnsLabel, dnsName, labelMap, quantity, tolerations } from '../../value-types.js';
import { secretKey } from './value-blocks.js';

/** How events come to the router: docs/decisions/delivery.md. */

export const delivery = z
  .enum(['http', 'kafka', 'bus', 'direct'])
  .default('http')
  .describe(
    'http: Sensor posts to the router, and tries again for a day. kafka: Sensor writes the topic <prefix>.raw. bus: the router reads the Kafka EventBus. direct: Alertmanager posts to the router, no Argo Events.',
  );

const HOURS_OF_RETRIES = 25;

export const eventBus = z
  .strictObject({
    kind: z
      .enum(['jetstream', 'kafka', 'existing'])
      .default('jetstream')
      .describe('jetstream and kafka: made by this chart. existing: yours, in the namespace of the release.'),
    name: dnsLabel().default('default').describe('Name of the EventBus.'),
    jetstream: z
      .strictObject({
        version: z
          .string()
          .regex(/^[0-9A-Za-z][-0-9A-Za-z.]*$/)
          .max(60)
          .default('2.10.29')
          .describe("One that Argo Events' controller knows."),
        replicas: z
          .union([z.literal(1), z.literal(3), z.literal(5)])
          .default(3)
          .describe('Servers, and copies of each event.'),
        storage: quantity().default('10Gi').describe('Volume of each server.'),
        storageClass: dnsName().optional().describe("Its storage class. Default: the cluster's."),
        maxMessages: z
          .int()
          .min(1_000)
          .max(100_000_000)
          .default(200_000)
          .describe('Events that the bus holds; full, it refuses more, and Alertmanager tries again.'),
        maxAgeHours: z
          .int()
          .min(HOURS_OF_RETRIES)
          .max(720)
          .default(72)
          .describe('Events older than this are gone; longer than the day for which the Sensor tries again.'),
      })
      .prefault({})
      .describe('kind: jetstream. Argo Events applies a change of its stream only when it makes it.'),
  })
  .prefault({})
  .describe('The EventBus of Argo Events. kind: kafka uses kafka.brokers and what stands beside them.');

export const webhook = z
  .strictObject({
    replicas: z.int().min(1).max(20).default(2).describe('Pods that take events in for Argo Events.'),
    maxBytes: z
      .int()
      .min(10_000)
      .max(900_000)
      .default(900_000)
      .describe('Largest request, in bytes. What is larger is answered 400, and cut off by no bus on the way.'),
    alertmanagerSecret: secretKey('sre-router-webhook', 'alertmanager', 'the bearer token that Alertmanager shows'),
    adhocSecret: secretKey('sre-router-webhook', 'adhoc', 'the bearer token that people and scripts show'),
  })
  .prefault({})
  .describe('The way in through Argo Events: http://<release>-webhook:12000/alertmanager and /adhoc.');

export const canary = z
  .strictObject({
    enabled: z.boolean().default(true).describe('An event every minute, on the way of all others; not with delivery: direct.'),
  })
  .prefault({})
  .describe('Proves that events come through: monitoring.rules alert when it stays away.');

export const sensor = z
  .strictObject({
    replicas: z
      .union([z.literal(1), z.literal(3), z.literal(5)])
      .default(1)
      .describe('Pods of the Sensor; on JetStream one works and the others stand by.'),
    secret: secretKey('sre-router-sensor', 'authorization', 'the Authorization header that the Sensor shows the router, whole'),
  })
  .prefault({})
  .describe('What carries events from the bus on. With delivery: bus or direct there is none.');

export const argoEvents = z
  .strictObject({
    cpu: quantity().default('50m').describe('CPU that each pod asks for.'),
    memoryMi: z.int().min(64).max(8_192).default(256).describe('Memory of each pod, request and limit, in MiB.'),
    nodeSelector: labelMap().default({}).describe('Nodes for the pods.'),
    tolerations: tolerations().default([]).describe('Taints that the pods stand.'),
    priorityClass: dnsLabel().optional().describe('Priority class of the pods.'),
  })
  .prefault({})
  .describe('The pods that Argo Events makes of the EventSources and the Sensor.');
