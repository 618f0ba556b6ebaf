import { createHash } from 'node:crypto';
import { goJson } from '../go-json.js';
import { isRecord } from '../k8s-object.js';

/** A `fail` of the chart: its values are refused. */
export class Refusal extends Error {
  override name = 'Refusal';
}

/** Go's truth: everything but nothing, 0, '' and what is empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value) || isRecord(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** As Go prints a value. */
export function shown(value: unknown): string {
  return value === undefined || value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const whole = (value: unknown): number => Math.trunc(Number(value ?? 0));
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const map = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

function printf(format: unknown, ...args: readonly unknown[]): string {
  let at = 0;
  return String(format).replace(/%([sdv%])/g, (_, verb: string) =>
    verb === '%' ? '%' : verb === 'd' ? String(whole(args[at++])) : shown(args[at++]),
  );
}

/** The functions that our templates use; `and`, `or` and `include` are the evaluator's. */
export const FUNCTIONS: Readonly<Record<string, (...args: readonly unknown[]) => unknown>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  le: (a, b) => whole(a) <= whole(b),
  gt: (a, b) => whole(a) > whole(b),
  not: (value) => !isTrue(value),
  add: (a, b) => whole(a) + whole(b),
  mul: (a, b) => whole(a) * whole(b),
  div: (a, b) => Math.trunc(whole(a) / whole(b)),
  int64: whole,
  quote: (value) => JSON.stringify(shown(value)),
  toJson: (value) => goJson(value ?? null),
  trimPrefix: (prefix, text) => (shown(text).startsWith(shown(prefix)) ? shown(text).slice(shown(prefix).length) : shown(text)),
  trimSuffix: (suffix, text) => (shown(text).endsWith(shown(suffix)) ? shown(text).slice(0, -shown(suffix).length) : shown(text)),
  print: (...values) => values.map(shown).join(''),
  printf,
  hasKey: (tree, key) => Object.hasOwn(map(tree), String(key)),
  omit: (tree, ...keys) => Object.fromEntries(Object.entries(map(tree)).filter(([key]) => !keys.includes(key))),
  list: (...values) => values,
  concat: (...lists) => lists.flatMap(list),
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  join: (separator, values) => list(values).map(shown).join(String(separator)),
  sha256sum: (text) => createHash('sha256').update(shown(text)).digest('hex'),
  fail: (reason) => {
    throw new Refusal(shown(reason));
  },
};
