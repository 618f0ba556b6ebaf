import { closeSync, cpSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#runtime/clock.js';
import { RouterError } from '#runtime/errors.js';
import { type EmbeddedLog, openEmbedded } from '#runtime/log/embedded.js';
import { Prng } from '#test/simulation/prng.js';

/**
 * Damages a closed store in seeded ways, opens it and reads everything. Two uses:
 * `make DIR` writes a store of known content; `read DIR FROM TO` damages a copy of it for each seed, and prints a line a seed: "<seed> <verdict>".
 * The verdicts "correct", "named" and "LOG_DAMAGED" are as promised; anything else is a silent loss. It may die on the way: the copy is then left.
 */
const COUNT = 1_200;
const PAGE_BYTES = 4_096;

const markerOf = (n: number): string => `m/${String(n).padStart(5, '0')}`;

async function make(dir: string): Promise<void> {
  const log = openEmbedded({ dir, clock: systemClock });
  for (let from = 0; from < COUNT; from += 40) {
    const batch = Array.from({ length: 40 }, (_, index) => from + index);
    await log.append(batch.map((n) => ({ key: 'k', value: Buffer.from(JSON.stringify({ n, pad: 'x'.repeat((n * 37) % 900) })) })));
    await log.put(0, [
      ...batch.map((n) => ({ key: markerOf(n), value: { n, pad: 'y'.repeat((n * 13) % 200) } })),
      { key: 'L', value: { next: from + 40 } },
    ]);
  }
  await log.close();
}

/** One to three bits anywhere, or in the heads of pages; or one page of noise, of nothing, or of another page's content. */
function damage(file: string, seed: number): void {
  const random = new Prng(seed);
  const fd = openSync(file, 'r+');
  const pages = statSync(file).size / PAGE_BYTES;
  const kind = random.pick(['bits', 'bits', 'heads', 'noise', 'zero', 'other'] as const);
  const page = Buffer.alloc(PAGE_BYTES);
  if (kind === 'bits' || kind === 'heads') {
    for (let count = random.between(1, 3); count > 0; count -= 1) {
      const at = kind === 'bits' ? random.int(pages * PAGE_BYTES) : random.int(pages) * PAGE_BYTES + random.int(64);
      const byte = Buffer.alloc(1);
      readSync(fd, byte, 0, 1, at);
      byte.writeUInt8(byte.readUInt8(0) ^ (1 << random.int(8)), 0);
      writeSync(fd, byte, 0, 1, at);
    }
  } else {
    if (kind === 'noise') for (let at = 0; at < PAGE_BYTES; at += 1) page[at] = random.int(256);
    if (kind === 'other') readSync(fd, page, 0, PAGE_BYTES, random.int(pages) * PAGE_BYTES);
    writeSync(fd, page, 0, PAGE_BYTES, random.int(pages) * PAGE_BYTES);
  }
  closeSync(fd);
}

async function verdictOf(log: EmbeddedLog): Promise<string> {
  const named = { events: 0, journal: 0 };
  log.onDamaged(({ store }) => {
    named[store] += 1;
  });
  if ((await log.end(0)) !== COUNT) return `end ${await log.end(0)}`;
  const records = await log.oldest(0, COUNT + 1);
  if (records.length !== COUNT) return `${records.length} records`;
  for (const [index, { offset, value, isDamaged }] of records.entries()) {
    if (offset !== index) return `record ${offset} for ${index}`;
    if (isDamaged !== true && (JSON.parse(value.toString()) as { n: number }).n !== index) return `another record at ${index}`;
  }
  const keys = new Set<string>();
  for await (const { key, value } of log.range(0, '')) {
    if (key.startsWith('m/') && key !== markerOf((value as { n: number }).n)) return `another entry under ${key}`;
    keys.add(key);
  }
  const missing = COUNT + 1 - keys.size;
  if (missing > named.journal) return `${missing} entries missing, ${named.journal} named`;
  return named.events + named.journal > 0 ? 'named' : 'correct';
}

async function readOne(base: string, dir: string, seed: number): Promise<string> {
  rmSync(dir, { recursive: true, force: true });
  cpSync(base, dir, { recursive: true });
  damage(join(dir, 'data.mdb'), seed);
  let log: EmbeddedLog | undefined;
  try {
    log = openEmbedded({ dir, clock: systemClock });
    return await verdictOf(log);
  } catch (error) {
    return error instanceof RouterError ? error.code : `threw ${String(error)}`;
  } finally {
    await log?.close().catch(() => undefined);
  }
}

const [use = '', dir = '', from = '0', to = '0'] = process.argv.slice(2);
if (use === 'make') await make(dir);
else
  for (let seed = Number(from); seed < Number(to); seed += 1)
    process.stdout.write(`${seed} ${await readOne(dir, `${dir}.damaged`, seed)}\n`);
process.exit(0);
