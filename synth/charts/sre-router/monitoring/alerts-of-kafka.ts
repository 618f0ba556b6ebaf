import type { V } from '../values.js';
import type { Alert } from './alert.js';
import { grew, series } from './promql.js';

/** What the router tells of its topics, where they are its log. */
export function alertsOfKafkaLog(v: V): Alert[] {
  const { partitions } = v.kafka;
  const dead = series(v, 'sre_router_raw_dead_letters');
  return [
    {
      name: 'SreRouterPartitionsNotOwned',
      severity: 'critical',
      expr: `sum(${series(v, 'sre_router_partitions')}) != ${partitions}`,
      for: '5m',
      summary: `{{ $value }} of ${partitions} partitions have an owner.`,
      description:
        'Fewer: nobody works on the events of the others; GET /readyz of each pod says what it waits for. More: kafka.partitions is not what the topics have.',
    },
    {
      name: 'SreRouterLostToRetention',
      severity: 'critical',
      expr: grew('pod', series(v, 'sre_router_lost_to_retention_total'), '1h'),
      summary: 'Kafka deleted events that nobody had decided about.',
      description: 'The router was away for longer than the events topic keeps. They are gone: ask the senders for those of that time.',
    },
    {
      name: 'SreRouterRawConservationBroken',
      severity: 'critical',
      expr: `${series(v, 'sre_router_raw_conservation')} != 0`,
      for: '1m',
      summary: 'Partition {{ $labels.partition }} of the raw topic: {{ $value }} records are neither split into events nor dead letters.',
      description:
        'A defect: a delivery may be lost or doubled. Keep the logs and the topics, restart nothing yet, and follow the runbook.',
    },
    {
      name: 'SreRouterDeadLetters',
      severity: 'warning',
      expr: `sum(\n  max by (partition) (${dead})\n  -\n  min by (partition) (min_over_time(${dead}[15m]))\n) > 0`,
      summary: '{{ $value }} records of the raw topic could not be read in the last 15 minutes.',
      description:
        'They are kept whole in the dead-letter topic, with reason and position. Mend what sends them, then sre-router replay --dlq.',
    },
    {
      name: 'SreRouterViewBehind',
      severity: 'warning',
      expr: `max by (pod) (${series(v, 'sre_router_view_behind_records')}) > ${v.monitoring.thresholds.lagCount}`,
      for: '5m',
      summary: 'Pod {{ $labels.pod }} answers from a copy that is {{ $value }} records behind.',
      description:
        'Lists and explanations of this pod are old; runs are not touched. It catches up by itself unless CPU or brokers are slow.',
    },
  ];
}

/**
 * What a Kafka exporter knows and the router does not. Its series have no namespace of ours: topics and group name the installation. Several
 * exporters may tell the same, hence `max by`.
 */
export function alertsOfKafkaExporter(v: V): Alert[] {
  const { prefix, group } = v.kafka;
  const ours = `topic=~"${prefix}.(raw|events|journal|dlq)"`;
  const taken = `topic=~"${prefix}.(raw|events)",consumergroup=~"${group}(.raw)?"`;
  const partitions = (name: string): string => `max(kafka_topic_partitions{topic="${prefix}.${name}"})`;
  return [
    {
      name: 'SreRouterKafkaLag',
      severity: 'warning',
      expr: `sum by (topic) (max by (consumergroup, topic, partition) (kafka_consumergroup_lag{${taken}})) > ${v.monitoring.thresholds.lagCount}`,
      for: '10m',
      summary: '{{ $value }} records of {{ $labels.topic }} wait for the router.',
      description: 'Are all routers ready? Then more processes help, up to the number of partitions. One slow partition alone: a hot key.',
    },
    {
      name: 'SreRouterTopicUnderReplicated',
      severity: 'warning',
      expr: `sum by (topic) (max by (topic, partition) (kafka_topic_partition_under_replicated_partition{${ours}})) > 0`,
      for: '10m',
      summary: '{{ $value }} partitions of {{ $labels.topic }} have too few replicas in sync.',
      description: 'One more broker away and the router cannot write. See the brokers and their disks.',
    },
    {
      name: 'SreRouterPartitionsDiffer',
      severity: 'critical',
      expr: `${partitions('events')} != ${partitions('journal')}`,
      for: '2m',
      summary: 'Topics events and journal have different numbers of partitions.',
      description:
        'Somebody changed one of them. Routers refuse to start like this; those that run must not be restarted before the runbook is followed.',
    },
  ];
}
