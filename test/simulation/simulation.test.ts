import { expect, test } from '@jest/globals';
import type { SimFaults } from '#test/simulation/sim-world.js';
import { simulateProcess } from '#test/simulation/simulate-process.js';

/** Laws that seeds break, until `law` is among them (or any, if none is named). */
async function brokenLaws(faults: SimFaults, seeds: number, law?: string): Promise<string[]> {
  const laws: string[] = [];
  for (let seed = 1; seed <= seeds && (law === undefined ? laws.length === 0 : !laws.includes(law)); seed += 1) {
    const { violations } = await simulateProcess(seed, faults);
    laws.push(...violations.map((violation) => violation.law));
  }
  return laws;
}

test('no law is broken by crashes, faults, duplicates, storms and people, whatever the seed', async () => {
  let crashes = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const { violations, crashes: fell } = await simulateProcess(seed);
    crashes += fell;
    expect({ seed, violations }).toEqual({ seed, violations: [] });
  }
  expect(crashes).toBeGreaterThan(50);
});

test('one seed gives the same trace twice, another seed another', async () => {
  const first = await simulateProcess(7);
  expect((await simulateProcess(7)).trace).toEqual(first.trace);
  expect((await simulateProcess(8)).trace).not.toEqual(first.trace);
});

test('a runner that resends without looking first is caught', async () => {
  const caught = await brokenLaws(
    { breakAction: (action) => (action.probe === undefined ? action : { ...action, probe: async () => undefined }) },
    100,
    'no-double-effect',
  );
  expect(caught).toContain('no-double-effect');
});

test('a runner that looks too early is caught', async () => {
  const caught = await brokenLaws(
    { breakAction: (action) => (action.probe === undefined ? action : { ...action, settlement: () => ({ by: 'probe', settleMs: 0 }) }) },
    100,
    'no-double-effect',
  );
  expect(caught).toContain('no-double-effect');
});

test('a runner that resends past the time for which its key is remembered is caught', async () => {
  const caught = await brokenLaws(
    {
      breakAction: (action) =>
        ['idempotent', 'followed'].includes(action.name) ? { ...action, settlement: () => ({ by: 'resend' }) } : action,
    },
    300,
    'no-double-effect',
  );
  expect(caught).toContain('no-double-effect');
});

test('a runner that submits again what is under way is caught', async () => {
  const caught = await brokenLaws(
    {
      breakAction: (action) =>
        action.follow === undefined ? action : { ...action, follow: (_memo, input, context) => action.run(input, context) },
    },
    150,
    'no-double-effect',
  );
  expect(caught).toContain('no-double-effect');
});

test('a runner that journals no intent is caught', async () => {
  const caught = await brokenLaws(
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) =>
          put(
            partition,
            entries.filter((entry) => !entry.key.startsWith('i/')),
          );
      },
    },
    100,
    'no-double-effect',
  );
  expect(caught).toContain('no-double-effect');
});

test('a runner that does not wait for durability is caught', async () => {
  const caught = await brokenLaws(
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) => {
          void put(partition, entries).catch(() => undefined);
          return Promise.resolve();
        };
      },
    },
    100,
  );
  expect(caught).not.toEqual([]);
});

test('an event counted in no outcome is caught', async () => {
  const caught = await brokenLaws(
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) =>
          put(
            partition,
            entries.map(({ key, value }) => ({
              key,
              value: key === 'L' ? { ...(value as { received: number }), outcomes: {} } : value,
            })),
          );
      },
    },
    20,
    'conservation',
  );
  expect(caught).toContain('conservation');
});

test('a ledger that is lost with every crash is counted again from the log and the markers, and is right', async () => {
  let crashes = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const result = await simulateProcess(seed, { forgetLedger: true });
    crashes += result.crashes;
    expect({ seed, violations: result.violations }).toEqual({ seed, violations: [] });
  }
  expect(crashes).toBeGreaterThan(30);
});
