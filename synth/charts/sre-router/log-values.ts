import { z } from 'zod';
import { dnsLabel, dnsName, hostPort, quantity } from '../../value-types.js';
import { dataKey, objectName } from './value-blocks.js';

/** Where events and the journal live. */

export const log = z
  .strictObject({
    kind: z
      .enum(['embedded', 'kafka'])
      .default('embedded')
      .describe('embedded: one pod, its state on a volume that stays. kafka: any number of pods, no volume.'),
    retentionDays: z.int().min(1).max(365).default(7).describe('Finished events stay readable this long.'),
    volume: quantity().default('10Gi').describe('embedded: size of the volume; it is about twice what retentionDays keeps.'),
    storageClass: dnsName().optional().describe("embedded: storage class of the volume. Default: the cluster's."),
  })
  .prefault({})
  .describe('Where events and the journal live.');

export const kafka = z
  .strictObject({
    brokers: z.array(hostPort()).default([]).describe('Brokers to begin with, e.g. [kafka-kafka-bootstrap.kafka.svc:9092].'),
    prefix: dnsName().max(170).default('sre-router').describe('The topics are <prefix>.raw, .events, .journal and .dlq.'),
    group: z
      .string()
      .regex(/^[A-Za-z0-9][-A-Za-z0-9._]*$/)
      .max(200)
      .default('sre-router')
      .describe('Consumer group; its members share the partitions.'),
    partitions: z
      .int()
      .min(1)
      .max(1000)
      .default(12)
      .describe('Partitions of events and journal. Never change them: moving means a drain to a new prefix.'),
    rawPartitions: z.int().min(1).max(1000).default(6).describe('Partitions of raw and dlq.'),
    replication: z
      .union([z.literal(1), z.int().min(3).max(9)])
      .default(3)
      .describe('Copies of each partition: 3 and more bear the loss of one broker, 1 none.'),
    topics: z
      .enum(['strimzi', 'existing'])
      .default('existing')
      .describe('strimzi: KafkaTopics, which outlive the release. existing: made by others, e.g. by sre-router topics --apply.'),
    strimzi: z
      .strictObject({
        cluster: dnsLabel().default('kafka').describe('Name of the Kafka resource.'),
        namespace: dnsLabel().default('kafka').describe('Its namespace; the topic operator watches it.'),
      })
      .prefault({})
      .describe('Where the KafkaTopics go.'),
    tls: z
      .strictObject({
        mode: z.enum(['none', 'server', 'mutual']).default('none').describe('server: brokers show a certificate. mutual: so do we.'),
        caSecret: z
          .strictObject({
            name: objectName().default('kafka-cluster-ca-cert').describe("Secret with the brokers' certificate authority."),
            key: dataKey().default('ca.crt').describe('Its key there.'),
          })
          .prefault({})
          .describe("The brokers' certificate authority."),
        clientSecret: z
          .strictObject({
            name: objectName().default('sre-router-kafka').describe('mutual: Secret with our certificate.'),
            certKey: dataKey().default('user.crt').describe('Key of the certificate.'),
            keyKey: dataKey().default('user.key').describe('Key of its private key.'),
          })
          .prefault({})
          .describe('Our certificate.'),
      })
      .prefault({})
      .describe('TLS to the brokers.'),
    sasl: z
      .strictObject({
        mechanism: z.enum(['none', 'plain', 'scram-sha-256', 'scram-sha-512']).default('none').describe('How we log in.'),
        secret: z
          .strictObject({
            name: objectName().default('sre-router-kafka').describe('Secret with user name and password.'),
            usernameKey: dataKey().default('username').describe('Key of the user name.'),
            passwordKey: dataKey().default('password').describe('Key of the password.'),
          })
          .prefault({})
          .describe('User name and password.'),
      })
      .prefault({})
      .describe('Login at the brokers.'),
  })
  .prefault({})
  .describe('Kafka, where log.kind, eventBus.kind or delivery use it.');
