import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../clock.js';
import { RouterError } from '../errors.js';

interface Owner {
  pid: number;
  host: string;
  /** Start time of the process in clock ticks since boot, and the boot's id: a pid that is used again is another process. Empty where unknown. */
  born: string;
  since: string;
}

const BEAT_MS = 10_000;
/** On a shared volume another host's owner is taken for dead after this long without a beat. */
const STALE_MS = 30_000;

function bornOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot}/${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''}`;
  } catch {
    return '';
  }
}

function isAlive(owner: Owner, file: string, nowMs: number): boolean {
  if (owner.host !== hostname()) return nowMs - statSync(file).mtimeMs < STALE_MS;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return owner.born === '' || owner.born === bornOf(owner.pid);
}

/**
 * One router a data folder. Returns what releases the lock. Throws LOG_LOCKED naming the owner.
 * The lock of a process killed on this host is taken over at once; of another host, when it has not been renewed for 30 s.
 */
export function lockFolder(dir: string, clock: Clock): () => void {
  const file = join(dir, 'router.lock');
  const owner: Owner = { pid: process.pid, host: hostname(), born: bornOf(process.pid), since: new Date(clock.nowMs()).toISOString() };
  const mine = join(dir, `router.lock.${owner.host}.${owner.pid}`);
  writeFileSync(mine, JSON.stringify(owner));
  try {
    // link() is atomic and fails if the lock is there; a stale lock is moved away first, which only one of two takers can do.
    for (let attempt = 0; ; attempt += 1) {
      try {
        linkSync(mine, file);
        break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
      const other = readOwner(file);
      if (attempt > 3 || (other !== undefined && isAlive(other, file, clock.nowMs()))) {
        const who = other === undefined ? 'an unknown process' : `process ${other.pid} on ${other.host}, since ${other.since}`;
        throw new RouterError('LOG_LOCKED', `${dir} is used by ${who}. Stop that router, or give this one another log.dir.`);
      }
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
  let cancel = (): void => undefined;
  const beat = (): void => {
    cancel = clock.after(BEAT_MS, () => {
      try {
        const now = new Date(clock.nowMs());
        utimesSync(file, now, now);
      } catch {
        // A full or vanished disk shows itself in the next append.
      }
      beat();
    });
  };
  beat();
  return () => {
    cancel();
    if (readOwner(file)?.pid === owner.pid) rmSync(file, { force: true });
  };
}

function readOwner(file: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}
