import { expect, test } from '@jest/globals';
import { Bench, route, step } from '#test/workflow/bench.js';

/** Each event calls under its own ordering key, so that only the budget makes one wait for another. */
async function calls(bench: Bench, ...ids: string[]): Promise<void> {
  await bench.restart();
  await bench.take(...ids.map((id) => bench.event(id, { partitionkey: id })));
}

test('what the action and its client call one channel has one budget, another channel its own', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.perSecond = 1;
  // Known by name and by id, as the client has learnt.
  const names: Readonly<Record<string, string>> = { 'name.a': '#sre', 'id.a': '#sre' };
  bench.budgetKey = (input, client) => (client === bench ? (names[input] ?? input) : '');
  await calls(bench, 'name', 'id', 'other');
  expect(bench.calls).toEqual(['name.a', 'other.a']);
  await bench.clock.pass(1_000);
  expect(bench.calls).toEqual(['name.a', 'other.a', 'id.a']);
});

test('what would wait too long for its budget goes to the digest of the channel as it was written', async () => {
  const bench = new Bench(route({ actions: [step('a')] }));
  bench.perSecond = 1;
  bench.budgetKey = () => '#sre';
  bench.digestChannel = (input) => (input.startsWith('id') ? 'C0123456' : '#sre');
  await calls(bench, ...Array.from({ length: 11 }, (_, index) => `e${index}`), 'name', 'id');
  expect(bench.calls).toEqual(['e0.a']);
  expect(bench.appended.map(({ partitionkey }) => partitionkey)).toEqual(['digest:target/#sre', 'digest:target/C0123456']);
});
