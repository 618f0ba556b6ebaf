import { expect, test } from '@jest/globals';
import type { OpenKafka } from '#runtime/log/kafka/open-kafka.js';
import { openKafka } from '#runtime/log/kafka/open-kafka.js';
import type { Assignment } from '#runtime/log/log.js';
import { MemoryAreas } from '#test/simulation/memory-areas.js';
import { Prng } from '#test/simulation/prng.js';
import { protocolError } from '#test/simulation/protocol-error.js';
import { SimBrokers } from '#test/simulation/sim-brokers.js';
import { simKafka } from '#test/simulation/sim-kafka.js';
import { ProcessClock } from '#test/simulation/virtual-clock.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const SESSION_MS = 30_000;

/** A member of the group on simulated brokers, and what it is told. */
class Member implements Assignment {
  readonly clock: ProcessClock;
  readonly kafka: OpenKafka;
  readonly told: string[] = [];

  constructor(world: FakeClock, brokers: SimBrokers) {
    this.clock = new ProcessClock(world);
    const kafka = simKafka({ brokers, world, caller: this.clock, random: new Prng(1), sendFaults: { rate: 0 } });
    this.kafka = openKafka(
      { prefix: 'sim', group: 'sim', partitions: brokers.partitions, dlqPartitions: 1, sessionTimeoutMs: SESSION_MS },
      { kafka, clock: this.clock, areas: new MemoryAreas(), warn: () => undefined, gap: () => undefined },
    );
    void this.kafka.log.consume(this);
  }

  async assigned(partition: number): Promise<number> {
    this.told.push(`+${partition}`);
    return 0;
  }

  deliver(): void {}

  async revoked(partition: number): Promise<void> {
    this.told.push(`-${partition}`);
  }

  async quiet(): Promise<void> {}

  wake(partition: number): void {
    this.told.push(`wake ${partition}`);
  }

  late(): void {}
}

test('what was held back because the brokers were silent begins when they answer again', async () => {
  const world = new FakeClock();
  const brokers = new SimBrokers(1, world, new Prng(2));
  const member = new Member(world, brokers);
  const { log } = member.kafka;
  await world.pass(5_000);
  expect(log.mayStart(0)).toBe(true);
  member.told.length = 0;
  brokers.allDown(SESSION_MS * 0.7);
  await world.pass(SESSION_MS * 0.6);
  expect(log.mayStart(0)).toBe(false);
  await world.pass(SESSION_MS * 0.6);
  expect(log.mayStart(0)).toBe(true);
  expect(member.told).toEqual(['wake 0']);
  // Once: nothing was held back since.
  await world.pass(SESSION_MS);
  expect(member.told).toEqual(['wake 0']);
});

test('a member that missed a generation takes over anew what is its again: somebody else may have written meanwhile', async () => {
  const world = new FakeClock();
  const brokers = new SimBrokers(2, world, new Prng(2));
  const first = new Member(world, brokers);
  await world.pass(5_000);
  expect(first.told.filter((one) => one.startsWith('+'))).toEqual(['+0', '+1']);
  first.told.length = 0;
  // In the second generation it joins, and does not hear what is its.
  const sync = brokers.group.sync.bind(brokers.group);
  let missed = 0;
  brokers.group.sync = async (memberId, ...rest) => {
    const given = await sync(memberId, ...rest);
    if (memberId !== 'm0' || missed > 0) return given;
    missed += 1;
    throw protocolError('REBALANCE_IN_PROGRESS');
  };
  // Nor does it read on in the journal, which would tell it too.
  first.kafka.journal.observe = () => undefined;
  const second = new Member(world, brokers);
  for (let turns = 0; turns < 2_000 && !second.told.includes('+1'); turns += 1) await world.pass(10);
  let isWritten = false;
  second.kafka.journal.put(1, [{ key: 'k', value: 'theirs' }]).then(
    () => {
      isWritten = true;
    },
    () => undefined,
  );
  await world.pass(100);
  expect([missed, isWritten, first.told]).toEqual([1, true, []]);
  second.clock.dead = true;
  await world.pass(2 * SESSION_MS);
  expect(first.told).toEqual(expect.arrayContaining(['-1', '+1']));
  expect(await first.kafka.journal.get(1, 'k')).toBe('theirs');
});
