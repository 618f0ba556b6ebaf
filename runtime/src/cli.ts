import yargs from 'yargs';
import { hideBin } from 'yargs/helpers';
import { checkCommand } from './cli/check.js';
import { eventsCommand } from './cli/events.js';
import { explainCommand } from './cli/explain.js';
import { schemaCommand } from './cli/schema.js';
import { sendCommand } from './cli/send.js';
import { serveCommand } from './cli/serve.js';
import { VERSION } from './cli/version.js';
import { type ErrorCode, RouterError } from './errors.js';
import { cleanForTerminal, redactText } from './redact.js';

/** The command and the configuration are right; the world is not. */
const FOUND_PROBLEMS: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['NOT_FOUND', 'WRONG_STATE', 'LOG_LOCKED', 'LOG_DAMAGED', 'LOG_FULL']);

/** `sre-router`. Exit 0: fine; 1: found problems; 2: wrong usage or configuration. */
const parser = yargs(hideBin(process.argv))
  .scriptName('sre-router')
  .usage('$0 <command>\n\nMaps each event to an ordered list of actions and runs them once, through any crash.')
  .command(serveCommand)
  .command(checkCommand)
  .command(sendCommand)
  .command(eventsCommand)
  .command(explainCommand)
  .command(schemaCommand)
  .demandCommand(1, 'Name a command.')
  .strict()
  .recommendCommands()
  .version(VERSION)
  .wrap(Math.min(110, process.stdout.columns ?? 110))
  .fail((message, error, self) => {
    if (error instanceof RouterError) process.stderr.write(`${redactText(cleanLines(error.message))}\n`);
    else if (error) process.stderr.write(`${redactText(error.stack ?? error.message)}\n`);
    else process.stderr.write(`${message}\n\nTry: sre-router --help\n`);
    const isFound = error instanceof RouterError && FOUND_PROBLEMS.has(error.code);
    void self;
    process.exit(isFound ? 1 : 2);
  });

const cleanLines = (text: string): string => text.split('\n').map(cleanForTerminal).join('\n');

await parser.parseAsync();
