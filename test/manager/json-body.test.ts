import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RouterError } from '#runtime/errors.js';
import { parseJson } from '#runtime/manager/json-body.js';

const LIMITS = { maxEntries: 10, maxDepth: 64 };
const parse = (text: string): unknown => parseJson(Buffer.from(text), LIMITS);

test('reads what JSON.parse reads, as JSON.parse reads it', () => {
  const spaced = fc
    .tuple(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, '\t'))
    .map(([text, space]) => JSON.stringify(JSON.parse(text), null, space));
  fc.assert(
    fc.property(spaced, (text) => {
      let value: unknown;
      try {
        value = parse(text);
      } catch (error) {
        // fast-check likes __proto__, and halves of characters in escapes.
        expect((error as RouterError).code).toMatch(/^BODY_(FORBIDDEN_KEY|AMBIGUOUS)$/);
        expect(text).toMatch(/__proto__|constructor|prototype|\\ud[89a-f]|\d{16}|e[+-]?\d/);
        return;
      }
      expect(value).toStrictEqual(JSON.parse(text));
    }),
    { numRuns: 2_000 },
  );
});

test('on any text it agrees with JSON.parse about what is JSON, and throws nothing but its own errors', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    '\\',
    '\\u',
    'a',
    '"a"',
    '"\\"',
    '-',
    '0',
    '1e5',
    '.',
    'true',
    'null',
    ' ',
    '\n',
    '\u0000',
    '🚒',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const text = pieces.join('');
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      try {
        parse(text);
        expect(isJson).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(RouterError);
        if (isJson) expect((error as RouterError).code).toBe('BODY_AMBIGUOUS');
      }
    }),
    { numRuns: 3_000 },
  );
});

test.each([
  ['123456789012345', 123456789012345],
  ['-9007199254740993.5', -9007199254740994],
  ['9007199254740992', 9007199254740992],
  ['100000000000000000000', 1e20],
  ['1e308', 1e308],
  ['1E+2', 100],
  ['0.1000000000000000055511151231257827', 0.1],
  ['5e-324', 5e-324],
])('takes the number %s', (text, value) => {
  expect(parse(text)).toBe(value);
});

test.each(['9007199254740993', '-9007199254740993', '12345678901234567', '1e309', '-1e309', `${'9'.repeat(400)}`])(
  'refuses the number %s, which would become another',
  (text) => {
    expect(() => parse(text)).toThrow(/would become|larger than a double/);
  },
);

test('−0 is 0 wherever it stands', () => {
  expect(parse('{"a":[-0,-0.0,-0e9,1]}')).toStrictEqual({ a: [0, 0, 0, 1] });
});

test('the same key in different objects is no key twice', () => {
  expect(parse('[{"a":{"a":[{"a":1},{"a":2}]}},{"a":3}]')).toEqual([{ a: { a: [{ a: 1 }, { a: 2 }] } }, { a: 3 }]);
});
