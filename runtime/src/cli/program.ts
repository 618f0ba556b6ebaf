import yargs from 'yargs';
import { checkCommand, checkOptions } from './check.js';
import { eventsCommand, eventsOptions } from './events.js';
import { explainCommand } from './explain.js';
import { failureOf, usageText } from './failure.js';
import { type CliIo, lesson, UsageError } from './io.js';
import { replayCommand, replayOptions } from './replay.js';
import { schemaCommand } from './schema.js';
import { sendCommand, sendOptions } from './send.js';
import { serveCommand, serveOptions } from './serve.js';
import { settleOptions } from './settle.js';
import { topicsCommand, topicsOptions } from './topics.js';
import { VERSION } from './version.js';

const NAME = 'sre-router';
const MAX_COLUMNS = 110;
const COMMANDS: ReadonlySet<string> = new Set([
  'serve',
  'check',
  'send',
  'events',
  'explain',
  'replay',
  'schema',
  'topics',
  'retry',
  'resolve',
  'abandon',
  'resubmit',
]);
const OPTIONS = Object.keys({
  ...serveOptions,
  ...checkOptions,
  ...sendOptions,
  ...eventsOptions,
  ...settleOptions,
  ...replayOptions,
  ...topicsOptions,
  help: true,
  version: true,
});

/** `sre-router`. Resolves with the exit code; a command that goes on (serve) resolves when it runs. */
export async function runCli(args: readonly string[], io: CliIo): Promise<number> {
  const parser = yargs([...args])
    .scriptName(NAME)
    .locale('en')
    .parserConfiguration({
      'camel-case-expansion': false,
      'duplicate-arguments-array': false,
      'boolean-negation': false,
      'dot-notation': false,
    })
    .usage('$0 <command>\n\nMaps each event to an ordered list of actions and runs them once, through any crash.')
    .command(serveCommand(io))
    .command(checkCommand(io))
    .command(sendCommand(io))
    .command(eventsCommand(io))
    .command(explainCommand(io))
    .command(replayCommand(io))
    .command(schemaCommand)
    .command(topicsCommand(io))
    .epilogue(
      lesson(
        [
          ['run a router', `${NAME} serve`],
          ['send it an event and see what happens', `${NAME} send --type adhoc.message --data '{"text":"hello"}'`],
          ['what needs a person, and why', `${NAME} events --state parked`],
        ],
        'Exit codes: 0 fine; 1 problems found; 2 wrong usage or configuration, or no router answers.',
      ),
    )
    .demandCommand(1, 'Name a command.')
    .strict()
    .recommendCommands()
    .version(VERSION)
    .wrap(Math.min(MAX_COLUMNS, io.columns ?? MAX_COLUMNS))
    .exitProcess(false)
    .showHelpOnFail(false)
    .fail((message, error) => {
      throw error ?? new UsageError(usageText(message, OPTIONS));
    });
  try {
    await parser.parseAsync([...args], {}, (_error, _argv, output) => {
      if (output !== '') io.out(`${output}\n`);
    });
    return io.exitCode;
  } catch (error) {
    const { text, exitCode } = failureOf(error, helpCall(args), Boolean(io.env.DEBUG));
    io.err(text);
    return exitCode;
  }
}

/** The help of the command that was meant. */
function helpCall(args: readonly string[]): string {
  const words: string[] = [];
  for (const arg of args.slice(0, 2)) if (COMMANDS.has(arg)) words.push(arg);
  return [NAME, ...words, '--help'].join(' ');
}
