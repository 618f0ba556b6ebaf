import type { Clock } from '../clock.js';

/** What the commands touch of the world; tests give their own. */
export interface CliIo {
  /** Text to standard output; ends with a newline. */
  out(text: string): void;
  err(text: string): void;
  readStdin(): Buffer;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Characters a line of the terminal has; undefined: no terminal. */
  readonly columns: number | undefined;
  readonly clock: Clock;
  /** Aborted by Ctrl-C, for commands that wait. */
  readonly interrupted: AbortSignal;
  /** What the command ends with: 0 fine; 1 problems found; 2 wrong usage or configuration, or no router answers. */
  exitCode: number;
}

/** The command was called wrongly: exit 2. */
export class UsageError extends Error {}

export const formatOption = {
  format: { choices: ['text', 'json'] as const, default: 'text' as const, describe: 'text for people, json for programs' },
} as const;

/** The end of a command's help: calls to copy, each under what it is for, then notes. */
export function lesson(examples: readonly (readonly [what: string, call: string])[], notes: string): string {
  return ['Examples:', ...examples.flatMap(([what, call]) => [`  # ${what}`, `  ${call}`]), '', notes].join('\n');
}

/** Colours only for a person who can see them and has not said otherwise (https://no-color.org). */
export function wantsColour({ columns, env }: Pick<CliIo, 'columns' | 'env'>): boolean {
  return columns !== undefined && !env.NO_COLOR && env.TERM !== 'dumb';
}

/** JSON that a terminal shows as it is: what JSON itself does not escape of control and direction characters is escaped too. */
export function jsonText(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  return `${text.replaceAll(/[\u007f-\u009f\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

/** Throws UsageError for what is no whole number within the bounds. */
export function wholeNumber(option: string, value: number, min: number, max: number): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new UsageError(`--${option}: expected a whole number from ${min} to ${max}.`);
}

/** Throws UsageError that names the option. */
export function jsonOption(option: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`--${option} is not JSON. Put it in single quotes for the shell: --${option} '{"task": "bounce"}'.`);
  }
}
