import { KINDS } from '#runtime/catalog.js';
import { loadConfig } from '#runtime/config-load.js';
import type { Journal } from '#runtime/journal/journal.js';
import { createLogger } from '#runtime/observe.js';
import { serve } from '#runtime/serve.js';

/**
 * A router that kills itself with SIGKILL at the n-th journal put: CRASH_AT=before:3 (the put never happens) or after:3 (it is durable, nothing else is).
 * SLEEP_AT_INTENT=1: it stops itself (SIGSTOP) when its first intent is durable and the call has not begun.
 * It says "puts N" at each put, so that a run without a crash tells how many boundaries there are.
 */
const [when, at] = (process.env.CRASH_AT ?? 'never:0').split(':');
const configFile = process.argv[2];
if (configFile === undefined) throw new Error('usage: router.js CONFIG');
let puts = 0;
let sleeps = process.env.SLEEP_AT_INTENT === '1';

const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};

const crashing = (journal: Journal): Journal => ({
  get: (partition, key) => journal.get(partition, key),
  range: (partition, prefix, options) => journal.range(partition, prefix, options),
  onDamaged: (report) => journal.onDamaged(report),
  async put(partition, entries) {
    puts += 1;
    const here = puts === Number(at);
    if (here && when === 'before') return die();
    await journal.put(partition, entries);
    process.stdout.write(`puts ${puts}\n`);
    if (here && when === 'after') return die();
    if (sleeps && entries.some(({ key, value }) => key.startsWith('i/') && (value as { state?: string } | undefined)?.state === 'intent')) {
      sleeps = false;
      process.kill(process.pid, 'SIGSTOP');
    }
  },
});

const config = loadConfig({ file: configFile, env: {}, flags: {}, ...KINDS });
await serve(config, { logger: createLogger({ level: 'error' }), wrapJournal: crashing });
