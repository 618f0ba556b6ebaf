import { parseArgs } from 'node:util';
import { simulateCluster as simulate } from './simulate-cluster.js';

/** `npm run simulate -- --runs N [--seed S]`: runs N seeds from S on; tells a failing one with the end of its trace and how to run it again. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      trace: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  const first = Number(values.seed);
  if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(first) || first < 0) {
    console.error('usage: npm run simulate -- [--runs N] [--seed S] [--trace]   (N ≥ 1, S ≥ 0, whole numbers)');
    return 2;
  }
  const startedMs = performance.now();
  let events = 0;
  let crashes = 0;
  for (let done = 0; done < runs; done += 1) {
    const result = await simulate(first + done);
    events += result.events;
    crashes += result.crashes;
    if (values.trace) console.log(result.trace.join('\n'));
    if (result.violations.length > 0) {
      console.error(`\nseed ${result.seed} broke a law after ${done + 1} runs:`);
      for (const { law, detail } of result.violations) console.error(`  ${law}: ${detail}`);
      if (!values.trace) console.error(`the trace's end:\n  ${result.trace.slice(-40).join('\n  ')}`);
      console.error(`again: npm run simulate -- --runs 1 --seed ${result.seed} --trace`);
      return 1;
    }
    if ((done + 1) % 500 === 0)
      console.log(`${done + 1} of ${runs} runs, ${Math.round(((done + 1) * 1_000) / (performance.now() - startedMs))} runs/s`);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(
    `${runs} runs passed, 0 failed: ${events} events, ${crashes} crashes, ${seconds.toFixed(1)} s, ${Math.round(runs / seconds)} runs/s`,
  );
  return 0;
}

process.exitCode = await main();
