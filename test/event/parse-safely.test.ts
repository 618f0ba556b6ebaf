import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { parseSafely } from '#runtime/event/parse-safely.js';

const schema = z.object({ a: z.object({ b: z.array(z.string().min(1).max(5)) }), c: z.unknown() });
const strange = { length: { toString: 1, valueOf: 1 } };

test('an object with a length that is no number is refused, with its place, and does not throw', () => {
  const parsed = parseSafely(schema, { a: { b: ['x', strange] }, c: 'y' });
  expect(parsed.success).toBe(false);
  expect(parsed.error?.issues).toMatchObject([{ path: ['a', 'b', 1], message: 'an object whose length is no number' }]);
});

test('what a schema says of any other value stays as it is', () => {
  const value = { a: { b: ['x'] }, c: null };
  expect(parseSafely(schema, value)).toEqual({ success: true, data: value });
  fc.assert(
    fc.property(fc.jsonValue(), (any) => {
      expect(parseSafely(schema, any)).toEqual(schema.safeParse(any));
    }),
  );
});

test('a fault of a schema of ours is not taken for one of the value', () => {
  const broken = z.string().refine(() => {
    throw new RangeError('ours');
  });
  expect(() => parseSafely(broken, 'x')).toThrow('ours');
});
