import { afterAll, beforeAll } from '@jest/globals';
import { KAFKA_VERSIONS, KafkaCluster, type KafkaOptions, type KafkaVersion } from './kafka.js';

/** Tests join groups with session time-outs of a few seconds; brokers allow none below 6 s by themselves. */
const SHORT_SESSIONS = { 'group.min.session.timeout.ms': '1000' };
const START_WITHIN_MS = 90_000;

/** A cluster for the tests of the file; ask for it within a test. */
export function useKafka({ properties, ...options }: KafkaOptions = {}): () => KafkaCluster {
  let cluster: KafkaCluster | undefined;
  beforeAll(async () => {
    cluster = await KafkaCluster.start({ ...options, properties: { ...SHORT_SESSIONS, ...properties } });
  }, START_WITHIN_MS);
  afterAll(() => cluster?.close());
  return () => {
    if (cluster === undefined) throw new Error('The cluster is there once the tests run.');
    return cluster;
  };
}

/** One of each version that we promise. */
export function useEveryKafka(): ReadonlyMap<KafkaVersion, () => KafkaCluster> {
  return new Map(KAFKA_VERSIONS.map((version) => [version, useKafka({ version })]));
}
