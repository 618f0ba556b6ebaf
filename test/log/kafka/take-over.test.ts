import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { KafkaCluster } from '#test/support/kafka.js';
import { KafkaMember, makeTopics } from '#test/support/kafka-member.js';
import { until } from '#test/support/processes.js';

let cluster: KafkaCluster;
const members: KafkaMember[] = [];
beforeAll(async () => {
  cluster = await KafkaCluster.start();
}, 90_000);
afterEach(async () => {
  await Promise.all(members.splice(0).map((member) => member.close()));
});
afterAll(() => cluster.close());

async function join(prefix: string, partitions: number): Promise<KafkaMember> {
  const member = new KafkaMember(cluster, prefix, partitions);
  members.push(member);
  await member.start();
  return member;
}

test('a partition that moves goes on where its journal stands, and partitions that stay are not given again', async () => {
  const prefix = await makeTopics(cluster, 4);
  const first = await join(prefix, 4);
  const records = (from: number) =>
    Array.from({ length: 40 }, (_, index) => ({ key: `k${index}`, value: Buffer.from(String(from + index)) }));
  await until('the first to own all', async () => (first.owned.size === 4 ? true : undefined));
  await first.kafka.log.append(records(0));
  await until('all to be seen', async () => (first.got.length === 40 ? true : undefined));
  const second = await join(prefix, 4);
  await until('two each', async () => (first.owned.size === 2 && second.owned.size === 2 ? true : undefined));
  await first.kafka.log.append(records(40));
  await until('all to be seen', async () => (first.got.length + second.got.length === 80 ? true : undefined));
  expect(new Set([...first.got, ...second.got].map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(80);
  expect(new Set([...first.owned, ...second.owned]).size).toBe(4);
}, 60_000);

test('large puts, many puts and removals are there after a take-over, whole', async () => {
  const prefix = await makeTopics(cluster, 1);
  const first = await join(prefix, 1);
  await until('ownership', async () => (first.owned.size === 1 ? true : undefined));
  const big = 'ü😀'.repeat(400_000);
  await Promise.all([
    first.kafka.journal.put(0, [
      { key: 'big', value: big },
      { key: 'gone', value: 1 },
    ]),
    ...Array.from({ length: 2_000 }, (_, index) => first.kafka.journal.put(0, [{ key: `k/${index}`, value: { index } }])),
    first.kafka.journal.put(0, [
      { key: 'gone', value: undefined },
      { key: 'h/people', value: 'only' },
    ]),
  ]);
  await first.close();
  members.length = 0;
  const second = await join(prefix, 1);
  await until('ownership', async () => (second.owned.size === 1 ? true : undefined));
  expect(await second.kafka.journal.get(0, 'big')).toBe(big);
  expect(await second.kafka.journal.get(0, 'gone')).toBeUndefined();
  expect(await second.kafka.journal.get(0, 'h/people')).toBeUndefined();
  let count = 0;
  for await (const { key, value } of second.kafka.journal.range(0, 'k/')) {
    expect(key).toBe(`k/${(value as { index: number }).index}`);
    count += 1;
  }
  expect(count).toBe(2_000);
}, 60_000);
