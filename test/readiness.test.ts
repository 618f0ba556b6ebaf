import { expect, test } from '@jest/globals';
import { ReadinessCheck, type ReadinessPorts } from '#runtime/readiness.js';
import { WriteHealth } from '#runtime/write-health.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

function open(ports: Partial<ReadinessPorts> = {}): { clock: FakeClock; check: () => Promise<string[]> } {
  const clock = new FakeClock();
  const readiness = new ReadinessCheck({
    clock,
    waitsFor: () => undefined,
    isStopping: () => false,
    lost: () => undefined,
    problem: () => undefined,
    isPaused: () => false,
    positions: () => [],
    end: async () => 0,
    ...ports,
  });
  return {
    clock,
    async check() {
      const { ready, reasons } = await readiness.check();
      expect(ready).toBe(reasons.length === 0);
      return [...reasons];
    },
  };
}

test.each<[Partial<ReadinessPorts>, string]>([
  [{ waitsFor: () => 'what was unfinished to be restored', problem: () => 'not told' }, 'waits for what was unfinished to be restored'],
  [{ isStopping: () => true }, 'stopping'],
  [{ lost: () => new Error('disk gone') }, 'it cannot go on and must be started again: disk gone'],
  [{ problem: () => 'the log has not confirmed a write for 12 s' }, 'the log has not confirmed a write for 12 s'],
])('a router that cannot work is not ready and says why', async (ports, reason) => {
  expect(await open(ports).check()).toEqual([reason]);
});

test('events that wait and are not taken make it unready within 30 s of probes every 10 s, and ready again when they are', async () => {
  let next = 5;
  const { clock, check } = open({ positions: () => [{ partition: 3, next }], end: async () => 8 });
  expect(await check()).toEqual([]);
  await clock.pass(10_000);
  expect(await check()).toEqual([]);
  await clock.pass(10_000);
  expect(await check()).toEqual(['partition 3 has taken no event for 20 s; 3 wait']);
  next = 6;
  expect(await check()).toEqual([]);
});

test('a queue that moves is no stall, however long it is', async () => {
  let next = 0;
  const { clock, check } = open({ positions: () => [{ partition: 0, next }], end: async () => 1_000_000 });
  for (let probe = 0; probe < 10; probe += 1) {
    next += 1;
    expect(await check()).toEqual([]);
    await clock.pass(15_000);
  }
});

test('an empty queue is no stall, and what then comes has its time', async () => {
  let end = 4;
  const { clock, check } = open({ positions: () => [{ partition: 0, next: 4 }], end: async () => end });
  expect(await check()).toEqual([]);
  await clock.pass(3_600_000);
  expect(await check()).toEqual([]);
  end = 5;
  expect(await check()).toEqual([]);
});

test('intake that pauses on purpose is no stall', async () => {
  const { clock, check } = open({ positions: () => [{ partition: 0, next: 1 }], end: async () => 9, isPaused: () => true });
  expect(await check()).toEqual([]);
  await clock.pass(60_000);
  expect(await check()).toEqual([]);
});

const refuse = (message: string) => async (): Promise<never> => {
  throw new Error(message);
};

test('a write that is not confirmed is told after 10 s, until it is', async () => {
  const clock = new FakeClock();
  const writes = new WriteHealth(clock);
  let confirm = (): void => undefined;
  const write = writes.watch(
    () =>
      new Promise<void>((resolve) => {
        confirm = resolve;
      }),
  );
  await clock.pass(9_000);
  expect(writes.problem()).toBeUndefined();
  await clock.pass(3_000);
  expect(writes.problem()).toBe('the log has not confirmed a write for 12 s');
  confirm();
  await write;
  expect(writes.problem()).toBeUndefined();
});

test('a refused write is told until another succeeds, or long enough that senders should try again', async () => {
  const clock = new FakeClock();
  const writes = new WriteHealth(clock);
  await expect(writes.watch(refuse('no space left'))).rejects.toThrow('no space left');
  expect(writes.problem()).toBe('the log refused a write: no space left');
  await writes.watch(async () => undefined);
  expect(writes.problem()).toBeUndefined();
  await expect(writes.watch(refuse('no space left'))).rejects.toThrow();
  await clock.pass(15_000);
  expect(writes.problem()).toBeUndefined();
});
