import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RouterError } from '#runtime/errors.js';
import type { Event, Json } from '#runtime/event/event.js';
import { checkMappings } from '#runtime/mapper/check.js';
import { loadMappings } from '#runtime/mapper/load.js';
import { createRouteTable } from '#runtime/mapper/route-table.js';
import { mutated, mutations } from '#test/manager/mutate.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

const SHIPPED = ['mac-cluster.json', 'adhoc-task.json', 'dcr-run.json', 'alerts.yaml'].map((name) =>
  readFileSync(`mappings/${name}`, 'utf8'),
);
const JSONS = SHIPPED.slice(0, 3).map((text) => JSON.parse(text) as Json);
const catalog = testCatalog;
const MAX_MS = 3_000;

/** Findings at places in the file, or routes that take any event; whatever the text. */
function checkText(name: string, text: string, data: Json): void {
  const startedMs = performance.now();
  const files = [{ file: name, text }];
  const lines = text.split(/\r\n|\r|\n/).length;
  for (const { message, line, column } of checkMappings(files, catalog)) {
    expect(message.length).toBeGreaterThan(0);
    expect(message.length).toBeLessThan(5_000);
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
    expect(column).toBeGreaterThanOrEqual(1);
  }
  try {
    const { routes } = loadMappings(files, catalog);
    const table = createRouteTable(routes, { catalog, onWhenError: () => undefined });
    for (const type of new Set(routes.map((route) => route.type))) table.match({ id: 'e', type, data } as unknown as Event);
  } catch (error) {
    if (!(error instanceof RouterError) || error.code !== 'MAPPING_INVALID') throw error;
  }
  expect(performance.now() - startedMs).toBeLessThan(MAX_MS);
}

const runs = (count: number): { numRuns: number } => ({ numRuns: process.env.LONG === '1' ? count * 20 : count });

test('shipped mappings, changed anywhere, are findings or routes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...JSONS), mutations, fc.jsonValue(), (json, changes, data) => {
      checkText('m.json', JSON.stringify(mutated(json, changes)), data as Json);
    }),
    runs(400),
  );
});

test('shipped mappings, cut short or with characters put in, are findings or routes', () => {
  const put = fc.constantFrom(
    '',
    '{',
    '}',
    '"',
    '${{',
    '}}',
    '*a',
    '&a ',
    '<<: ',
    '!!js/function ',
    '\u0000',
    '\ud800',
    ':',
    '\n- ',
    '\t',
    '#',
    "'",
  );
  fc.assert(
    fc.property(fc.constantFrom(...SHIPPED), fc.nat(), put, fc.nat({ max: 40 }), (text, place, piece, drop) => {
      const at = place % text.length;
      const rest = piece === '' ? '' : text.slice(at + drop);
      checkText(text.startsWith('{') ? 'm.json' : 'm.yaml', text.slice(0, at) + piece + rest, {});
    }),
    runs(400),
  );
});

test('any text is findings or routes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), fc.constantFrom('m.json', 'm.yaml'), (text, name) =>
      checkText(name, text, {}),
    ),
    runs(1_000),
  );
});

test.each([
  [
    'aliases that multiply',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghij'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghij'[at]}`).join(',')}]`)
      .join('\n')}\nroutes: {t: *j}\n`,
  ],
  ['an alias of itself', 'routes: &a {t: [*a]}\n'],
  ['deep nesting', `{"routes": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
  ['deep lists', `routes: ${'['.repeat(50_000)}`],
  ['a large file', `{"routes": {"t": "${'x'.repeat(3_000_000)}"}}`],
  ['a thousand expressions', JSON.stringify({ routes: { t: [{ name: 'r', when: Array(300).fill('data.x').join(' && '), actions: [] }] } })],
])('%s end in an answer, soon', (_, text) => {
  checkText(text.startsWith('{') ? 'm.json' : 'm.yaml', text, {});
});
