import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';

/** Of lmdb.h and mdb.c (MDB_MAGIC, PAGEHDRSZ, struct MDB_meta), as lmdb 3.5.6 lays them out. */
const MAGIC = 0xbeefc0de;
const MAGIC_AT = 24;
const PAGE_BYTES_AT = 48;
const LAST_PAGE_AT = 144;
const META_BYTES = 160;

/**
 * What the first pages of a data file say. lmdb must not see a file that is none: where opening fails, lmdb-js ends the process (SIGSEGV), and of the two
 * meta pages lmdb checks the first alone. `isShort`: fewer bytes than pages; legal where the last pages are free, else a file that was cut off.
 */
export function lookAtFile(file: string): { readonly problem?: string; readonly isShort: boolean } {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return { isShort: false };
  const fd = openSync(file, 'r');
  try {
    const first = metaAt(fd, 0);
    if (first === undefined) return { problem: 'it does not begin as an lmdb file', isShort: true };
    const second = metaAt(fd, first.pageBytes);
    if (second === undefined) return { problem: 'its second page is damaged', isShort: true };
    return { isShort: size < (Math.max(first.lastPage, second.lastPage) + 1) * first.pageBytes };
  } finally {
    closeSync(fd);
  }
}

function metaAt(fd: number, at: number): { readonly pageBytes: number; readonly lastPage: number } | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (readSync(fd, bytes, 0, META_BYTES, at) !== META_BYTES) return undefined;
  const isLittle = endianness() === 'LE';
  const word = (offset: number): number => (isLittle ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset));
  if (word(MAGIC_AT) !== MAGIC) return undefined;
  const lastPage = Number(isLittle ? bytes.readBigUInt64LE(LAST_PAGE_AT) : bytes.readBigUInt64BE(LAST_PAGE_AT));
  return { pageBytes: word(PAGE_BYTES_AT), lastPage };
}
