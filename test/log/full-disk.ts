import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#runtime/clock.js';
import { RouterError } from '#runtime/errors.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';

/**
 * A log on a disk of 8 MiB, of which 2 MiB are somebody else's. It fills the disk, makes space, and goes on; then everything acknowledged must be there.
 * Prints what happened as one line of JSON. `real`: the folder is on such a disk; else the free space is computed.
 */
const [dir = '', kind = ''] = process.argv.slice(2);
const DISK_BYTES = 8 * 1_048_576;
const ballast = join(dir, 'ballast');
const data = join(dir, 'data');
mkdirSync(data, { recursive: true });
writeFileSync(ballast, Buffer.alloc(DISK_BYTES / 4, 'b'));

const sizeOf = (file: string): number => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
const computed = (): { freeBytes: number; totalBytes: number } => ({
  freeBytes: DISK_BYTES - sizeOf(ballast) - sizeOf(join(data, 'data.mdb')),
  totalBytes: DISK_BYTES,
});
const open = (): EmbeddedLog => openEmbedded({ dir: data, clock: systemClock, ...(kind === 'real' ? {} : { freeSpace: computed }) });

const appended: number[] = [];
const put: number[] = [];
const append = async (log: EmbeddedLog): Promise<string> => {
  try {
    const [position] = await log.append([{ key: 'k', value: Buffer.alloc(10_000, 'e') }]);
    appended.push(position?.offset ?? -1);
    return 'taken';
  } catch (error) {
    return error instanceof RouterError ? error.code : String(error);
  }
};

const log = open();
const told: string[] = [];
log.onFull((why) => {
  told.push(why === undefined ? 'over' : /waits/.test(why.message) ? 'waits' : 'refuses');
});

let refusal = await append(log);
while (refusal === 'taken') refusal = await append(log);
const appendedWhenFull = appended.length;

// The journal has a reserve of its own: what was accepted can be finished.
let last: Promise<void> = Promise.resolve();
for (let n = 0; ; n += 1) {
  last = log.put(0, [{ key: `p/${String(n).padStart(5, '0')}`, value: 'v'.repeat(5_000) }]).then(() => void put.push(n));
  // A put that waits for space does not settle: only time tells that from one that is under way.
  const isStuck = await Promise.race([last.then(() => false), new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_500))]);
  if (isStuck) break;
}
const putWhenFull = put.length;
const refusalWhileWaiting = await append(log);

rmSync(ballast);
await last;
const afterSpace = await append(log);
await log.close();

const again = open();
const records = await again.oldest(0, 10_000);
const isWhole = records.every(({ value, isDamaged }) => isDamaged !== true && value.length === 10_000);
const entries: string[] = [];
for await (const { key } of again.range(0, 'p/')) entries.push(key);
await again.close();
process.stdout.write(
  `${JSON.stringify({
    refusal,
    appendedWhenFull,
    putWhenFull,
    refusalWhileWaiting,
    afterSpace,
    told,
    isWhole,
    lost: appended.filter((offset) => records[offset]?.offset !== offset).length + put.length - entries.length,
    extra: records.length - appended.length,
  })}\n`,
);
