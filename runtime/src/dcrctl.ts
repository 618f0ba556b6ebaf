import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { VERSION } from './cli/version.js';
import { systemClock } from './clock.js';
import type { Command } from './dcr/command.js';
import { COMMANDS } from './dcr/commands.js';
import { DCR_ERRORS, DcrError } from './dcr/dcr-error.js';
import { envName, type OptionSpec } from './dcr/options.js';
import type { Ports } from './dcr/ports.js';
import { asError } from './errors.js';
import { systemRandom } from './random.js';
import { cleanForTerminal, redactText } from './redact.js';

/** `dcrctl`: what the DCR workflow, the probes and people run. stdout: the result. stderr: what happens meanwhile, and errors. Exit codes: dcr-error.ts. */
const stop = new AbortController();
const write = (stream: NodeJS.WriteStream, text: string): void => {
  stream.write(`${redactText(text.split('\n').map(cleanForTerminal).join('\n'))}\n`);
};
const ports: Ports = {
  clock: systemClock,
  random: systemRandom,
  env: process.env,
  stop: stop.signal,
  out: (text) => write(process.stdout, text),
  say: (line) => write(process.stderr, line),
};

function stopAt(signal: NodeJS.Signals): void {
  process.on(signal, () => {
    // A second signal means now.
    if (stop.signal.aborted) process.exit(DCR_ERRORS.STOPPED.exit);
    stop.abort();
  });
}
stopAt('SIGTERM');
stopAt('SIGINT');

function end(error: unknown): void {
  const known = error instanceof DcrError ? error : undefined;
  ports.say(known === undefined ? `Unexpected: ${asError(error).stack ?? asError(error).message}` : `${known.code}: ${known.message}`);
  process.exitCode = known?.exit ?? DCR_ERRORS.UNREACHABLE.exit;
}

/** The environment stands for an option that is not given. */
function yargsOption(name: string, { describe, default: fallback, choices, flag }: OptionSpec): object {
  const fromEnv = process.env[envName(name)];
  const value = fromEnv === undefined || fromEnv === '' ? fallback : fromEnv;
  const shown = { describe: `${describe} [${envName(name)}]` };
  if (flag === true) {
    if (value !== undefined && value !== 'true' && value !== 'false')
      throw new DcrError('USAGE', `${envName(name)}: expected true or false; received ${JSON.stringify(value)}`);
    return { ...shown, type: 'boolean', default: value === 'true' };
  }
  return {
    ...shown,
    type: 'string',
    requiresArg: true,
    ...(choices === undefined ? {} : { choices }),
    ...(value === undefined ? {} : { default: value }),
  };
}

function asYargs({ name, positional, describe, exits, options, examples, run }: Command) {
  const argument =
    positional === undefined
      ? ''
      : positional.required === true
        ? ` <${positional.name}${positional.many === true ? '..' : ''}>`
        : ` [${positional.name}]`;
  return {
    command: `${name}${argument}`,
    describe,
    builder: (cli: ReturnType<typeof yargs>) => {
      if (positional !== undefined) cli.positional(positional.name, { type: 'string', describe: positional.describe });
      for (const [option, spec] of Object.entries(options)) cli.option(option, yargsOption(option, spec));
      for (const [command, what] of examples) cli.example(command, what);
      return cli.epilogue(`Exit codes: ${exits}`);
    },
    async handler(flags: Record<string, unknown>) {
      try {
        process.exitCode = await run(flags, ports);
      } catch (error) {
        end(error);
      }
    },
  };
}

const cli = yargs(hideBin(process.argv))
  .scriptName('dcrctl')
  .usage('$0 <command>\n\nRuns, watches and probes Dynamic Cache Rebuilds. Every option can be given as DCRCTL_<NAME> in the environment.')
  .demandCommand(1, 'Name a command.')
  .strict()
  .recommendCommands()
  .version(VERSION)
  .parserConfiguration({
    'parse-positional-numbers': false,
    'dot-notation': false,
    'boolean-negation': false,
    'camel-case-expansion': false,
  })
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .fail((message, error) => {
    if (error) end(error);
    else {
      ports.say(`${message}\n\nTry: dcrctl --help`);
      process.exitCode = DCR_ERRORS.USAGE.exit;
    }
    process.exit();
  });
for (const command of COMMANDS) cli.command(asYargs(command) as never);
await cli.parseAsync();
// What may still be under way, such as telling the router of progress, has no say any more.
process.exit();
