import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import type { SeedShare } from './seed-worker.js';
import type { SimResult } from './sim-world.js';
import { isWorld, WORLDS, type WorldName } from './worlds.js';

const USAGE = 'usage: npm run simulate -- [--runs N] [--seed S] [--world process|cluster] [--trace]   (N ≥ 1, S ≥ 0, whole numbers)';
const TRACE_LINES = 40;

/** `npm run simulate -- --runs N [--seed S]`: runs N seeds from S on in each world; tells a failing one with the end of its trace and how to run it again. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      world: { type: 'string' },
      trace: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  const first = Number(values.seed);
  const worlds = (values.world === undefined ? Object.keys(WORLDS) : [values.world]).filter(isWorld);
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(first) || first < 0 || worlds.length === 0) {
    console.error(USAGE);
    return 2;
  }
  for (const world of worlds) {
    const startedMs = performance.now();
    const sum = { events: 0, crashes: 0, zombies: 0, doubled: 0, listed: 0 };
    let done = 0;
    const failed = await runSeeds(world, first, runs, (result) => {
      done += 1;
      for (const name of ['events', 'crashes', 'zombies', 'doubled', 'listed'] as const) sum[name] += result[name];
      if (done % 500 === 0)
        console.log(`${world}: ${done} of ${runs} runs, ${Math.round((done * 1_000) / (performance.now() - startedMs))} runs/s`);
    });
    if (values.trace) for (let seed = first; seed < first + runs; seed += 1) console.log((await WORLDS[world](seed)).trace.join('\n'));
    if (failed !== undefined) {
      console.error(`\n${world}: seed ${failed.seed} broke a law after ${done} runs:`);
      for (const { law, detail } of failed.violations) console.error(`  ${law}: ${detail}`);
      if (!values.trace) console.error(`the trace's end:\n  ${failed.trace.slice(-TRACE_LINES).join('\n  ')}`);
      console.error(`again: npm run simulate -- --world ${world} --runs 1 --seed ${failed.seed} --trace`);
      return 1;
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    const { events, crashes, zombies, doubled, listed } = sum;
    console.log(
      `${world}: ${runs} runs passed, 0 failed: ${events} events, ${crashes} crashes, ${zombies} zombies, ${doubled} effects doubled, ${listed} steps listed as doubled, ${seconds.toFixed(1)} s, ${Math.round(runs / seconds)} runs/s`,
    );
  }
  return 0;
}

/** Spreads the seeds over the cores. Resolves with the first that breaks a law, or undefined. */
async function runSeeds(world: WorldName, first: number, runs: number, told: (result: SimResult) => void): Promise<SimResult | undefined> {
  const count = Math.min(runs, availableParallelism());
  const workers: Worker[] = [];
  let failed: SimResult | undefined;
  const ends = Array.from({ length: count }, (_, index) => {
    const share: SeedShare = { world, first: first + index, end: first + runs, step: count };
    const worker = new Worker(new URL('./seed-worker.js', import.meta.url), { workerData: share });
    workers.push(worker);
    return new Promise<void>((resolve, reject) => {
      worker.on('message', (result: SimResult) => {
        if (failed !== undefined) return;
        told(result);
        if (result.violations.length === 0) return;
        failed = result;
        for (const other of workers) other.terminate().catch(reject);
      });
      worker.on('error', reject);
      worker.on('exit', () => resolve());
    });
  });
  await Promise.all(ends);
  return failed;
}

process.exitCode = await main();
