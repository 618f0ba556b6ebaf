import { expect, test } from '@jest/globals';
import { Intake, type IntakeRules } from '#runtime/workflow/intake.js';
import type { Delivery } from '#runtime/workflow/partition-ports.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { NOW_MS } from '#test/workflow/fake-clock.js';

const event = (id: string): Buffer => {
  const time = new Date(NOW_MS).toISOString();
  return Buffer.from(
    JSON.stringify({ specversion: '1.0', id, type: 't', source: 's', ingestsource: 's', time, recordedtime: time, partitionkey: 'k' }),
  );
};
const record = (offset: number, value = event(`e${offset}`)) => ({ offset, key: 'k', value });

function intakeOf(accept: (deliveries: readonly Delivery[]) => Promise<void>, unfinished = () => 0, rules: Partial<IntakeRules> = {}) {
  const told: string[] = [];
  const ports = {
    pause: () => void told.push('pause'),
    resume: () => void told.push('resume'),
    unfinished,
    nowMs: () => NOW_MS,
    lost: (error: Error) => void told.push(`lost ${error.message}`),
    unreadable: (...facts: readonly unknown[]) => void told.push(`unreadable ${facts.length > 0}`),
  };
  return {
    intake: new Intake({ accept }, ports, { batch: 2, batchBytes: 10_000, queue: 4, queueBytes: 20_000, unfinished: 10, ...rules }),
    told,
  };
}

test('records are accepted in order, in batches, and none that comes at the very end of the work is left lying', async () => {
  const taken: number[][] = [];
  const { intake } = intakeOf(async (deliveries) => void taken.push(deliveries.map(({ offset }) => offset)));
  intake.push([record(0), record(1), record(2)]);
  for (let offset = 3; offset < 30; offset += 1) {
    await Promise.resolve();
    intake.push([record(offset)]);
  }
  await drainMicrotasks();
  expect(taken.flat()).toEqual(Array.from({ length: 30 }, (_, offset) => offset));
  expect(Math.max(...taken.map((batch) => batch.length))).toBe(2);
});

test('what cannot be read becomes a quarantined event of its position, never a gap', async () => {
  const taken: Delivery[] = [];
  const { intake, told } = intakeOf(async (deliveries) => void taken.push(...deliveries));
  intake.push([record(0, Buffer.from('{')), record(1, Buffer.from('{"id":"x"}')), record(2)]);
  await drainMicrotasks();
  expect(taken.map(({ offset, event: { quarantine } }) => [offset, quarantine !== undefined])).toEqual([
    [0, true],
    [1, true],
    [2, false],
  ]);
  expect(told).toEqual(['unreadable true', 'unreadable true']);
});

test('the log is paused while too many runs are unfinished, and resumed when there is room', async () => {
  let unfinished = 10;
  const { intake, told } = intakeOf(
    async () => undefined,
    () => unfinished,
  );
  intake.push([record(0)]);
  await drainMicrotasks();
  intake.look();
  unfinished = 9;
  intake.look();
  expect(told).toEqual(['pause']);
  unfinished = 8;
  intake.look();
  expect(told).toEqual(['pause', 'resume']);
});

test('a refused write ends the intake and says so once', async () => {
  const { intake, told } = intakeOf(async () => {
    throw new Error('full');
  });
  intake.push([record(0)]);
  await drainMicrotasks();
  intake.push([record(1)]);
  await drainMicrotasks();
  expect(told).toEqual(['lost full']);
});

test('large records are journaled in small batches, and pause the log before they fill the memory', async () => {
  const taken: number[] = [];
  let go = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  const accept = async (deliveries: readonly Delivery[]): Promise<void> => {
    taken.push(deliveries.length);
    if (taken.length === 1) await held;
  };
  const bytes = event('e1').length;
  const { intake, told } = intakeOf(accept, () => 0, { batch: 10, batchBytes: 2.5 * bytes, queue: 100, queueBytes: 4.5 * bytes });
  intake.push([1, 2, 3, 4, 5, 6].map((offset) => record(offset)));
  expect(told).toEqual(['pause']);
  go();
  await drainMicrotasks();
  expect(taken).toEqual([2, 2, 2]);
  expect(told).toEqual(['pause', 'resume']);
});

test('a record that is larger than a batch goes alone', async () => {
  const taken: number[] = [];
  const { intake } = intakeOf(
    async (deliveries) => void taken.push(deliveries.length),
    () => 0,
    { batch: 10, batchBytes: 10 },
  );
  intake.push([record(0), record(1)]);
  await drainMicrotasks();
  expect(taken).toEqual([1, 1]);
});
