import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse, parseAllDocuments } from 'yaml';
import { checkTopics, type TopicState, topicSpecs } from '#runtime/log/kafka/topics.js';
import { cli } from '#test/support/cli.js';

const specs = topicSpecs({ prefix: 'p', partitions: 4, rawPartitions: 2, replication: 3, retentionMs: 604_800_000 });
const asSpecified = (): Map<string, TopicState> =>
  new Map(specs.map(({ topic, partitions, replication, config }) => [topic, { partitions, replication, config }]));

/** Findings when one topic is otherwise. */
function findings(role: string, change: Partial<Omit<TopicState, 'config'>>, config: Record<string, string> = {}): string[] {
  const actual = asSpecified();
  const topic = `p.${role}`;
  const state = actual.get(topic) as TopicState;
  actual.set(topic, { ...state, ...change, config: { ...state.config, ...config } });
  return checkTopics(specs, actual).map(({ topic: about, severity, isFinal }) => `${about} ${severity}${isFinal ? ' for good' : ''}`);
}

test('topics as they are specified are fine', () => {
  expect(checkTopics(specs, asSpecified())).toEqual([]);
});

test.each<[what: string, role: string, change: Partial<Omit<TopicState, 'config'>>, config: Record<string, string>, expected: string[]]>([
  ['another count than the journal', 'events', { partitions: 5 }, {}, ['p.journal wrong for good', 'p.events advice']],
  ['fewer places than raw', 'dlq', { partitions: 1 }, {}, ['p.dlq wrong']],
  ['more places than raw', 'dlq', { partitions: 9 }, {}, []],
  ['one replica', 'raw', { replication: 1 }, {}, ['p.raw advice']],
  ['compacted events', 'events', {}, { 'cleanup.policy': 'compact' }, ['p.events wrong']],
  ['a compacted journal', 'journal', {}, { 'cleanup.policy': 'compact,delete' }, ['p.journal wrong']],
  ['a journal that loses by age', 'journal', {}, { 'retention.ms': '604800000' }, ['p.journal wrong']],
  ['a journal that loses by size', 'journal', {}, { 'retention.bytes': '1073741824' }, ['p.journal wrong']],
  ['events kept shorter', 'events', {}, { 'retention.ms': '3600000' }, ['p.events advice']],
  ['events kept longer', 'events', {}, { 'retention.ms': '-1' }, []],
  ['small events', 'events', {}, { 'max.message.bytes': '100000' }, ['p.events wrong']],
  ['dead letters without room for their headers', 'dlq', {}, { 'max.message.bytes': '2097176' }, ['p.dlq wrong']],
  ['small raw records', 'raw', {}, { 'max.message.bytes': '1048588' }, ['p.raw advice']],
  ['no second replica in sync', 'journal', {}, { 'min.insync.replicas': '1' }, ['p.journal advice']],
])('%s is told', (_what, role, change, config, expected) => {
  expect(findings(role, change, config)).toEqual(expected);
});

describe('--format strimzi', () => {
  const print = async (...args: string[]): Promise<{ metadata: { name: string }; spec: { topicName?: string } }[]> => {
    const { code, out } = await cli(['topics', '--format', 'strimzi', ...args]);
    expect(code).toBe(0);
    return parseAllDocuments(out).map((document) => document.toJS() as never);
  };

  test('needs no broker, and names the Kafka resource', async () => {
    const topics = await print('--brokers', '127.0.0.1:1', '--cluster', 'fleet');
    expect(topics.map(({ metadata }) => metadata.name)).toEqual(['raw', 'events', 'journal', 'dlq'].map((role) => `sre-router.${role}`));
    expect(topics.every((topic) => JSON.stringify(topic).includes('"strimzi.io/cluster":"fleet"'))).toBe(true);
  });

  test('a prefix that is no name for Kubernetes goes into topicName', async () => {
    const [raw] = await print('--brokers', '127.0.0.1:1', '--prefix', 'SRE_Router-.eu');
    expect([raw?.metadata.name, raw?.spec.topicName]).toEqual(['sre-router.eu.raw', 'SRE_Router-.eu.raw']);
  });

  test("is what Strimzi's CRD takes, field by field, where the CRD is at hand", async () => {
    const schemas = process.env.UPSTREAM_SCHEMAS;
    if (schemas === undefined) return;
    const crd = parse(readFileSync(join(schemas, 'strimzi-kafkatopic.crd.yaml'), 'utf8')) as {
      spec: { versions: { name: string; schema: { openAPIV3Schema: object } }[] };
    };
    const schema = closed(crd.spec.versions.find(({ name }) => name === 'v1')?.schema.openAPIV3Schema);
    const validate = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(schema as object);
    for (const topic of await print('--brokers', '127.0.0.1:1', '--prefix', 'SRE_Router')) {
      validate({ ...topic, metadata: {} });
      expect(validate.errors).toBeNull();
    }
    validate({ apiVersion: 'kafka.strimzi.io/v1', kind: 'KafkaTopic', metadata: {}, spec: { partition: 3 } });
    expect(validate.errors).not.toBeNull();
  });
});

/** As the API server with strict field validation: what the schema does not name is refused. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (schema === null || typeof schema !== 'object') return schema;
  const below = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isOpen = below['x-kubernetes-preserve-unknown-fields'] === true || below.additionalProperties !== undefined;
  return below.properties === undefined || isOpen ? below : { ...below, additionalProperties: false };
}
