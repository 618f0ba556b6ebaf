import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';
import { RouterError } from './errors.js';
import type { Json } from './event/event.js';
import { cleanForTerminal, redactJson, redactText } from './redact.js';

export interface LogOptions {
  /** pino level. Default info. */
  readonly level?: string;
  /** Readable lines instead of JSON: a terminal. */
  readonly readable?: boolean;
  /** Of readable lines. Default: none. */
  readonly colour?: boolean;
  /** Default: standard output. */
  readonly destination?: DestinationStream;
}

/** A line tells what happened, it does not carry payloads: longer texts, deeper and longer structures are cut. */
const MAX_CHARACTERS = 2_000;
const MAX_DEPTH = 6;
const MAX_ENTRIES = 50;
const MAX_STACK_LINES = 8;
const MAX_CAUSES = 3;

/** JSON lines; secrets redacted, control characters made visible. */
export function createLogger({ level = 'info', readable = false, colour = false, destination }: LogOptions = {}): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    // pino's own would print an error's stack and every field an SDK hangs on it, request headers among them.
    serializers: { err: (error: unknown) => error },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (fields: Record<string, unknown>) => redactJson(bounded(fields, 0)) as Record<string, unknown>,
    },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger['info']>, method: Logger['info']): void {
        const [first, ...rest] = args as unknown[];
        const given = first instanceof Error && rest.length === 0 ? [{ err: first }, first.message] : [first, ...rest];
        const last = given.at(-1);
        if (typeof last === 'string') given[given.length - 1] = line(last);
        method.apply(this, given as typeof args);
      },
    },
  };
  if (!readable) return destination === undefined ? pino(options) : pino(options, destination);
  return pino(
    options,
    pretty({
      sync: true,
      colorize: colour,
      translateTime: 'SYS:HH:MM:ss.l',
      ignore: 'pid,hostname',
      singleLine: true,
      ...(destination === undefined ? {} : { destination: destination as NodeJS.WritableStream }),
    }),
  );
}

/** Redacted before it is cut: half a secret would not be known again. */
function line(text: string): string {
  const clean = cleanForTerminal(redactText(text));
  return clean.length > MAX_CHARACTERS ? `${clean.slice(0, MAX_CHARACTERS)}… (${clean.length} characters)` : clean;
}

function bounded(value: unknown, depth: number): Json {
  if (typeof value === 'string') return line(value);
  if (value instanceof Error) return errorFields(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'bigint') return String(value);
  if (typeof value !== 'object') return null;
  if (depth >= MAX_DEPTH) return '…';
  if (Array.isArray(value)) {
    const shown = value.slice(0, MAX_ENTRIES).map((inner) => bounded(inner, depth + 1));
    return value.length > MAX_ENTRIES ? [...shown, `… (${value.length} entries)`] : shown;
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .slice(0, MAX_ENTRIES)
      .map(([name, inner]) => [line(name), bounded(inner, depth + 1)]),
  );
}

/** Name, code, message and causes; where the code is at fault, also the stack. */
function errorFields(error: Error): Json {
  const causes: string[] = [];
  for (let cause = error.cause; cause instanceof Error && causes.length < MAX_CAUSES; cause = cause.cause) causes.push(line(cause.message));
  const { code } = error as { code?: unknown };
  const stack = error instanceof RouterError ? [] : stackOf(error);
  return {
    name: line(error.name),
    message: line(error.message),
    ...(typeof code === 'string' ? { code: line(code) } : {}),
    ...(causes.length === 0 ? {} : { causes }),
    ...(stack.length === 0 ? {} : { stack }),
  };
}

function stackOf({ stack }: Error): string[] {
  const frames = (stack ?? '').split('\n').filter((text) => /^\s+at /.test(text));
  return frames.slice(0, MAX_STACK_LINES).map((text) => line(text.trim()));
}
