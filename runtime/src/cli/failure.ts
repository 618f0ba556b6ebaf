import { didYouMean } from '../config-problem.js';
import { asError, type ErrorCode, RouterError } from '../errors.js';
import { cleanForTerminal, redactText } from '../redact.js';
import { UnreachableError } from './client.js';
import { UsageError } from './io.js';

export interface Failure {
  readonly text: string;
  readonly exitCode: 1 | 2;
}

/** Wrong usage or configuration: the same call fails again until the caller changes something about it. All other codes are problems found. */
const USAGE_CODES: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'MAPPING_INVALID',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'HOST_REFUSED',
  'INVALID_REQUEST',
  'METHOD_NOT_ALLOWED',
  'UNKNOWN_SOURCE',
]);

/** What a person reads and a script gets. One line an error (a configuration's problems: one each); the stack only where the code is at fault and DEBUG is set. */
export function failureOf(thrown: unknown, tryHelp: string, isDebug: boolean): Failure {
  const error = asError(thrown);
  const text = `${error.message
    .split('\n')
    .map((line) => cleanForTerminal(redactText(line)))
    .join('\n')}\n`;
  if (error instanceof UsageError) return { text: `${text.trimEnd()} Try: ${tryHelp}\n`, exitCode: 2 };
  if (error instanceof UnreachableError) return { text, exitCode: 2 };
  if (error instanceof RouterError) return { text, exitCode: USAGE_CODES.has(error.code) ? 2 : 1 };
  const refused = refusedPath(error);
  if (refused !== undefined) return { text: `${cleanForTerminal(refused)}\n`, exitCode: 2 };
  const stack = isDebug ? `${redactText(error.stack ?? '')}\n` : '';
  return { text: `Unexpected: ${text.replaceAll('\n', ' ').trimEnd()} (DEBUG=1 shows where)\n${stack}`, exitCode: 2 };
}

const REFUSED: Readonly<Record<string, string>> = {
  EROFS: 'is on a read-only file system; mount a writable volume there',
  EACCES: 'may not be used by this user; give it to them (in Kubernetes: fsGroup)',
  EPERM: 'may not be used by this user; give it to them (in Kubernetes: fsGroup)',
};

/** A folder or file that the operating system keeps from us: the usual first failure in a container. */
function refusedPath(error: Error): string | undefined {
  const { code = '', path } = error as NodeJS.ErrnoException;
  const why = REFUSED[code];
  if (why === undefined || path === undefined) return undefined;
  const user = process.getuid === undefined ? '' : ` This process runs as uid ${process.getuid()}.`;
  return `${path} (in ${process.cwd()}) ${why}, or set log.dir (--data) to another folder. (${code})${user}`;
}

/** yargs' complaint in one line, with the option that was probably meant. */
export function usageText(message: string, options: readonly string[]): string {
  const unknown = /^Unknown arguments?: (.+)$/.exec(message)?.[1];
  if (unknown !== undefined) {
    const [name = ''] = unknown.split(', ');
    const meant = didYouMean(name, options);
    return `Unknown option or argument: ${name}.${meant === undefined ? '' : ` Did you mean --${meant}?`}`;
  }
  const command = /^Did you mean (.+)\?$/.exec(message)?.[1];
  if (command !== undefined) return `No such command. Did you mean ${command}?`;
  const required = /^Missing required arguments?: (.+)$/.exec(message)?.[1];
  if (required !== undefined) return `Missing: --${required.split(', ').join(', --')}.`;
  if (/^Not enough non-option arguments/.test(message)) return 'Not enough arguments.';
  const choice = /Argument: (\S+), Given: (.+?), Choices: (.+)/.exec(message);
  if (choice !== null) return `--${choice[1]}: ${choice[2]} is none of ${choice[3]}.`;
  return message.replaceAll(/\s+/g, ' ').replace(/([^.])$/, '$1.');
}
