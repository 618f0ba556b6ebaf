import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CHARTS } from '#synth/charts.js';
import { main } from '#synth/cli/main.js';
import { exampleChart } from './chart.js';

/** The bundle's command line in the folder of the first argument, over those of its charts that we know: the example, and the repository's own. */
const [root = '.', ...args] = process.argv.slice(2);
process.exitCode = await main(args, {
  root,
  charts: [exampleChart, ...CHARTS].filter(({ name }) => existsSync(join(root, 'charts', name))),
  say: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
