import { expect, test } from '@jest/globals';
import type { SimFaults, SimResult } from '#test/simulation/simulate.js';
import { simulate } from '#test/simulation/simulate.js';

/** Seeds until one breaks a law; undefined: none did. */
async function firstCaught(faults: SimFaults, seeds: number): Promise<SimResult | undefined> {
  for (let seed = 1; seed <= seeds; seed += 1) {
    const result = await simulate(seed, faults);
    if (result.violations.length > 0) return result;
  }
  return undefined;
}

const lawsOf = (result: SimResult | undefined): string[] => (result?.violations ?? []).map((violation) => violation.law);

test('no law is broken by crashes, faults, duplicates, storms and people, whatever the seed', async () => {
  let crashes = 0;
  for (let seed = 1; seed <= 100; seed += 1) {
    const { violations, crashes: fell } = await simulate(seed);
    crashes += fell;
    expect({ seed, violations }).toEqual({ seed, violations: [] });
  }
  expect(crashes).toBeGreaterThan(50);
});

test('one seed gives the same trace twice, another seed another', async () => {
  const first = await simulate(7);
  expect((await simulate(7)).trace).toEqual(first.trace);
  expect((await simulate(8)).trace).not.toEqual(first.trace);
});

test('a runner that resends without looking first is caught', async () => {
  const caught = await firstCaught(
    { breakAction: (action) => (action.probe === undefined ? action : { ...action, probe: async () => undefined }) },
    100,
  );
  expect(lawsOf(caught)).toContain('no-double-effect');
});

test('a runner that looks too early is caught', async () => {
  const caught = await firstCaught(
    { breakAction: (action) => (action.probe === undefined ? action : { ...action, settlement: () => ({ by: 'probe', settleMs: 0 }) }) },
    100,
  );
  expect(lawsOf(caught)).toContain('no-double-effect');
});

test('a runner that resends past the time for which its key is remembered is caught', async () => {
  const caught = await firstCaught(
    {
      breakAction: (action) =>
        ['idempotent', 'followed'].includes(action.name) ? { ...action, settlement: () => ({ by: 'resend' }) } : action,
    },
    300,
  );
  expect(lawsOf(caught)).toContain('no-double-effect');
});

test('a runner that submits again what is under way is caught', async () => {
  const caught = await firstCaught(
    {
      breakAction: (action) =>
        action.follow === undefined ? action : { ...action, follow: (_memo, input, context) => action.run(input, context) },
    },
    150,
  );
  expect(lawsOf(caught)).toContain('no-double-effect');
});

test('a runner that journals no intent is caught', async () => {
  const caught = await firstCaught(
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
  );
  expect(lawsOf(caught)).toContain('no-double-effect');
});

test('a runner that does not wait for durability is caught', async () => {
  const caught = await firstCaught(
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
  expect(caught).toBeDefined();
});

test('an event counted in no outcome is caught', async () => {
  const caught = await firstCaught(
    {
      breakJournal(journal) {
        const put = journal.put.bind(journal);
        journal.put = (partition, entries) =>
          put(
            partition,
            entries.filter((entry) => entry.key !== 'L'),
          );
      },
    },
    20,
  );
  expect(lawsOf(caught)).toContain('conservation');
});
