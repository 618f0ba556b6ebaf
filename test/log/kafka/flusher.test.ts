import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Flusher } from '#runtime/log/kafka/flusher.js';
import { patchIdleTimer } from '#runtime/log/kafka/internals.js';
import { KafkaCluster } from '#test/support/kafka.js';

let cluster: KafkaCluster;
beforeAll(async () => {
  patchIdleTimer();
  cluster = await KafkaCluster.start();
}, 90_000);
afterAll(() => cluster.close());

describe('flusher', () => {
  test('each record gets the offset it has in its partition, in call order', async () => {
    const admin = cluster.client().admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: 'a', numPartitions: 3 }] });
    await admin.disconnect();
    const flusher = new Flusher(cluster.client());
    const sends = Array.from({ length: 300 }, (_, index) =>
      flusher.send({ topic: 'a', partition: index % 3, build: () => ({ key: null, value: Buffer.from(String(index)) }) }),
    );
    const offsets = await Promise.all(sends);
    expect(offsets).toEqual(Array.from({ length: 300 }, (_, index) => Math.floor(index / 3)));
    await flusher.close();
  });
});
