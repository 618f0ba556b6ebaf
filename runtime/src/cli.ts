import { readFileSync } from 'node:fs';
import { runCli } from './cli/program.js';
import { systemClock } from './clock.js';

/** `sre-router`: the process around the commands. */
const interrupted = new AbortController();
const [command] = process.argv.slice(2);
// serve stops in its own way; elsewhere the first Ctrl-C ends the waiting and the second the process.
if (command === 'send') process.once('SIGINT', () => interrupted.abort());
// As process 1 of a container a signal that nobody takes is lost.
if (command !== 'serve') process.once('SIGTERM', () => process.exit(143));
// `| head` ends when it has seen enough: that is no failure of ours.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });

const code = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  readStdin: () => readFileSync(0),
  env: process.env,
  columns: process.stdout.isTTY === true ? process.stdout.columns : undefined,
  clock: systemClock,
  interrupted: interrupted.signal,
  exitCode: 0,
});
process.exitCode = interrupted.signal.aborted ? 130 : code;
