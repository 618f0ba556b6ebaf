import { type Database, open } from 'lmdb';
import { asError } from '../errors.js';

/** The child of verify-store.ts: reads every entry of every store, prints "damaged: …" or "sound". */
const [path = ''] = process.argv.slice(2);

function problemOf(name: string, store: Database<Buffer, Buffer> | undefined): string | undefined {
  if (store === undefined) return undefined;
  const { entryCount } = store.getStats() as { entryCount: number };
  let count = 0;
  let before: Buffer | undefined;
  for (const { key } of store.getRange({})) {
    if (before !== undefined && Buffer.compare(before, key) >= 0) return `entries of ${name} are out of order`;
    before = key;
    count += 1;
  }
  return count === entryCount ? undefined : `${count} of ${entryCount} entries of ${name} can be reached`;
}

function verify(): string | undefined {
  const root = open<Buffer, Buffer>({ path, readOnly: true, maxDbs: 8, encoding: 'binary' });
  for (const name of ['meta', 'journal', 'events', 'damaged']) {
    const problem = problemOf(name, root.openDB<Buffer, Buffer>(name, { encoding: 'binary', keyEncoding: 'binary' }));
    if (problem !== undefined) return problem;
  }
  return undefined;
}

let problem: string | undefined;
try {
  problem = verify();
} catch (error) {
  problem = asError(error).message;
}
process.stdout.write(problem === undefined ? 'sound\n' : `damaged: ${problem.replace(/\s+/g, ' ')}\n`);
