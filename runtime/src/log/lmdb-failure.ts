import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asError, RouterError } from '../errors.js';

/** Codes of lmdb itself are below; those of the operating system are small and positive. */
const LAST_LMDB_CODE = -30_700;
const EIO = 5;
const EFBIG = 27;
const ENOSPC = 28;
const EDQUOT = 122;

const codeOf = (error: Error): number | undefined => {
  const { code } = error as Error & { code?: unknown };
  return typeof code === 'number' ? code : undefined;
};

const suspectFile = (dir: string): string => join(dir, 'router.suspect');

/** Something in the folder could not be right: it is read through at the next start. */
export const isSuspect = (dir: string): boolean => existsSync(suspectFile(dir));

export const clearSuspicion = (dir: string): void => rmSync(suspectFile(dir), { force: true });

/** What to do about a folder whose pages cannot be right. The folder is suspect from now on. */
export function damagedError(dir: string, thrown: unknown): RouterError {
  const { message } = asError(thrown);
  try {
    writeFileSync(suspectFile(dir), `${message}\n`);
  } catch {
    // A disk that takes nothing more: the next start will meet the same page.
  }
  return new RouterError(
    'LOG_DAMAGED',
    `${dir}/data.mdb is damaged: ${message}. Keep a copy of the folder. Then restore it from a snapshot, or give the router another log.dir: it then begins empty, ` +
      'open incidents begin anew with their next alert, and what was unfinished in the old folder must be looked at by hand.',
    { cause: thrown },
  );
}

/** Of opening: lmdb's own codes mean a file that is no environment, or not a whole one. */
export function openError(dir: string, thrown: unknown): RouterError {
  const error = asError(thrown);
  if ((codeOf(error) ?? 0) < LAST_LMDB_CODE) return damagedError(dir, thrown);
  return new RouterError('CONFIG_INVALID', `log.dir ${dir} cannot be opened: ${error.message}`, { cause: thrown });
}

/**
 * Of a commit. lmdb-js rejects with "Commit failed" and a `commitError` that is itself a rejected promise with the operating system's number.
 * A write that was cut short by a full disk comes as EIO (mdb_page_flush: "short write, filesystem full?").
 */
export async function failureOf(dir: string, thrown: unknown): Promise<RouterError> {
  let cause = asError(thrown);
  const { commitError } = cause as Error & { commitError?: PromiseLike<unknown> };
  if (commitError !== undefined) {
    await commitError.then(undefined, (reason: unknown) => {
      cause = asError(reason);
    });
  }
  const code = codeOf(cause);
  if (code !== undefined && code < LAST_LMDB_CODE) return damagedError(dir, cause);
  const isFull = code === ENOSPC || code === EDQUOT || code === EFBIG || code === EIO;
  return new RouterError(
    isFull ? 'LOG_FULL' : 'NOT_DURABLE',
    `The disk of ${dir} refused a write (${cause.message}). What was acknowledged is there, nothing is half written. ` +
      `${isFull ? 'Make space, or look at the disk' : 'Look at the disk'}; then start the router again.`,
    { cause },
  );
}
