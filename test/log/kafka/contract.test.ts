import { jest } from '@jest/globals';
import { systemClock } from '#runtime/clock.js';
import { Replica } from '#runtime/log/kafka/replica.js';
import { testJournalContract } from '#test/contract/journal.contract.js';
import { testLogContract } from '#test/contract/log.contract.js';
import { type LogUnderTest, NO_ASSIGNMENT } from '#test/contract/log-under-test.js';
import type { KafkaCluster } from '#test/support/kafka.js';
import { useEveryKafka } from '#test/support/kafka-hooks.js';
import { connect, makeTopics, openMember } from '#test/support/kafka-member.js';
import { until } from '#test/support/processes.js';

jest.setTimeout(60_000);

const clusters = useEveryKafka();

function underTest(cluster: KafkaCluster, prefix: string, partitions: number): LogUnderTest {
  const { log, journal, close } = openMember(cluster, prefix, partitions);
  let replica: Replica | undefined;
  const closeAll = async (): Promise<void> => {
    await close();
    await replica?.close();
  };
  return {
    log,
    journal,
    async reader() {
      replica = new Replica({ prefix, partitions }, { kafka: connect(cluster), clock: systemClock, warn: () => undefined });
      const reader = replica;
      reader.start();
      await until('the copy to hold everything', async () => (reader.isFilled ? true : undefined));
      return reader;
    },
    async own() {
      await log.consume({ ...NO_ASSIGNMENT, assigned: async () => 0, deliver: () => undefined });
      const all = Array.from({ length: partitions }, (_, partition) => partition);
      await until('all partitions', async () => (all.every((partition) => log.mayStart(partition)) ? true : undefined));
    },
    close: closeAll,
    async reopen() {
      await closeAll();
      return underTest(cluster, prefix, partitions);
    },
  };
}

for (const [version, kafka] of clusters) {
  const open = async (partitions: number): Promise<LogUnderTest> => {
    const cluster = kafka();
    return underTest(cluster, await makeTopics(cluster, partitions), partitions);
  };
  testLogContract(`kafka ${version}`, open);
  testJournalContract(`kafka ${version}`, open);
}
