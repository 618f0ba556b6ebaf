import { main } from '#synth/cli/main.js';
import { exampleChart } from './chart.js';

/** The bundle's command line over the example chart, in the folder of the first argument. */
const [root = '.', ...args] = process.argv.slice(2);
process.exitCode = await main(args, {
  root,
  charts: [exampleChart],
  say: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
