import { parseDurationMs } from '../clock.js';
import { DcrError } from './dcr-error.js';
import { envName } from './options.js';

/** The options of one command as given: text, or true. */
export type Flags = Readonly<Record<string, unknown>>;

const wrong = (name: string, expected: string, received: unknown): never => {
  throw new DcrError('USAGE', `--${name}: expected ${expected}; received ${JSON.stringify(received)?.slice(0, 120)}`);
};

/** Undefined when it is not given or empty. @throws DcrError USAGE when it is given twice. */
export function optional(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  if (value === undefined || value === '') return undefined;
  return typeof value === 'string' ? value : wrong(name, 'one value', value);
}

export function required(flags: Flags, name: string): string {
  const value = optional(flags, name);
  if (value !== undefined) return value;
  throw new DcrError('USAGE', `--${name} is missing (or ${envName(name)}). See --help.`);
}

export const isSet = (flags: Flags, name: string): boolean => flags[name] === true;

export function durationMs(flags: Flags, name: string): number {
  const text = required(flags, name);
  return parseDurationMs(text) ?? wrong(name, 'a duration such as 500ms, 30s, 10m or 1h30m', text);
}

export function portNumber(flags: Flags, name: string): number {
  const text = required(flags, name);
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? port : wrong(name, 'a port from 1 to 65535', text);
}

/** An http(s) URL without credentials in it. */
export function httpUrl(flags: Flags, name: string): string | undefined {
  const text = optional(flags, name);
  if (text === undefined) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    throw new DcrError('USAGE', `--${name}: expected an http:// or https:// URL without user and password.`);
  return text;
}

/** A name of Kubernetes: lower-case letters, digits, "-" and ".". */
export function objectName(flags: Flags, name: string): string {
  const text = required(flags, name);
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text) ? text : wrong(name, 'a Kubernetes name', text);
}

/** One line, for commit messages and events. */
export function oneLine(flags: Flags, name: string): string | undefined {
  const text = optional(flags, name);
  return text === undefined || /^[^\p{C}]{1,200}$/u.test(text) ? text : wrong(name, 'one line of at most 200 characters', text);
}
