import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '#runtime/clock.js';
import { type OpenKafka, openKafka } from '#runtime/log/kafka/open-kafka.js';
import { createMissing, topicSpecs, withAdmin } from '#runtime/log/kafka/topics.js';
import type { LogRecord } from '#runtime/log/log.js';
import { KafkaCluster } from '#test/support/kafka.js';
import { until } from '#test/support/processes.js';

let cluster: KafkaCluster;
let topics = 0;
const opened: OpenKafka[] = [];
beforeAll(async () => {
  cluster = await KafkaCluster.start();
}, 90_000);
afterEach(async () => {
  await Promise.all(opened.splice(0).map((kafka) => kafka.close()));
});
afterAll(() => cluster.close());

async function fresh(partitions: number): Promise<string> {
  topics += 1;
  const prefix = `t${topics}`;
  const specs = topicSpecs({ prefix, partitions, rawPartitions: 1, replication: 1, retentionMs: 604_800_000 });
  await withAdmin(cluster.client(), (admin) => createMissing(admin, specs, new Map()));
  return prefix;
}

function open(prefix: string, partitions: number): OpenKafka {
  const kafka = openKafka(
    { settings: { brokers: cluster.brokers, clientId: 'test' }, prefix, group: prefix, partitions, sessionTimeoutMs: 6_000 },
    {
      clock: systemClock,
      secret: () => '',
      log: (_level, message, fields) =>
        process.env.DEBUG === '1' && process.stderr.write(`${message} ${JSON.stringify(fields)} ${String(fields.err)}\n`),
      gap: () => undefined,
    },
  );
  opened.push(kafka);
  return kafka;
}

/** A member that counts what it sees and remembers, in its journal, where to go on. */
async function member(prefix: string, partitions: number): Promise<{ kafka: OpenKafka; got: LogRecord[]; owned: Set<number> }> {
  const kafka = open(prefix, partitions);
  const got: LogRecord[] = [];
  const owned = new Set<number>();
  await kafka.log.consume({
    async assigned(partition) {
      owned.add(partition);
      return ((await kafka.journal.get(partition, 'L')) as number | undefined) ?? 0;
    },
    deliver(partition, records) {
      got.push(...records);
      const next = (records.at(-1)?.offset ?? -1) + 1;
      void kafka.journal.put(partition, [{ key: 'L', value: next }]).then(() => kafka.log.commit(partition, next));
    },
    async revoked(partition) {
      owned.delete(partition);
    },
    quiet: async () => undefined,
    wake: () => undefined,
  });
  return { kafka, got, owned };
}

test('a partition that moves goes on where its journal stands, and partitions that stay are not given again', async () => {
  const prefix = await fresh(4);
  const first = await member(prefix, 4);
  const records = (from: number) =>
    Array.from({ length: 40 }, (_, index) => ({ key: `k${index}`, value: Buffer.from(String(from + index)) }));
  await until('the first to own all', async () => (first.owned.size === 4 ? true : undefined));
  await first.kafka.log.append(records(0));
  await until('all to be seen', async () => (first.got.length === 40 ? true : undefined));
  const second = await member(prefix, 4);
  await until('two each', async () => (first.owned.size === 2 && second.owned.size === 2 ? true : undefined));
  await first.kafka.log.append(records(40));
  await until('all to be seen', async () => (first.got.length + second.got.length === 80 ? true : undefined));
  expect(new Set([...first.got, ...second.got].map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(80);
  expect(new Set([...first.owned, ...second.owned]).size).toBe(4);
}, 60_000);

test('large puts, many puts and removals are there after a take-over, whole', async () => {
  const prefix = await fresh(1);
  const first = await member(prefix, 1);
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
  await first.kafka.close();
  opened.length = 0;
  const second = await member(prefix, 1);
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
