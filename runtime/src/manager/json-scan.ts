import { RouterError } from '../errors.js';
import { cut } from '../event/cut.js';
import { pointerOf } from './pointer.js';

export interface ScanRules {
  readonly maxDepth: number;
  /** A key that is never allowed (`__proto__`, `constructor`, `prototype`). Throws, or notes the path and lets it pass. */
  forbiddenKey(path: readonly (string | number)[]): void;
}

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const NUMBER = /^-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** Integers of this many characters, sign included, are below 2^53. */
const EXACT_CHARACTERS = 15;

const [QUOTE, BACKSLASH, COMMA, MINUS, ZERO, NINE] = [0x22, 0x5c, 0x2c, 0x2d, 0x30, 0x39];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

interface Level {
  /** Keys so far; undefined in a list. */
  readonly names: Set<string> | undefined;
  at: string | number;
  awaitsName: boolean;
}

/**
 * Looks through JSON text for what JSON.parse would take without a word and change on the way: a key that stands twice, a number that a double cannot
 * hold, half a character; and for keys and depth that are not allowed. These are the rules of I-JSON (RFC 7493), so that every reader of an event sees the same.
 * One pass, no recursion. Text that is no JSON is not judged here: JSON.parse says why. Throws RouterError with a pointer.
 */
export function scanJson(text: string, rules: ScanRules): { readonly hasNegativeZero: boolean } {
  const levels: Level[] = [];
  const path = (): (string | number)[] => levels.map((level) => level.at);
  const ambiguous = (what: string): RouterError => new RouterError('BODY_AMBIGUOUS', what, { pointer: pointerOf(path()) });
  let hasNegativeZero = false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const level = levels.at(-1);
    if (code === QUOTE) {
      const end = endOfText(text, index);
      if (end === undefined) break;
      const raw = text.slice(index, end + 1);
      const isEscaped = raw.includes('\\');
      const value = isEscaped ? unescaped(raw) : raw.slice(1, -1);
      if (value === undefined) break;
      index = end;
      if (level?.awaitsName === true && level.names !== undefined) enterName(level, level.names, value);
      if (isEscaped && /\p{Cs}/u.test(value)) throw ambiguous('Half a character (a lone surrogate) cannot be kept as UTF-8.');
    } else if (code === OPEN_OBJECT || code === OPEN_LIST) {
      if (levels.length >= rules.maxDepth)
        throw new RouterError('BODY_TOO_DEEP', `Nested deeper than limits.depth (${rules.maxDepth}).`, {
          pointer: cut(pointerOf(path()), 200),
        });
      const isObject = code === OPEN_OBJECT;
      levels.push({ names: isObject ? new Set() : undefined, at: isObject ? '' : 0, awaitsName: isObject });
    } else if (code === CLOSE_OBJECT || code === CLOSE_LIST) {
      levels.pop();
    } else if (code === COMMA && level !== undefined) {
      if (typeof level.at === 'number') level.at += 1;
      level.awaitsName = level.names !== undefined;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const number = numberAt(text, index);
      const problem = numberProblem(number);
      if (problem !== undefined) throw ambiguous(problem);
      hasNegativeZero ||= code === MINUS && Number(number) === 0;
      index += number.length - 1;
    }
  }
  return { hasNegativeZero };

  function enterName(level: Level, names: Set<string>, name: string): void {
    level.at = name;
    level.awaitsName = false;
    if (names.has(name)) throw ambiguous(`The key ${JSON.stringify(cut(name, 100))} stands twice in one object.`);
    names.add(name);
    if (FORBIDDEN_KEYS.has(name)) rules.forbiddenKey(path());
  }
}

/** Index of the closing quote of the text that opens at `start`. */
function endOfText(text: string, start: number): number | undefined {
  for (let at = text.indexOf('"', start + 1); at !== -1; at = text.indexOf('"', at + 1)) {
    let slashes = 0;
    while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return at;
  }
  return undefined;
}

/** undefined: not a JSON text. */
function unescaped(raw: string): string | undefined {
  try {
    return JSON.parse(raw) as string;
  } catch {
    return undefined;
  }
}

function numberAt(text: string, start: number): string {
  const run = /[0-9.eE+-]+/y;
  run.lastIndex = start;
  return run.exec(text)?.[0] ?? '-';
}

function numberProblem(raw: string): string | undefined {
  const isLong = raw.length > EXACT_CHARACTERS;
  if (!isLong && !/[eE]/.test(raw)) return undefined;
  const found = NUMBER.exec(raw);
  if (found === null) return undefined;
  const value = Number(raw);
  const shown = cut(raw, 40);
  if (!Number.isFinite(value)) return `The number ${shown} is larger than a double can hold.`;
  const isInteger = found[1] === undefined && found[2] === undefined;
  return isInteger && isLong && BigInt(raw) !== BigInt(value) ? `The number ${shown} would become ${value}; send it as text.` : undefined;
}
