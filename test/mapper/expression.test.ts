import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Event, Json } from '#runtime/event/event.js';
import { compileExpression, ExpressionError } from '#runtime/mapper/expression.js';
import { compileTemplate } from '#runtime/mapper/template.js';
import type { Scope } from '#runtime/plan.js';

function scope(data: Json, steps: Record<string, Json> = {}): Scope {
  return { event: { id: 'e', type: 't', data } as unknown as Event, steps };
}
const run = (text: string, data: Json = {}, steps: Record<string, Json> = {}) => compileExpression(text).evaluate(scope(data, steps));
const fill = (value: Json, data: Json = {}, steps: Record<string, Json> = {}) => compileTemplate(value)(scope(data, steps));

test.each<[string, Json, Json]>([
  ['data.labels.absent', { labels: {} }, ''],
  ["data.annotations['absent'] == ''", { annotations: {} }, true],
  ['has(data.labels.absent)', { labels: {} }, false],
  ['has(data.labels.there)', { labels: { there: 'x' } }, true],
  ["default(data.absent, 'd')", {}, 'd'],
  ["default(steps.absent.ts, 'd')", {}, 'd'],
  ['has(steps.absent)', {}, false],
  ["'absent' in data.labels || 'x' in steps", { labels: {} }, false],
  ['data.n in data.xs', { n: 1, xs: [1] }, true],
  ['data.n + 1', { n: 2 }, 3],
  ['data.n * 2', { n: 1.5 }, 3],
  ['data.n == 1.0', { n: 1 }, true],
  ["'a1'.matches('^a[0-9]$')", {}, true],
  ['data.xs.filter(x, x > 1).map(x, x * 2)', { xs: [1, 2, 3] }, [4, 6]],
  ['data.constructor', { constructor: 'c' }, 'c'],
  ['data.labels.exists(k, k == "a")', { labels: { a: '1' } }, true],
])('%s', (text, data, expected) => {
  expect(run(text, data)).toEqual({ ok: true, value: expected });
});

test('an absent output is told apart from an error, which names the expression and the value', () => {
  expect(run('steps.tell.ts')).toMatchObject({ ok: false, reason: 'missing-output' });
  expect(run('incident.steps.tell')).toMatchObject({ ok: false, reason: 'missing-output' });
  expect(run('data.x + 1', { x: 'text' })).toMatchObject({
    ok: false,
    reason: 'error',
    detail: expect.stringContaining('data.x = "text"'),
  });
});

test('a value that is one expression keeps its type, others become text, $${{ is a literal', () => {
  expect(fill('${{ data.n }}', { n: 3 })).toEqual({ ok: true, value: 3 });
  expect(fill({ a: ['n=${{ data.n }} ${{ data.o }}'] }, { n: 3, o: { k: [1] } })).toEqual({ ok: true, value: { a: ['n=3 {"k":[1]}'] } });
  expect(fill('$${{ data.n }}')).toEqual({ ok: true, value: '${{ data.n }}' });
  expect(fill("${{ {'a': {'b': '}}'}} }}")).toEqual({ ok: true, value: { a: { b: '}}' } } });
});

test.each<[string, boolean]>([
  ["(data.xs.exists(x, (x == ('b')))) && (data.xs.exists_one((x), (x in ['b'])))", true],
  ["data.xs.map(x, (x == 'b') , (x + 'q')) == ['bq']", true],
  ["data.xs.map(x,x in ['b'],x) == ['b']", true],
  ['data.xs.exists(x,has(data.s) && data.xs.exists(y,y in [x]))', true],
  ["data.xs.all(x, x != ')') // )", true],
  ["data.xs.filter(x, (x + ',') != 'b,').size() == 1", true],
])('what a comprehension computes is what it says, wherever brackets and commas stand: %s', (text, expected) => {
  expect(run(text, { xs: ['a', 'b'], s: '' })).toEqual({ ok: true, value: expected });
});

test.each([
  "data.xs.exists(x, data.xs.exists(y, (data.s + x).contains(y + 'z')))",
  "data.xs.map(x, data.xs.filter(y, (data.s + x).contains(y + 'z'))).size() == 0",
  "data.xs.map(x, data.xs.map(y, (data.s + x).contains(y + 'z'), x)).size() == 0",
])('an expression that would compute for minutes is stopped: %s', (text) => {
  const data = { xs: Array.from({ length: 1_000 }, (_, index) => `b${index}`), s: 'a'.repeat(500_000) };
  const startedMs = performance.now();
  expect(run(text, data)).toMatchObject({ ok: false, reason: 'error', detail: expect.stringContaining('takes longer than 500 ms') });
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(run('data.xs.size()', data)).toEqual({ ok: true, value: 1_000 });
});

test('a comprehension is not told apart by what stands for it inside', () => {
  for (const text of ['turn(1)', 'data.xs.exists(x, turn(true))']) expect(() => run(text)).toThrow(ExpressionError);
  expect(run('turn == 1', {})).toMatchObject({ ok: false });
});

test('hostile inputs end in an answer, soon', () => {
  const started = process.hrtime.bigint();
  expect(run("data.s.matches('(a+)+$')", { s: `${'a'.repeat(60_000)}b` })).toEqual({ ok: true, value: false });
  expect(run("data.s.matches('a')", { s: 'a'.repeat(100_000) })).toMatchObject({ ok: false, reason: 'error' });
  const big = Array.from({ length: 5_000 }, (_, index) => index);
  expect(run('data.xs.all(x, data.xs.all(y, true))', { xs: big })).toMatchObject({ ok: false, reason: 'error' });
  expect(run(Array(150).fill('data.s').join(' + '), { s: 'x'.repeat(100_000) })).toMatchObject({ ok: false, reason: 'error' });
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(5_000);
});

test('no text makes the compiler or the evaluation throw anything but ExpressionError', () => {
  const token = fc.constantFrom(
    'data',
    '.',
    'x',
    'labels',
    '(',
    ')',
    '[',
    ']',
    '{',
    '}',
    "'",
    '"',
    '1',
    '+',
    '&&',
    '||',
    '!',
    '?',
    ':',
    'has',
    'matches',
    'map',
    ',',
    'steps',
    '${{',
    '}}',
    ' ',
    '-',
    '\\',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(token, { maxLength: 30 }).map((parts) => parts.join('')),
        fc.string(),
      ),
      fc.jsonValue(),
      (text, data) => {
        for (const make of [() => run(text, data as Json), () => fill(text, data as Json)]) {
          try {
            expect(typeof make().ok).toBe('boolean');
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ExpressionError);
          }
        }
      },
    ),
    { numRuns: 3_000 },
  );
});
