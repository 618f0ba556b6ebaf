import { ChartError } from './chart-error.js';
import { goString, operand } from './compiler/go-text.js';
import type { Constant } from './json-schema.js';
import { type Knob, OPEN } from './knob.js';

/** A condition between values, as data: zod checks it in TypeScript, a `fail` wherever Helm renders. `P`: dotted paths of the values. */
export type Condition<P extends string = string> =
  | { readonly is: readonly [P, Constant] }
  | { readonly isEmpty: P }
  | { readonly isGiven: P }
  | { readonly atMost: readonly [Operand<P>, Operand<P>] }
  | { readonly all: readonly Condition<P>[] }
  | { readonly any: readonly Condition<P>[] }
  | { readonly not: Condition<P> };

/** A whole number: a value, a value times a constant, or a constant. */
export type Operand<P extends string = string> = P | number | { readonly path: P; readonly times: number };

export interface Rule<P extends string = string> {
  readonly condition: Condition<P>;
  readonly reason: string;
}

/** Values that break the condition are refused with the reason, by zod and by Helm. */
export function require<P extends string>(condition: Condition<P>, reason: string): Rule<P> {
  return { condition, reason };
}

export const is = <P extends string>(path: P, constant: Constant): Condition<P> => ({ is: [path, constant] });
/** A text, list or map with nothing in it. */
export const isEmpty = <P extends string>(path: P): Condition<P> => ({ isEmpty: path });
/** An optional value that is there. */
export const isGiven = <P extends string>(path: P): Condition<P> => ({ isGiven: path });
export const atMost = <P extends string>(least: Operand<P>, most: Operand<P>): Condition<P> => ({ atMost: [least, most] });
export const times = <P extends string>(path: P, factor: number): Operand<P> => ({ path, times: factor });
export const all = <P extends string>(...conditions: Condition<P>[]): Condition<P> => ({ all: conditions });
export const any = <P extends string>(...conditions: Condition<P>[]): Condition<P> => ({ any: conditions });
export const not = <P extends string>(condition: Condition<P>): Condition<P> => ({ not: condition });
export const implies = <P extends string>(when: Condition<P>, then: Condition<P>): Condition<P> => any(not(when), then);

/** All dotted paths of a tree of values. */
export type PathsOf<T> = T extends readonly unknown[] | string | number | boolean
  ? never
  : { [K in keyof T & string]-?: K | (string extends K ? never : `${K}.${PathsOf<NonNullable<T[K]>>}`) }[keyof T & string];

/** A value that is not known yet; OPEN: known to be none of those that its schema names. */
export const UNKNOWN: unique symbol = Symbol('not known yet');

/** Does the condition hold? undefined when that hangs on values that are not known. */
export function decide(condition: Condition, at: (path: string) => unknown): boolean | undefined {
  const known = (path: string, test: (value: unknown) => boolean): boolean | undefined => {
    const value = at(path);
    return value === UNKNOWN || value === OPEN ? undefined : test(value);
  };
  if ('is' in condition) return known(condition.is[0], (value) => value === condition.is[1]);
  if ('isGiven' in condition) return at(condition.isGiven) === OPEN || known(condition.isGiven, (value) => value !== undefined);
  if ('isEmpty' in condition) return known(condition.isEmpty, isNothing);
  if ('not' in condition) {
    const inner = decide(condition.not, at);
    return inner === undefined ? undefined : !inner;
  }
  if ('atMost' in condition) {
    const [least, most] = condition.atMost.map((side) => numberOf(side, at));
    return least === undefined || most === undefined ? undefined : least <= most;
  }
  const [parts, settles] = 'all' in condition ? [condition.all, false] : [condition.any, true];
  const decided = parts.map((part) => decide(part, at));
  return decided.includes(settles) ? settles : decided.includes(undefined) ? undefined : !settles;
}

function isNothing(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

function numberOf(side: Operand, at: (path: string) => unknown): number | undefined {
  if (typeof side === 'number') return side;
  const value = at(typeof side === 'string' ? side : side.path);
  return typeof value === 'number' ? value * (typeof side === 'string' ? 1 : side.times) : undefined;
}

/** The values that a condition is about, in its order. */
export function pathsOf(condition: Condition): string[] {
  if ('is' in condition) return [condition.is[0]];
  if ('isEmpty' in condition) return [condition.isEmpty];
  if ('isGiven' in condition) return [condition.isGiven];
  if ('not' in condition) return pathsOf(condition.not);
  if ('atMost' in condition)
    return condition.atMost.flatMap((side) => (typeof side === 'number' ? [] : typeof side === 'string' ? [side] : [side.path]));
  return ('all' in condition ? condition.all : condition.any).flatMap(pathsOf);
}

/** The Go expression that is true when the condition holds (`holds`), or when it does not. */
export function goCondition(condition: Condition, holds: boolean, knob: (path: string) => Knob): string {
  const parts = (word: string, conditions: readonly Condition[]): string =>
    conditions.length === 1 && conditions[0]
      ? goCondition(conditions[0], holds, knob)
      : `${word} ${conditions.map((each) => operand(goCondition(each, holds, knob))).join(' ')}`;
  if ('not' in condition) return goCondition(condition.not, !holds, knob);
  if ('all' in condition) return parts(holds ? 'and' : 'or', condition.all);
  if ('any' in condition) return parts(holds ? 'or' : 'and', condition.any);
  if ('isEmpty' in condition) return holds ? `not ${knob(condition.isEmpty).ref}` : knob(condition.isEmpty).ref;
  if ('atMost' in condition) return `${holds ? 'le' : 'gt'} ${condition.atMost.map((side) => goNumber(side, knob)).join(' ')}`;
  if ('isGiven' in condition) {
    const absent = knob(condition.isGiven).cases.find((one) => one.value === undefined);
    return (holds ? absent?.no : absent?.yes) ?? 'true';
  }
  const [path, constant] = condition.is;
  const { ref, kind } = knob(path);
  if (typeof constant === 'boolean') return constant === holds ? ref : `not ${ref}`;
  const value = typeof constant === 'number' && kind !== 'string' ? `(int64 ${ref}) ${constant}` : `${ref} ${goString(String(constant))}`;
  return `${holds ? 'eq' : 'ne'} ${value}`;
}

function goNumber(side: Operand, knob: (path: string) => Knob): string {
  if (typeof side === 'number') return String(side);
  if (typeof side === 'string') return `(int64 ${knob(side).ref})`;
  return `(mul (int64 ${knob(side.path).ref}) ${side.times})`;
}

/** Every path must be a value that the comparison can take; a mistake here is the chart author's. */
export function checkRule({ condition, reason }: Rule, knobs: readonly Knob[]): void {
  const isOptional = (knob: Knob): boolean => knob.cases.some((one) => one.value === undefined);
  const wants = (path: string, what: string, fits: (knob: Knob) => boolean): void => {
    const knob = knobs.find((each) => each.id === path);
    if (!knob) throw new ChartError(`rule "${reason}": there is no value ${path}`);
    if (!fits(knob)) throw new ChartError(`rule "${reason}": ${path} is not ${what}`);
  };
  const visit = (each: Condition): void => {
    if ('is' in each)
      wants(each.is[0], `a ${typeof each.is[1]} that is always there`, (knob) => !isOptional(knob) && kindFits(knob, each.is[1]));
    else if ('isEmpty' in each)
      wants(
        each.isEmpty,
        'a text, list or map that is always there',
        (knob) => !isOptional(knob) && ['string', 'list', 'map'].includes(knob.kind),
      );
    else if ('isGiven' in each) wants(each.isGiven, 'optional', isOptional);
    else if ('not' in each) visit(each.not);
    else if ('atMost' in each) {
      for (const side of each.atMost)
        if (typeof side !== 'number')
          wants(
            typeof side === 'string' ? side : side.path,
            'a number that is always there',
            (knob) => knob.kind === 'int' && !isOptional(knob),
          );
    } else ('all' in each ? each.all : each.any).forEach(visit);
  };
  visit(condition);
}

function kindFits(knob: Knob, constant: Constant): boolean {
  if (knob.kind === 'flag') return knob.cases.some((one) => one.value === constant);
  return (knob.kind === 'int' && typeof constant === 'number') || (knob.kind === 'string' && typeof constant === 'string');
}
