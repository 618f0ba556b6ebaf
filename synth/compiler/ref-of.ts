import { type Knob, OPEN, valueAt } from './knob.js';
import type { Ref } from './node.js';
import { charsOfPattern } from './pattern.js';

const DIGITS = '-0123456789';

/** A scalar value where it is passed on as itself, in all of its cases. */
export function refOf(knob: Knob): Ref {
  const { ref, path, kind, cases } = knob;
  const at = (values: unknown): string | number => valueAt(values, path) as string | number;
  const constants = cases.flatMap((one) => (one.value === OPEN || one.value === undefined ? [] : [one.value]));
  if (kind === 'int' || typeof constants[0] === 'number')
    return { shown: `${ref} | int64`, arg: `(int64 ${ref})`, verb: '%d', chars: DIGITS, knob, at };
  const open = kind === 'string' ? charsOfPattern(knob.schema.pattern ?? '^$') : '';
  const chars = open === undefined || !/^[\x20-\x7e]*$/.test(constants.join('')) ? undefined : open + constants.join('');
  return { shown: ref, arg: ref, verb: typeof constants[0] === 'boolean' ? '%v' : '%s', chars, knob, at };
}
