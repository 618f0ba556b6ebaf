import { statfsSync } from 'node:fs';
import type { Clock } from '../clock.js';
import { SECOND_MS } from '../clock.js';

export interface FreeSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

const MIB = 1_048_576;
/** New events are refused while less than this would be left, so that what is accepted can still be finished. */
const APPEND_RESERVE_BYTES = 64 * MIB;
/** Journal writes wait while less than this would be left. */
const PUT_RESERVE_BYTES = 16 * MIB;
/** Even a write that should fit into pages freed before is not tried below this. */
const LEAST_BYTES = 4 * MIB;
/** Beyond this the disk is not asked again for a second. */
const PLENTY_BYTES = 1_024 * MIB;

/**
 * Keeps lmdb away from a full disk. Not for comfort: a write that the disk refuses makes lmdb 3.5.6 write its error text behind a buffer of 100 bytes
 * (mdb_page_flush, `last_error`), and the process may abort. On a small disk the reserves are parts of it: an eighth, a thirty-second, a hundred-and-twenty-eighth.
 * What cannot be seen here (a quota by user, another writer in the same instant) still meets lmdb; see EmbeddedStore.
 */
export class DiskSpace {
  readonly #clock: Clock;
  readonly #look: () => FreeSpace;
  #plentyUntilMs = Number.NEGATIVE_INFINITY;
  #lookedMs = 0;

  constructor(clock: Clock, look: () => FreeSpace) {
    this.#clock = clock;
    this.#look = look;
  }

  /**
   * undefined: there is room. Else why not. `needBytes`: what the write may take at most; `reusableBytes`: in pages that the store has freed.
   * Freed pages lie apart, and large values need them side by side: half of them is counted.
   */
  refuses(kind: 'append' | 'put', needBytes: number, reusableBytes: () => number): string | undefined {
    const nowMs = this.#clock.nowMs();
    if (nowMs < this.#plentyUntilMs && nowMs >= this.#lookedMs && needBytes < PLENTY_BYTES / 4) return undefined;
    const { freeBytes, totalBytes } = this.#look();
    this.#lookedMs = nowMs;
    this.#plentyUntilMs = freeBytes > PLENTY_BYTES ? nowMs + SECOND_MS : Number.NEGATIVE_INFINITY;
    const growthBytes = Math.max(0, needBytes - reusableBytes() / 2);
    const reserve = kind === 'append' ? Math.min(APPEND_RESERVE_BYTES, totalBytes / 8) : Math.min(PUT_RESERVE_BYTES, totalBytes / 32);
    const leaveBytes = growthBytes === 0 ? Math.min(LEAST_BYTES, totalBytes / 128) : reserve;
    if (freeBytes - growthBytes >= leaveBytes) return undefined;
    return `${Math.floor(freeBytes / 1_024)} KiB are free, ${Math.ceil((growthBytes + leaveBytes) / 1_024)} KiB are needed`;
  }
}

/** Of the file system that holds `dir`, for those who are not root. A file system that cannot tell counts as endless. */
export function freeSpaceOf(dir: string): FreeSpace {
  try {
    const { bavail, blocks, bsize } = statfsSync(dir);
    return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch {
    return { freeBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };
  }
}
