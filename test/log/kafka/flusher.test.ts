import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import kafkajs from 'kafkajs';
import { systemClock } from '#runtime/clock.js';
import { connectKafka } from '#runtime/log/kafka/connect.js';
import { Flusher } from '#runtime/log/kafka/flusher.js';
import { PartitionReader } from '#runtime/log/kafka/read-partition.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { PRODUCE } from '#test/support/kafka-proxy.js';

let cluster: KafkaCluster;
let topics = 0;
beforeAll(async () => {
  cluster = await KafkaCluster.start({ proxied: true });
}, 90_000);
afterEach(() => cluster.proxies[0]?.fail());
afterAll(() => cluster.close());

const connect = () => connectKafka({ brokers: cluster.brokers, clientId: 'test' }, { secret: () => '', log: () => undefined });

async function freshTopic(partitions = 1): Promise<string> {
  topics += 1;
  const topic = `flush-${topics}`;
  const admin = cluster.client().admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] });
  await admin.disconnect();
  return topic;
}

async function contents(topic: string): Promise<string[]> {
  const reader = new PartitionReader(connect(), (ms) => new Promise((resolve) => void systemClock.after(ms, resolve)));
  const got: string[] = [];
  await reader.read({ topic, partition: 0 }, undefined, ({ value }) => void got.push(value?.toString('utf8') ?? ''));
  await reader.close();
  return got;
}

const send = (flusher: Flusher, topic: string, text: string, partition = 0): Promise<number> =>
  flusher.send({ topic, partition, build: () => ({ key: null, value: Buffer.from(text) }) });

test('each record gets the offset it has in its partition, in call order', async () => {
  const topic = await freshTopic(3);
  const flusher = new Flusher(connect());
  const offsets = await Promise.all(Array.from({ length: 300 }, (_, index) => send(flusher, topic, String(index), index % 3)));
  expect(offsets).toEqual(Array.from({ length: 300 }, (_, index) => Math.floor(index / 3)));
  await flusher.close();
});

test('c, d: after a lost answer every acknowledged record is there, once, in order', async () => {
  const topic = await freshTopic();
  const flusher = new Flusher(connect());
  await send(flusher, topic, 'warm');
  cluster.proxies[0]?.fail({ apiKey: PRODUCE, what: 'answer-lost', times: 1 });
  const first = send(flusher, topic, 'm0');
  await new Promise(setImmediate);
  await Promise.all([first, ...['m1', 'm2'].map((text) => send(flusher, topic, text))]);
  await flusher.close();
  expect(await contents(topic)).toEqual(['warm', 'm0', 'm1', 'm2']);
});

test('c: a kafkajs producer that is used concurrently loses an acknowledged record in the same place, which is why the flusher exists', async () => {
  const topic = await freshTopic();
  const producer = connect().producer({
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const one = (value: string) => producer.send({ topic, messages: [{ partition: 0, value }] });
  await one('warm');
  cluster.proxies[0]?.fail({ apiKey: PRODUCE, what: 'answer-lost', times: 1 });
  await Promise.all([one('m1'), one('m2')]);
  await producer.disconnect();
  const there = await contents(topic);
  expect(there.filter((text) => text === 'm1' || text === 'm2').sort()).not.toEqual(['m1', 'm2']);
});

test('a record that cannot be produced is refused by its own call, and the ones behind it go on', async () => {
  const topic = await freshTopic();
  const flusher = new Flusher(connect());
  const refused = send(flusher, topic, 'x'.repeat(2_000_000));
  await expect(refused).rejects.toThrow(/larger/);
  await expect(send(flusher, topic, 'small')).resolves.toBe(0);
  await flusher.close();
});

test('records of one partition beyond one batch go in several requests', async () => {
  const topic = await freshTopic();
  const flusher = new Flusher(connect());
  const offsets = await Promise.all(Array.from({ length: 5 }, (_, index) => send(flusher, topic, String(index).repeat(600_000))));
  expect(offsets).toEqual([0, 1, 2, 3, 4]);
  await flusher.close();
});
