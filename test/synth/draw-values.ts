import fc from 'fast-check';
import type { HelmChart } from '#synth/chart.js';
import type { JsonSchema } from '#synth/json-schema.js';
import { caseOf, type Knob, OPEN } from '#synth/knob.js';
import { charsOfPattern } from '#synth/pattern.js';
import { parseValues, UNPASSABLE_KEYS } from '#synth/values/parse-values.js';

export type Tree = Record<string, unknown>;

/** What YAML, JSON, Go templates or printf are known to trip over. */
export const NASTY = [
  ...['', ' ', 'a: b', '# c', 'a #b', '{{ x }}', '{{`{{`}}', '${{ y }}', '}}', '`', '"', "'", '\\', '\\n', '%s %d %', '<&>', '$&', '$1'],
  ...[
    'yes',
    'NO',
    'on',
    'y',
    'true',
    'null',
    '~',
    '=',
    '<<',
    '.',
    '-',
    '?',
    ':',
    '|',
    '>',
    '@a',
    '*a',
    '&a',
    '!a',
    '!!str a',
    '- x',
    '[a]',
    '{a}',
  ],
  ...[
    '010',
    '0x1f',
    '0o7',
    '0b1',
    '1_0',
    '1e3',
    '.5',
    '1.',
    '1.5',
    '+1',
    '-0',
    '.inf',
    '.NaN',
    '1:20',
    '12:30:45',
    '2001-01-01',
    '9007199254740993',
  ],
  ...[
    ' lead',
    'trail ',
    'a\nb',
    'a\n',
    '\na',
    '\n',
    '\n\n',
    'a\n\n b\n',
    '  a\n b',
    'a \nb',
    '\ttab',
    'a\t\nb',
    'a\r\nb',
    'a\rb',
    '---\na',
    'a\n...\n',
  ],
  ...['é', '😀', '\u00a0', '\u00ad', '\u200b', '\ufeff', '\ufffd', '\ue000', '\u0001', '\u0000', '\u001b', '__proto__', 'constructor'],
  ...['a'.repeat(300), 'w '.repeat(100)],
];

/** Complete values of a chart, as its schema has them; not all of them pass its rules. */
export function treeOf(schema: JsonSchema, words: fc.Arbitrary<string>, root = schema): fc.Arbitrary<unknown> {
  const node = schema.$ref === undefined ? schema : definition(schema.$ref, root);
  if (node !== schema)
    return fc.oneof(words, fc.integer(), fc.boolean(), fc.dictionary(words, words, { maxKeys: 2 }), fc.array(words, { maxLength: 2 }));
  if (node.properties) {
    const members = Object.fromEntries(Object.entries(node.properties).map(([key, child]) => [key, treeOf(child, words, root)]));
    return fc.record(members, { requiredKeys: [...(node.required ?? [])] });
  }
  if (node.anyOf) return fc.oneof(...node.anyOf.map((member) => treeOf(member, words, root)));
  if (node.const !== undefined) return fc.constant(node.const);
  if (node.enum) return fc.constantFrom(...node.enum);
  if (node.type === 'boolean') return fc.boolean();
  if (node.type === 'integer') return integerOf(node);
  if (node.type === 'string') return textOf(node, words);
  if (node.type === 'array')
    return fc.array(treeOf(node.items ?? {}, words, root), {
      minLength: node.minItems ?? 0,
      maxLength: Math.min(node.maxItems ?? 3, (node.minItems ?? 0) + 3),
    });
  const keys = treeOf(node.propertyNames ?? {}, words, root) as fc.Arbitrary<string>;
  return fc
    .dictionary(
      keys.filter((key) => !UNPASSABLE_KEYS.includes(key)),
      treeOf(node.additionalProperties as JsonSchema, words, root),
      { maxKeys: 3 },
    )
    .map((map) => ({ ...map }));
}

function integerOf({ minimum: min = 0, maximum: max = Number.MAX_SAFE_INTEGER }: JsonSchema): fc.Arbitrary<number> {
  const special = [min, max, 0, 1, 1_000_000, 604_800_000, Number.MAX_SAFE_INTEGER].filter((value) => value >= min && value <= max);
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(...special));
}

function textOf({ pattern = '', minLength = 0, maxLength = 400 }: JsonSchema, words: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const allowed = new RegExp(pattern);
  const isAllowed = (text: string): boolean => allowed.test(text) && text.length >= minLength && text.length <= maxLength;
  return charsOfPattern(pattern) === undefined ? words.filter(isAllowed) : fc.stringMatching(allowed, { size: '-1' }).filter(isAllowed);
}

const anyWord = fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

/** Values that the chart takes: drawn from its schema, refused ones left out. The same ones for the same seed. */
export function drawValues(chart: HelmChart, count: number, seed: number): Tree[] {
  const trees = fc.sample(treeOf(chart.jsonSchema, anyWord) as fc.Arbitrary<Tree>, { numRuns: count * 20, seed });
  return trees
    .map(plain)
    .filter((tree) => isTaken(chart, tree))
    .slice(0, count);
}

/** One tree a nasty text: it stands wherever the schema lets it. */
export function nastyValues(chart: HelmChart): Tree[] {
  const bases = drawValues(chart, 40, 3);
  return NASTY.map((text, index) => withText(chart.jsonSchema, bases[index % bases.length], text, chart.jsonSchema) as Tree).filter(
    (tree) => isTaken(chart, tree),
  );
}

function withText(schema: JsonSchema, value: unknown, text: string, root: JsonSchema): unknown {
  const members = (schema.$ref === undefined ? schema : definition(schema.$ref, root)).anyOf ?? [schema];
  const member = (type: string): JsonSchema => members.find((one) => one.type === type) ?? {};
  if (Array.isArray(value)) return value.map((item) => withText(member('array').items ?? {}, item, text, root));
  if (typeof value === 'object' && value !== null) {
    const { properties, additionalProperties } = member('object');
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [
        key,
        withText(properties?.[key] ?? (additionalProperties as JsonSchema), child, text, root),
      ]),
    );
  }
  const { pattern } = member('string');
  const isFree = typeof value === 'string' && pattern !== undefined && charsOfPattern(pattern) === undefined;
  return isFree && new RegExp(pattern).test(text) ? text : value;
}

function definition(ref: string, root: JsonSchema): JsonSchema {
  return root.definitions?.[ref.split('/').at(-1) ?? ''] ?? {};
}

/** Few trees in which every pair of finite values stands together, wherever the rules let it. */
export function pairValues(chart: HelmChart): Tree[] {
  const knobs = chart.knobs.filter((knob) => knob.cases.length > 1);
  const cells = knobs.flatMap((knob) => knob.cases.map((_, index) => ({ knob, index })));
  const open = new Set(
    cells.flatMap((a, at) =>
      cells
        .slice(at + 1)
        .filter((b) => b.knob !== a.knob)
        .map((b) => pairKey(a, b)),
    ),
  );
  const bases = drawValues(chart, 60, 7);
  const found: Tree[] = [];
  let random = 1;
  const next = (below: number): number => {
    random = (random * 48_271) % 2_147_483_647;
    return random % below;
  };
  for (const a of cells)
    for (const b of cells) {
      if (a.knob === b.knob || !open.has(pairKey(a, b))) continue;
      for (let attempt = 0; attempt < 40; attempt++) {
        const tree = plain(bases[next(bases.length)] ?? {});
        for (const { knob, index } of [a, b]) setCase(tree, knob, index, plain(bases[next(bases.length)] ?? {}));
        if (!isTaken(chart, tree)) continue;
        const held = knobs.map((knob) => ({ knob, index: caseOf(knob, valueIn(tree, knob)) }));
        held.forEach((one, at) => {
          for (const other of held.slice(at + 1)) open.delete(pairKey(one, other));
        });
        found.push(tree);
        break;
      }
    }
  return found;
}

interface Cell {
  readonly knob: Knob;
  readonly index: number;
}

function pairKey(a: Cell, b: Cell): string {
  return [`${a.knob.id}=${a.index}`, `${b.knob.id}=${b.index}`].sort().join(' ');
}

function setCase(tree: Tree, knob: Knob, index: number, donor: Tree): void {
  const value = knob.cases[index]?.value;
  const parent = valueIn(tree, { path: knob.path.slice(0, -1) }) as Tree;
  const key = knob.path.at(-1) ?? '';
  const open = [valueIn(donor, knob), valueIn(tree, knob), knob.fallback, ...samplesOf(knob)].find(
    (one) => one !== undefined && caseOf(knob, one) === index,
  );
  if (value === undefined) delete parent[key];
  else parent[key] = value === OPEN ? open : value;
}

function samplesOf(knob: Knob): unknown[] {
  if (knob.kind === 'int') return [knob.schema.minimum ?? 1, (knob.schema.minimum ?? 1) + 1];
  return knob.kind === 'string' ? ['a', 'a-b', 'x1'] : [];
}

function valueIn(tree: Tree, { path }: Pick<Knob, 'path'>): unknown {
  return path.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key], tree);
}

function isTaken(chart: HelmChart, tree: Tree): boolean {
  return 'values' in parseValues(chart, tree);
}

/** fast-check gives objects without a prototype, and structuredClone those of another realm; cdk8s takes only plain ones. */
function plain(tree: Tree): Tree {
  return JSON.parse(JSON.stringify(tree)) as Tree;
}
