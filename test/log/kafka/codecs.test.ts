import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '#runtime/clock.js';
import { connectKafka } from '#runtime/log/kafka/connect.js';
import { PartitionReader } from '#runtime/log/kafka/read-partition.js';
import { produceByConsole } from '#test/support/console-producer.js';
import { KafkaCluster } from '#test/support/kafka.js';

let cluster: KafkaCluster;
beforeAll(async () => {
  cluster = await KafkaCluster.start();
}, 90_000);
afterAll(() => cluster.close());

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'records that others compressed with %s are read as they were written',
  async (codec) => {
    const topic = `codec-${codec}`;
    const admin = cluster.client().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
    await admin.disconnect();
    // Long enough for several blocks, and hard enough to compress that some of them stay as they are.
    const lines = Array.from({ length: 2_000 }, (_, index) => `${index} ${'alert '.repeat(index % 40)}${Math.sin(index)}`);
    await produceByConsole(cluster, topic, codec, lines);
    const kafka = connectKafka({ brokers: cluster.brokers, clientId: 'test' }, { secret: () => '', log: () => undefined });
    const reader = new PartitionReader(kafka, (ms) => new Promise((resolve) => void systemClock.after(ms, resolve)));
    const got: string[] = [];
    await reader.read({ topic, partition: 0 }, undefined, ({ value }) => void got.push(value?.toString('utf8') ?? ''));
    await reader.close();
    expect(got).toEqual(lines);
  },
  60_000,
);
