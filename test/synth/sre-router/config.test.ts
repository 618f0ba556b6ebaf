import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { KINDS } from '#runtime/catalog.js';
import { parseConfig } from '#runtime/config.js';
import { strimziTopics, topicSpecs } from '#runtime/log/kafka/topics.js';
import { bundle } from '#synth/chart.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { drawValues, type Tree } from '../draw-values.js';
import { INSTALLATIONS, ofKind, RELEASE, rendered } from './installations.js';

type Config = ReturnType<typeof parseConfig>;

function configOf(objects: readonly K8sObject[]): Config {
  const map = ofKind(objects, 'ConfigMap').find(({ metadata }) => metadata.name === 'rel-config');
  return parseConfig(parse(map.data['router.yaml']), KINDS);
}

test.each(Object.entries(INSTALLATIONS))('the router takes its configuration: %s', (_, values) => {
  const config = configOf(rendered(values));
  expect(config.log.kind).toBe((values.log as Tree | undefined)?.kind ?? 'embedded');
});

test('the router takes the configuration of all values that the chart takes, and reads in it what they say', () => {
  for (const values of drawValues(sreRouterChart, 100, 21)) {
    // These two go to the router as they are; their settings are its own, which the schema does not repeat.
    const own = {
      ...values,
      sources: { ...(values.sources as Tree), more: {} },
      destinations: { ...(values.destinations as Tree), more: {} },
    };
    // Likewise: a CEL expression is checked where it is used.
    (own.sources as Tree).alertmanagerKey = '';
    const { log, destinations, incidents } = configOf(bundle(sreRouterChart, own, RELEASE));
    const { kafka } = own as unknown as { kafka: { brokers: string[]; prefix: string; group: string } };
    if (log.kind === 'kafka') expect(log).toMatchObject({ brokers: kafka.brokers, prefix: kafka.prefix, group: kafka.group });
    for (const name of ['slack', 'jira', 'sre'])
      expect(name in destinations).toBe(((own.destinations as Tree)[name] as { enabled: boolean }).enabled);
    expect(incidents).toBeDefined();
  }
});

test('sources and destinations of one’s own stand beside those of the chart', () => {
  const more = { 'http-pager': { kind: 'http', baseUrl: 'https://pager.example/a', breaker: { failures: 3 } } };
  const config = configOf(
    rendered({
      destinations: { slack: { enabled: true }, more },
      sources: { alertmanagerKey: "data.labels.cluster == '\"' ? 'a' : 'b'", more: { 'alertmanager-eu': { kind: 'alertmanager' } } },
    }),
  );
  expect(Object.keys(config.destinations)).toEqual(['slack', 'http-pager']);
  expect(config.destinations['http-pager']).toMatchObject({ baseUrl: 'https://pager.example/a' });
  expect(Object.keys(config.sources)).toEqual(['alertmanager', 'adhoc', 'events', 'argo', 'alertmanager-eu']);
});

test('the KafkaTopics are those that `sre-router topics --format strimzi` prints for the configuration', () => {
  for (const values of [
    INSTALLATIONS.bus,
    { ...INSTALLATIONS.bus, kafka: { brokers: ['a:1'], topics: 'strimzi', replication: 1, partitions: 7, rawPartitions: 3 } },
  ]) {
    const objects = rendered(values);
    const topics = ofKind(objects, 'KafkaTopic').map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: { name: metadata.name, labels: { 'strimzi.io/cluster': metadata.labels['strimzi.io/cluster'] } },
      spec,
    }));
    const { log } = configOf(objects);
    expect(topics).toEqual(strimziTopics(topicSpecs(log), 'kafka'));
  }
});
