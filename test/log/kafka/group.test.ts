import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { KafkaCluster } from '#test/support/kafka.js';
import { KafkaMember, makeTopics } from '#test/support/kafka-member.js';
import { HEARTBEAT, JOIN_GROUP, OFFSET_COMMIT } from '#test/support/kafka-proxy.js';
import { until } from '#test/support/processes.js';

let cluster: KafkaCluster;
const members: KafkaMember[] = [];
beforeAll(async () => {
  cluster = await KafkaCluster.start({ proxied: true, properties: { 'group.min.session.timeout.ms': '1000' } });
}, 90_000);
afterEach(async () => {
  cluster.proxies[0]?.fail();
  cluster.proxies[0]?.down(false);
  await Promise.all(members.splice(0).map((member) => member.close()));
});
afterAll(() => cluster.close());

async function join(prefix: string, partitions: number): Promise<KafkaMember> {
  const member = new KafkaMember(cluster, prefix, partitions, { sessionTimeoutMs: 3_000 });
  members.push(member);
  await member.start();
  return member;
}

const numbers = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: Buffer.from(String(from + index)) }));

test('l, m: whatever the brokers do, the member begins anew by itself and misses nothing', async () => {
  const prefix = await makeTopics(cluster, 2);
  const proxy = cluster.proxies[0];
  proxy?.fail({ apiKey: JOIN_GROUP, what: 'request-lost', times: 2 });
  const member = await join(prefix, 2);
  await until('both partitions', async () => (member.owned.size === 2 ? true : undefined));
  await member.kafka.log.append(numbers(0, 10));
  proxy?.fail({ apiKey: HEARTBEAT, what: 'answer-lost', times: 2 }, { apiKey: OFFSET_COMMIT, what: 'request-lost', times: 2 });
  await member.kafka.log.append(numbers(10, 10));
  await until('twenty records', async () => (member.got.length === 20 ? true : undefined));
  proxy?.down(true);
  await until('the lease to be too old to begin anything', async () => (member.kafka.log.mayStart(0) ? undefined : true));
  await until('the partitions to be given up', async () => (member.owned.size === 0 ? true : undefined));
  proxy?.down(false);
  await until('both partitions again', async () => (member.owned.size === 2 && member.kafka.log.mayStart(1) ? true : undefined));
  await member.kafka.log.append(numbers(20, 10));
  await until('thirty records', async () => (member.got.length >= 30 ? true : undefined));
  expect(member.seen()).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
}, 90_000);

test('a short loss of the brokers costs no partition', async () => {
  const prefix = await makeTopics(cluster, 2);
  const member = await join(prefix, 2);
  await until('both partitions', async () => (member.owned.size === 2 ? true : undefined));
  cluster.proxies[0]?.down(true);
  await new Promise((later) => setTimeout(later, 500));
  cluster.proxies[0]?.down(false);
  await member.kafka.log.append(numbers(0, 10));
  await until('the records', async () => (member.got.length === 10 ? true : undefined));
  expect(member.assignments).toEqual([0, 1]);
}, 60_000);

test('n: records that were deleted before they were read are told as a gap, the rest is read, and nothing resets the committed offset', async () => {
  const prefix = await makeTopics(cluster, 1);
  const first = await join(prefix, 1);
  await until('the partition', async () => (first.owned.size === 1 ? true : undefined));
  await first.kafka.log.append(numbers(0, 5));
  await until('five records', async () => (first.got.length === 5 ? true : undefined));
  await first.close();
  members.length = 0;
  const writer = new KafkaMember(cluster, prefix, 1, { sessionTimeoutMs: 3_000 });
  members.push(writer);
  await writer.kafka.log.append(numbers(5, 10));
  const admin = cluster.client().admin();
  await admin.connect();
  // Loads the topic's metadata, which deleteTopicRecords forgets to do.
  await admin.fetchTopicOffsets(`${prefix}.events`);
  await admin.deleteTopicRecords({ topic: `${prefix}.events`, partitions: [{ partition: 0, offset: '12' }] });
  const second = await join(prefix, 1);
  await until('the rest', async () => (second.got.length === 3 ? true : undefined));
  expect(second.gaps).toEqual([[5, 12]]);
  expect(second.seen()).toEqual(['12', '13', '14']);
  await until('the commit', async () => {
    const [offsets] = await admin.fetchOffsets({ groupId: prefix, topics: [`${prefix}.events`] });
    return offsets?.partitions[0]?.offset === '15' ? true : undefined;
  });
  await admin.disconnect();
}, 60_000);

test('a member that leaves hands its partitions over at once, not after the session time-out', async () => {
  const prefix = await makeTopics(cluster, 2);
  const [first, second] = [await join(prefix, 2), await join(prefix, 2)];
  await until('one each', async () => (first.owned.size === 1 && second.owned.size === 1 ? true : undefined));
  const startedMs = performance.now();
  await first.close();
  members.splice(members.indexOf(first), 1);
  await until('both', async () => (second.owned.size === 2 ? true : undefined));
  expect(performance.now() - startedMs).toBeLessThan(2_500);
}, 60_000);
