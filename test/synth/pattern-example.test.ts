import { expect, test } from '@jest/globals';
import { CHARTS } from '#synth/charts.js';
import type { JsonSchema } from '#synth/json-schema.js';
import { charsOfPattern } from '#synth/pattern.js';
import { exampleOfPattern } from '#synth/pattern-example.js';

function patternsOf(schema: unknown): string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const { pattern } = schema as JsonSchema;
  return [...(typeof pattern === 'string' ? [pattern] : []), ...Object.values(schema).flatMap(patternsOf)];
}

test.each([
  ['^sha256:[0-9a-f]{3}$', 'sha256:000'],
  ['^(?:a|b)+c?$', 'a'],
  ['^(?:[0-9]{1,3}\\.){3}x$', '0.0.0.x'],
  ['^[^\\u0000-\\u001f]*$', ''],
  ['^[^a]+$', 'x'],
  ['^\\w\\d\\.\\x41$', 'a0.A'],
  ['^[-a-z](?:\\/[a-z])*$', '-'],
])('an example of %s is %s', (pattern, example) => {
  expect(exampleOfPattern(pattern)).toBe(example);
});

test('the example of every pattern in the values of the charts matches it', () => {
  const patterns = new Set(CHARTS.flatMap(({ jsonSchema }) => patternsOf(jsonSchema)));
  expect(patterns.size).toBeGreaterThan(5);
  for (const pattern of patterns) {
    charsOfPattern(pattern);
    expect(exampleOfPattern(pattern)).toMatch(new RegExp(pattern));
  }
});
