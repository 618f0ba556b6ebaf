import { expect, test } from '@jest/globals';
import { systemClock } from '#runtime/clock.js';
import type { LateFact } from '#runtime/journal/late-facts.js';
import type { Assignment, LogRecord } from '#runtime/log/log.js';
import { type MemoryLog, openMemory } from '#runtime/log/memory.js';
import { MemoryCluster } from '#runtime/log/memory-cluster.js';
import { testJournalContract } from '#test/contract/journal.contract.js';
import { testLogContract } from '#test/contract/log.contract.js';
import type { LogUnderTest } from '#test/contract/log-under-test.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

function underTest(cluster: MemoryCluster): LogUnderTest {
  const log = openMemory(cluster, systemClock);
  return {
    log,
    journal: log,
    reader: async () => log,
    trimmable: log,
    own: async () => undefined,
    close: () => log.close(),
    async reopen() {
      await log.close();
      return underTest(cluster);
    },
  };
}

testLogContract('memory', async (partitions) => underTest(new MemoryCluster(partitions)));
testJournalContract('memory', async (partitions) => underTest(new MemoryCluster(partitions)));

/** A process of the group: what it owns, what it is told. */
class Process implements Assignment {
  readonly log: MemoryLog;
  readonly owned = new Set<number>();
  readonly told: string[] = [];
  readonly got: LogRecord[] = [];

  constructor(cluster: MemoryCluster, clock: FakeClock) {
    this.log = openMemory(cluster, clock);
  }

  async assigned(partition: number): Promise<number> {
    this.owned.add(partition);
    this.told.push(`+${partition}`);
    return Number((await this.log.get(partition, 'next')) ?? 0);
  }

  deliver(_partition: number, records: readonly LogRecord[]): void {
    this.got.push(...records);
  }

  async revoked(partition: number): Promise<void> {
    this.owned.delete(partition);
    this.told.push(`-${partition}`);
  }

  async quiet(): Promise<void> {}

  wake(): void {}

  late(_partition: number, facts: readonly LateFact[]): void {
    this.told.push(...facts.map(({ eventId, step }) => `late ${eventId} ${step}`));
  }
}

async function group(partitions: number, size: number): Promise<{ cluster: MemoryCluster; clock: FakeClock; processes: Process[] }> {
  const cluster = new MemoryCluster(partitions);
  const clock = new FakeClock();
  const processes: Process[] = [];
  for (let count = 0; count < size; count += 1) {
    const process = new Process(cluster, clock);
    processes.push(process);
    await process.log.consume(process);
  }
  return { cluster, clock, processes };
}

const shares = (processes: readonly Process[]): number[] => processes.map(({ owned }) => owned.size);

test('partitions are spread evenly, and move as little as possible when a process comes or goes', async () => {
  const { processes } = await group(7, 3);
  expect(shares(processes).sort()).toEqual([2, 2, 3]);
  const [first, second, third] = processes as [Process, Process, Process];
  const kept = [new Set(first.owned), new Set(third.owned)];
  await second.log.close();
  expect(shares([first, third]).sort()).toEqual([3, 4]);
  for (const partition of kept[0] ?? []) expect(first.owned.has(partition)).toBe(true);
  for (const partition of kept[1] ?? []) expect(third.owned.has(partition)).toBe(true);
});

test('a partition is taken from its owner before it is given to the next, who sees what the owner wrote last', async () => {
  const { cluster, clock, processes } = await group(1, 1);
  const [first] = processes as [Process];
  first.revoked = async (partition) => {
    first.told.push('flushing');
    await first.log.put(partition, [{ key: 'next', value: 5 }]);
    first.told.push('flushed');
  };
  const second = new Process(cluster, clock);
  const closing = first.log.close().then(() => second.told.push('first is closed'));
  const joining = second.log.consume(second);
  await clock.pass(10);
  await Promise.all([closing, joining]);
  expect(first.told).toEqual(['+0', 'flushing', 'flushed']);
  expect(second.told).toEqual(['+0', 'first is closed']);
});

test('the late write of an owner that was taken for dead has no effect, and it is not told', async () => {
  const { cluster, clock, processes } = await group(1, 2);
  const owner = processes.find(({ owned }) => owned.size === 1) as Process;
  const other = processes.find((process) => process !== owner) as Process;
  const late = owner.log.put(0, [{ key: 'k', value: 'late' }]);
  await cluster.leave(owner.log, false);
  expect(other.told).toEqual(['+0']);
  const newer = other.log.put(0, [{ key: 'k', value: 'newer' }]);
  await clock.pass(1);
  await Promise.all([late, newer]);
  expect(await other.log.get(0, 'k')).toBe('newer');
  expect(owner.told).toEqual(['+0']);
});

test('nobody waits for a process that is dead; what it had under way is handed over, in order, for the test to decide', async () => {
  const { cluster, clock, processes } = await group(1, 1);
  const [first] = processes as [Process];
  let heard = 0;
  for (const value of [1, 2])
    first.log.put(0, [{ key: 'k', value }]).then(
      () => {
        heard += 1;
      },
      () => undefined,
    );
  const left = first.log.die();
  expect(left.map(({ lane }) => lane)).toEqual(['put 0', 'put 0']);
  left[0]?.apply();
  await cluster.leave(first.log, false);
  const second = new Process(cluster, clock);
  await second.log.consume(second);
  await clock.pass(10);
  expect(await second.log.get(0, 'k')).toBe(1);
  expect(heard).toBe(0);
});

test('each owner is delivered the records of its partitions alone', async () => {
  const { clock, processes } = await group(4, 2);
  const [first, second] = processes as [Process, Process];
  const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
  const append = first.log.append(keys.map((key) => ({ key, value: Buffer.from(key) })));
  await clock.pass(10);
  await append;
  for (const { got, owned } of [first, second]) for (const { partition } of got) expect(owned.has(partition)).toBe(true);
  expect([...first.got, ...second.got].map(({ key }) => key).sort()).toEqual([...keys].sort());
});
