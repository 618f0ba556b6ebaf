import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHARTS } from './charts.js';
import { main } from './cli/main.js';

/** The repository, seen from synth/dist/. */
const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

process.exitCode = await main(process.argv.slice(2), {
  root,
  charts: CHARTS,
  say: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
