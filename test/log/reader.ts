import { open } from 'lmdb';

/** Stands in the middle of a range of a store, in an open read transaction, and waits to be killed. */
const [path = ''] = process.argv.slice(2);
const root = open<Buffer, Buffer>({ path, maxDbs: 8, encoding: 'binary' });
const journal = root.openDB<Buffer, Buffer>('journal', { encoding: 'binary', keyEncoding: 'binary' });
const entries = journal.getRange({})[Symbol.iterator]();
entries.next();
process.stdout.write('reading\n');
setInterval(() => entries, 60_000);
