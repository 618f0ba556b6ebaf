import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { MINUTE_MS, SECOND_MS } from '../clock.js';
import { RouterError } from '../errors.js';

interface Owner {
  pid: number;
  host: string;
  /** The boot's id and the start time of the process in clock ticks since boot: a pid that is used again is another process. Empty where unknown. */
  born: string;
  since: string;
  /** Lives before this one, in a row, that did not end with a release. */
  unclean?: number;
}

export interface FolderLock {
  /** Lives in a row that did not end with a release: 0 after a clean end. */
  readonly uncleanCount: number;
  /** The last owner went down with its machine, or ran on another: what it wrote last may not have reached the disk. */
  readonly isMachineLost: boolean;
  release(): void;
}

export interface LockOptions {
  /** Another router took the folder over, because this one did not renew its lock in time: nothing may be written any more. */
  readonly onLost: (error: RouterError) => void;
  /** Blocks for so long; nothing else runs at start. For tests. */
  readonly wait?: (delayMs: number) => void;
}

const BEAT_MS = 10 * SECOND_MS;
/** On a shared volume another host's owner is taken for dead after this long without a beat. */
const STALE_MS = 30 * SECOND_MS;
/** A life of this length is no crash loop. */
const STEADY_MS = 10 * MINUTE_MS;

/**
 * One router a data folder. Throws LOG_LOCKED naming the owner.
 * The lock of a process killed on this host is taken over at once. Another host's lock is left alone while its last beat is less than 30 s old. If it seems
 * older, or in the future, it is watched for 30 s more and taken over only if no beat comes: the wall clocks of two hosts may differ, and may jump.
 */
export function lockFolder(dir: string, clock: Clock, { onLost, wait = blockFor }: LockOptions): FolderLock {
  const file = join(dir, 'router.lock');
  const me: Owner = { pid: process.pid, host: hostname(), born: bornOf(process.pid), since: new Date(clock.nowMs()).toISOString() };
  const mine = join(dir, `router.lock.${me.host}.${me.pid}`);
  let last: Owner | undefined;
  try {
    // link() is atomic and fails if the lock is there; a stale lock is moved away first, which only one of two takers can do.
    for (let attempt = 0; ; attempt += 1) {
      me.unclean = last === undefined ? 0 : (last.unclean ?? 0) + 1;
      writeFileSync(mine, JSON.stringify(me));
      try {
        linkSync(mine, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = readOwner(file);
      if (attempt > 3 || (other !== undefined && isAlive(other, file, clock.nowMs(), wait))) {
        const who = other === undefined ? 'an unknown process' : `process ${other.pid} on ${other.host}, since ${other.since}`;
        throw new RouterError('LOG_LOCKED', `${dir} is used by ${who}. Stop that router, or give this one another log.dir.`);
      }
      last = other ?? last;
      try {
        renameSync(file, `${mine}.stale`);
        rmSync(`${mine}.stale`, { force: true });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
  } finally {
    rmSync(mine, { force: true });
  }
  const cancel = keepAlive(dir, file, me, clock, onLost);
  return {
    uncleanCount: me.unclean,
    isMachineLost: last !== undefined && bootOf(last) !== bootOf(me),
    release() {
      cancel();
      if (isMine(readOwner(file), me)) rmSync(file, { force: true });
    },
  };
}

/** Returns what stops it. */
function keepAlive(dir: string, file: string, me: Owner, clock: Clock, onLost: (error: RouterError) => void): () => void {
  let livedMs = 0;
  let cancel = (): void => undefined;
  const beat = (): void => {
    cancel = clock.after(BEAT_MS, () => {
      livedMs += BEAT_MS;
      const owner = readOwner(file);
      if (owner !== undefined && !isMine(owner, me)) {
        const who = `process ${owner.pid} on ${owner.host}`;
        onLost(new RouterError('LOG_LOCKED', `${dir} was taken over by ${who}, because this router did not renew its lock for too long.`));
        return;
      }
      try {
        if (livedMs === STEADY_MS) replace(file, { ...me, unclean: 0 });
        const now = new Date(clock.nowMs());
        utimesSync(file, now, now);
      } catch {
        // A full or vanished disk shows itself in the next append.
      }
      beat();
    });
  };
  beat();
  return () => cancel();
}

function replace(file: string, owner: Owner): void {
  writeFileSync(`${file}.new`, JSON.stringify(owner));
  renameSync(`${file}.new`, file);
}

function isAlive(owner: Owner, file: string, nowMs: number, wait: (delayMs: number) => void): boolean {
  if (owner.host !== hostname()) {
    const beatMs = beatOf(file);
    if (beatMs === undefined) return false;
    const ageMs = nowMs - beatMs;
    return (ageMs >= 0 && ageMs < STALE_MS) || beatsOn(file, beatMs, wait);
  }
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.born === '' || owner.born === bornOf(owner.pid);
}

/** Whether the lock is renewed while we watch. */
function beatsOn(file: string, beatMs: number, wait: (delayMs: number) => void): boolean {
  for (let watchedMs = 0; watchedMs < STALE_MS; watchedMs += SECOND_MS) {
    wait(SECOND_MS);
    const nextMs = beatOf(file);
    if (nextMs === undefined) return false;
    if (nextMs !== beatMs) return true;
  }
  return false;
}

/** undefined: the lock is gone. */
function beatOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

const isMine = (owner: Owner | undefined, me: Owner): boolean =>
  owner?.pid === me.pid && owner.host === me.host && owner.born === me.born && owner.since === me.since;

const bootOf = ({ born }: Owner): string => born.slice(0, born.indexOf('/'));

function bornOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}

function blockFor(delayMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, delayMs);
}
