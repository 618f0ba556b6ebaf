import { parentPort, workerData } from 'node:worker_threads';
import type { SimResult } from './sim-world.js';
import { WORLDS, type WorldName } from './worlds.js';

/** What a worker is to run: every `step`th seed of [`first`, `end`). */
export interface SeedShare {
  readonly world: WorldName;
  readonly first: number;
  readonly end: number;
  readonly step: number;
}

/** Tells each result; the trace only of a seed that broke a law. */
async function main({ world, first, end, step }: SeedShare): Promise<void> {
  for (let seed = first; seed < end; seed += step) {
    const result: SimResult = await WORLDS[world](seed);
    parentPort?.postMessage(result.violations.length > 0 ? result : { ...result, trace: [] });
    if (result.violations.length > 0) return;
  }
}

await main(workerData as SeedShare);
