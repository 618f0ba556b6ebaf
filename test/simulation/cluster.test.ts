import { expect, test } from '@jest/globals';
import type { KafkaLog } from '#runtime/log/kafka/kafka-log.js';
import type { SimFaults } from '#test/simulation/sim-world.js';
import { simulateCluster } from '#test/simulation/simulate-cluster.js';

test('no law is broken by zombies, rebalances, lost acknowledgements and lost brokers, whatever the seed', async () => {
  const sum = { crashes: 0, zombies: 0, doubled: 0, listed: 0 };
  for (let seed = 1; seed <= 60; seed += 1) {
    const result = await simulateCluster(seed);
    expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
    for (const name of ['crashes', 'zombies', 'doubled', 'listed'] as const) sum[name] += result[name];
  }
  // The laws are about something: it happened.
  expect(sum.crashes).toBeGreaterThan(30);
  expect(sum.zombies).toBeGreaterThan(30);
  expect(sum.doubled).toBeGreaterThan(0);
  expect(sum.listed).toBeGreaterThanOrEqual(sum.doubled);
}, 120_000);

test('one seed gives the same trace twice, another seed another', async () => {
  const first = await simulateCluster(7);
  expect((await simulateCluster(7)).trace).toEqual(first.trace);
  expect((await simulateCluster(8)).trace).not.toEqual(first.trace);
});

/** Enough for the rarest of them, several times over. */
const MOST_SEEDS = 200;

const BROKEN: readonly [string, string, SimFaults][] = [
  [
    'begins effects without a lease',
    'no-call-without-partition',
    {
      manyZombies: true,
      breakLog(log) {
        log.mayStart = () => true;
      },
    },
  ],
  [
    'goes on after a refused put',
    'no-double-effect',
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) => put(partition, entries).catch(() => undefined);
      },
    },
  ],
  ['does not give up the partition of a refused put', 'eventual-finish', { keepsGoing: true }],
  [
    'forgets the intent before the effect',
    'no-double-effect',
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) =>
          put(
            partition,
            entries.filter(({ key }) => !key.startsWith('i/')),
          );
      },
    },
  ],
  [
    'does not look before it sends again',
    'no-double-effect',
    { breakAction: (action) => (action.probe === undefined ? action : { ...action, probe: async () => undefined }) },
  ],
  [
    'ignores what an earlier owner tells late',
    'not-again-once-told',
    {
      manyZombies: true,
      breakLog(log) {
        (log as KafkaLog).late = () => undefined;
      },
    },
  ],
];

test('routers that are stopped again and again break no law either', async () => {
  for (let seed = 1; seed <= 40; seed += 1)
    expect({ seed, violations: (await simulateCluster(seed, { manyZombies: true })).violations }).toEqual({ seed, violations: [] });
}, 120_000);

test.each(BROKEN)(
  'a router that %s is caught',
  async (_what, law, faults) => {
    const laws = new Set<string>();
    for (let seed = 1; seed <= MOST_SEEDS && !laws.has(law); seed += 1)
      for (const violation of (await simulateCluster(seed, faults)).violations) laws.add(violation.law);
    expect([...laws]).toContain(law);
  },
  120_000,
);
