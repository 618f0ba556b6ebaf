import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { DAY_MS, HOUR_MS, SECOND_MS } from '#runtime/clock.js';
import type { RouterError } from '#runtime/errors.js';
import { type FolderLock, lockFolder } from '#runtime/log/folder-lock.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

let dir: string;
let lock: string;
let clock: FakeClock;
let lost: RouterError[];
const held: FolderLock[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-lock-'));
  lock = join(dir, 'router.lock');
  clock = new FakeClock();
  lost = [];
});
afterEach(() => {
  for (const one of held.splice(0)) one.release();
  rmSync(dir, { recursive: true, force: true });
});

const NO_WAIT = (): void => {
  throw new Error('it must not wait');
};

function take(wait: (delayMs: number) => void = NO_WAIT): FolderLock {
  const taken = lockFolder(dir, clock, { onLost: (error) => void lost.push(error), wait });
  held.push(taken);
  return taken;
}

/** As another process would have left it. `ageMs`: since its last beat, by the wall clock of the test. */
function left(owner: Record<string, unknown>, ageMs = 0): void {
  writeFileSync(lock, JSON.stringify({ pid: 1, host: hostname(), born: '', since: 'then', ...owner }));
  const at = new Date(clock.nowMs() - ageMs);
  utimesSync(lock, at, at);
}

const refused = (who: string): unknown => expect.objectContaining({ code: 'LOG_LOCKED', message: expect.stringContaining(who) });

test('a second router is refused with the process that holds the folder, and is welcome when that has closed', () => {
  const first = take();
  expect(() => take()).toThrow(refused(`process ${process.pid} on ${hostname()}`));
  first.release();
  expect(take()).toMatchObject({ uncleanCount: 0, isMachineLost: false });
  expect(readdirSync(dir)).toEqual(['router.lock']);
});

test('the lock of a process of this host that is dead is taken over at once, and the lives that ended so are counted', () => {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  left({ pid: 2 ** 22 - 1, born: `${boot}/1`, unclean: 1 });
  expect(take()).toMatchObject({ uncleanCount: 2, isMachineLost: false });
});

test('a process number that is used again by another process is not the owner', () => {
  left({ pid: process.pid, born: 'another-boot/1' });
  expect(take()).toMatchObject({ isMachineLost: true });
});

test("another host's lock is left alone while its last beat is fresh, without waiting", () => {
  left({ host: 'elsewhere' }, 29 * SECOND_MS);
  expect(() => take()).toThrow(refused('process 1 on elsewhere'));
});

test.each([
  ['seems stale', 31 * SECOND_MS],
  ['seems a day old, because a clock jumped', DAY_MS],
  ['is in the future, because a clock jumped back', -HOUR_MS],
])("another host's lock that %s is watched, and left alone when a beat comes", (_, ageMs) => {
  left({ host: 'elsewhere' }, ageMs);
  let waits = 0;
  const owner = (): void => {
    waits += 1;
    if (waits === 9) utimesSync(lock, new Date(), new Date());
  };
  expect(() => take(owner)).toThrow(refused('elsewhere'));
  expect(waits).toBe(9);
});

test.each([31 * SECOND_MS, DAY_MS, -HOUR_MS])("another host's lock of age %s ms is taken over when no beat comes for 30 s", (ageMs) => {
  left({ host: 'elsewhere' }, ageMs);
  let waitedMs = 0;
  const taken = take((delayMs) => {
    waitedMs += delayMs;
  });
  expect(waitedMs).toBe(30 * SECOND_MS);
  expect(taken.isMachineLost).toBe(true);
});

test('the lock is renewed every ten seconds, and whoever finds it taken over stops writing', async () => {
  take();
  const before = statSync(lock).mtimeMs;
  await clock.pass(10 * SECOND_MS);
  expect(statSync(lock).mtimeMs).not.toBe(before);
  left({ host: 'elsewhere', pid: 7 });
  await clock.pass(10 * SECOND_MS);
  expect(lost).toEqual([refused('process 7 on elsewhere')]);
  held.splice(0)[0]?.release();
  expect(readFileSync(lock, 'utf8')).toContain('elsewhere');
});

test('after ten minutes the lives before count no longer', async () => {
  left({ pid: 2 ** 22 - 1, born: 'x', unclean: 1 });
  take();
  await clock.pass(10 * 60 * SECOND_MS);
  expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid: process.pid, unclean: 0 });
});
