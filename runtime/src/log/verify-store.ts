import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { SECOND_MS } from '../clock.js';

/** What is not found damaged in this time is opened: a store of a few gigabytes is read through in it. */
const BUDGET_MS = 30 * SECOND_MS;
/** How a process ends that lmdb led to a page that is none. */
const FATAL_SIGNALS: readonly (string | null)[] = ['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE'];

/**
 * Reads the whole store in a process of its own: lmdb checks next to nothing of what it reads, and a damaged page may kill its process. Returns what is wrong
 * with the structure; undefined: nothing was found, or it could not be looked at. Values that fail their checksum are no matter of this: they are met one by one.
 */
export function verifyStore(dir: string): string | undefined {
  const script = fileURLToPath(new URL('./verify-main.js', import.meta.url));
  const { signal, stdout } = spawnSync(process.execPath, [script, dir], { timeout: BUDGET_MS, killSignal: 'SIGKILL', encoding: 'utf8' });
  if (FATAL_SIGNALS.includes(signal)) return `reading it ends in ${signal}`;
  const found = /^damaged: (.+)$/m.exec(stdout ?? '');
  return found?.[1];
}
