import { describe, expect, test } from '@jest/globals';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { z } from 'zod';
import { bundle, defineChart } from '#synth/chart.js';
import { compile } from '#synth/compiler/compile.js';
import { addFields } from '#synth/newer-fields.js';
import { atMost, is, isEmpty, isGiven, require } from '#synth/require.js';
import { text } from '#synth/value-types.js';
import { configMap, object, pod, smallChart, templateOf } from './small-chart.js';

type Case = readonly [mistake: string, code: Parameters<typeof templateOf>[0], says: readonly RegExp[]];

/** Each names the file, the object, the path, the value, and what to write instead. */
const CASES: readonly Case[] = [
  [
    'arithmetic',
    object((v) => ({ a: v.num - 1 })),
    [/x\.yaml: Thing\/thing: a: computed from values \(\.Values\.num\)/, /a value of its own, or write a twin/],
  ],
  ['arithmetic on two values', object((v) => ({ a: v.num + v.m })), [/computed from values \(\.Values\.num, \.Values\.m\)/]],
  ['arithmetic in a text', object((v) => ({ a: `${Math.ceil(v.num / 0.8)}Gi` })), [/computed from values/]],
  [
    'a limit by Math.max',
    object((v) => ({ a: Math.max(v.num, 2) })),
    [/\.Values\.num = 0 is not just passed on: the template would say 0, the code makes 2/],
  ],
  ['a threshold', object((v) => ({ a: v.num > 5 ? 'big' : 'small' })), [/neither compare a value nor change it/]],
  ['a comparison of two values', object((v) => ({ a: v.num <= v.m ? 'a' : 'b' })), [/\.Values\.num = 0/]],
  [
    '0 compared, but not named in the schema',
    object((v) => ({ a: v.num === 0 ? 'none' : 'some' })),
    [/z\.union\(\[z\.literal\(0\), …\]\)/],
  ],
  ["'' compared, but not named in the schema", object((v) => ({ a: v.s || 'none' })), [/z\.literal\(""\)/]],
  ['a default compared', object((v) => ({ a: v.name === 'cluster' ? 1 : 2 })), [/\.Values\.name = "cluster"/]],
  [
    'a value read and compared, but never passed on',
    object((v) => ({ a: v.num === 7 ? 1 : 2 })),
    [/\.Values\.num is read but reaches nothing/, /name the constant in its schema/],
  ],
  ['the length of a text', object((v) => ({ a: v.s.length })), [/\.Values\.s = /]],
  ['upper case', object((v) => ({ a: v.s.toUpperCase() })), [/\.Values\.s is changed on its way/]],
  ['a text cut', object((v) => ({ a: v.s.slice(1) })), [/\.Values\.s is changed on its way/]],
  [
    'a free text quoted into JSON',
    configMap((v) => ({ a: JSON.stringify({ k: v.s }) })),
    [/ConfigMap\/config: data\.a: \.Values\.s = /, /JSON\.stringify/],
  ],
  [
    'a list mapped',
    object((v) => ({ spec: { hosts: v.list.map((host) => ({ host })) } })),
    [/spec\.hosts\.0\.host: the list \.Values\.list is taken apart/, /\[\.\.\.own, \.\.\.list\]/],
  ],
  [
    'a list joined by hand',
    configMap((v) => ({ a: v.names.join(',') })),
    [/the list \.Values\.names is taken apart/, /join\(\) of synth\/twins\.ts/],
  ],
  ['a list sorted', object((v) => ({ a: [...v.list].sort() })), [/taken apart/]],
  ['a list cut', object((v) => ({ a: v.list.slice(0, 1) })), [/taken apart/]],
  ['the length of a list', object((v) => ({ a: v.list.length })), [/computed from values \(\.Values\.list\)/]],
  ['the keys of a map', object((v) => ({ a: Object.keys(v.map) })), [/the map \.Values\.map is taken apart/, /\{ \.\.\.map, own \}/]],
  ['a map as a list', object((v) => ({ a: Object.entries(v.map).map(([name, value]) => ({ name, value })) })), [/taken apart/]],
  ['a map that wins', object((v) => ({ a: { own: 'x', ...v.map } })), [/a\.own: \.Values\.map = \{"own":"clash"\}/, /own entries last/]],
  ['two maps in one', object((v) => ({ a: { ...v.map, ...v.any } })), [/two maps of values meet/]],
  ['a value as a key', configMap((v) => ({ [`${v.name}.json`]: 'x' })), [/data: a key holds \.Values\.name/]],
  [
    'a field that the 1.27 types lose',
    pod(() => ({ containers: [{ name: 'a', startupProbe: { failureTreshold: 1 } as never }] })),
    [/Pod\/pod: spec\.containers\.0\.startupProbe\.failureTreshold: the Kubernetes 1\.27 type does not know/],
  ],
  [
    'a map of values that the types lose',
    pod((v) => ({ affinity: v.any as never })),
    [/spec\.affinity\.\{\{ \.Values\.any \}\}/, /addFields\(\)/],
  ],
  [
    'two objects of one name',
    (chart, v) => void [1, 2].map((i) => new ApiObject(chart, `o${i}`, { apiVersion: 'v1', kind: 'X', metadata: { name: v.name } })),
    [/X\/\{\{ \.Values\.name \}\}: two objects of one kind and name/],
  ],
  ['the clock', object(() => ({ a: Date.now() })), [/reads the clock \(Date\.now\)/, /make it a value/]],
  ['a new Date', object(() => ({ a: new Date().toISOString() })), [/reads the clock/]],
  ['chance', object(() => ({ a: Math.random() })), [/reads chance/]],
  [
    'a throw at one combination',
    object((v) => {
      if (v.e === 'bus' && v.t === 'split') throw new Error('bus cannot be split');
      return { a: v.e };
    }),
    [/bus cannot be split/, /at e="bus" t="split"/, /refuse it with require\(condition, reason\)/],
  ],
  ['null', object(() => ({ a: [null] })), [/a\.0: null is no value|undefined is no value/]],
  ['state between calls', stateful(), [/must depend on its values alone|not just passed on|no template found/]],
];

function stateful(): Case[1] {
  let calls = 0;
  return object((v) => (calls++ % 2 === 0 ? { a: v.b } : { a: v.c }));
}

test.each(CASES)('%s is refused, with place, value and remedy', (_, code, says) => {
  let message = '';
  try {
    templateOf(code);
  } catch (error) {
    message = String(error);
  }
  for (const each of says) expect(message).toMatch(each);
  expect(message).toMatch(/^ChartError: x\.yaml/);
});

test('a place that hangs on very many values is refused, naming it and them', () => {
  const flags = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`f${i}`, z.boolean().default(false).describe('f')]));
  const chart = defineChart({
    name: 'wide',
    values: z.strictObject(flags),
    templates: {
      'x.yaml': (scope, v) => {
        const count = Object.values(v).filter((flag) => flag === true).length;
        new k8s.KubeConfigMap(scope, 'c', { metadata: { name: 'c' }, data: { count: String(count) } });
      },
    },
  });
  expect(() => compile(chart)).toThrow(/x\.yaml: .*data\.count.*: hangs on 11 values at once \(f0, f1/);
});

test('two files that make one object are refused where the chart is rendered', () => {
  const chart = smallChart(object(() => ({})));
  const twice = { ...chart, templates: new Map([...chart.templates, ['y.yaml', chart.templates.get('x.yaml') as never]]) };
  expect(() => bundle(twice, {}, twice.release)).toThrow('small: two objects are v1/Thing/thing');
});

test('values that no template and no rule reads are refused', () => {
  expect(() => compile(smallChart(object((v) => ({ a: v.num }))))).toThrow(/no template and no rule reads \.Values\.m, \.Values\.zero/);
});

test('a field that is not listed does not enter behind the back of the types', () => {
  const code: Case[1] = (chart) => {
    const made = new k8s.KubePod(chart, 'p', { metadata: { name: 'p' }, spec: { containers: [{ name: 'a' }] } });
    addFields(made, { spec: { hostnam: 'x' } });
  };
  expect(() => templateOf(code)).toThrow(/Pod\/p: spec\.hostnam: is not listed in synth\/newer-fields\.ts/);
});

test('a newer field for an item that is not there is refused', () => {
  const code: Case[1] = (chart) => {
    const made = new k8s.KubeDeployment(chart, 'd', {
      metadata: { name: 'd' },
      spec: { selector: {}, template: { spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'tracer' }] } } },
    });
    addFields(made, { spec: { template: { spec: { initContainers: [{ name: 'tracr', restartPolicy: 'Always' }] } } } });
  };
  expect(() => templateOf(code)).toThrow(/no item is called tracr; there are tracer/);
});

test('a checksum of a file that is not there, or in a circle, is refused', () => {
  expect(() => templateOf(object((_, { checksum }) => ({ a: checksum('nope.yaml') })))).toThrow(
    /x\.yaml: checksum\("nope\.yaml"\): the chart has no such template file/,
  );
  const circle = smallChart(object((_, { checksum }) => ({ a: checksum('x.yaml') })));
  expect(() => bundle(circle, {}, circle.release)).toThrow(/covers itself, in a circle/);
});

describe('a schema', () => {
  const bad: readonly [string, Record<string, z.ZodType>, RegExp][] = [
    [
      'with .refine()',
      {
        a: z
          .string()
          .regex(/^a$/)
          .refine(() => true)
          .default('a')
          .describe('a'),
      },
      /a: \.refine\(\) is unknown to Helm: say it as data with require/,
    ],
    [
      'with .superRefine() in a list',
      {
        a: z
          .array(text().superRefine(() => undefined))
          .default([])
          .describe('a'),
      },
      /a\.\*: \.refine\(\)/,
    ],
    [
      'with .transform()',
      {
        a: text()
          .transform((value) => value.length)
          .default(1)
          .describe('a'),
      },
      /zod's (?:pipe|transform) has no counterpart/,
    ],
    ['with .trim()', { a: text().trim().default('').describe('a') }, /overwrite is unknown to Helm, or changes the value/],
    ['with a format', { a: z.email().default('a@b.c').describe('a') }, /format email/],
    ['with a bare string', { a: z.string().default('').describe('a') }, /a: a bare string .* use text\(\)/],
    [
      'with look-around',
      {
        a: z
          .string()
          .regex(/^(?!x)[a-z]+$/)
          .default('a')
          .describe('a'),
      },
      /do not share.*\(\?!/,
    ],
    ['with a dot', { a: z.string().regex(/^a.b$/).default('axb').describe('a') }, /JavaScript and Go/],
    ['with \\s', { a: z.string().regex(/^\s*$/).default('').describe('a') }, /JavaScript and Go/],
    ['with a pattern that is not anchored', { a: z.string().regex(/a/).default('a').describe('a') }, /anchored/],
    ['with lengths beyond ASCII', { a: text().max(5).default('').describe('a') }, /lengths count differently/],
    ['with another key allowed', { a: z.object({ b: z.boolean().default(true).describe('b') }).prefault({}) }, /write z\.strictObject/],
    ['with a float', { a: z.number().default(1).describe('a') }, /numbers must be whole/],
    ['with a value without default', { a: text().describe('a') }, /give it a \.default/],
    ['with a value without description', { a: z.boolean().default(true) }, /\.describe\(\) it/],
    ['with an optional flag', { a: z.boolean().optional().describe('a') }, /add a member such as 'none'/],
    ['with an optional object', { a: z.strictObject({ b: z.boolean().default(true).describe('b') }).optional() }, /an optional object/],
    ['with an optional list', { a: z.array(text()).optional().describe('a') }, /default it to \[\]/],
    ['with a map that has defaults', { a: z.record(text(), text()).default({ a: 'b' }).describe('a') }, /must default to \{\}/],
    [
      'with types mixed',
      {
        a: z
          .union([z.literal('auto'), z.int().min(1)])
          .default('auto')
          .describe('a'),
      },
      /members of several types/,
    ],
    [
      'with defaults inside lists',
      {
        a: z
          .array(z.strictObject({ b: text().default('x') }))
          .default([])
          .describe('a'),
      },
      /Helm gives no defaults inside lists/,
    ],
    ['with values of any shape', { a: z.record(text(), z.unknown()).default({}).describe('a') }, /use anyMap\(\)/],
    ['with a key that templates cannot read', { 'a-b': z.boolean().default(true).describe('a') }, /letters and digits/],
    [
      'with a key that Helm reads as false',
      { n: z.boolean().default(true).describe('a') },
      /n: Helm reads this key as true, false or null/,
    ],
    ['with a key of Helm', { global: z.boolean().default(true).describe('a') }, /"global" is taken/],
  ];

  test.each(bad)('%s is refused', (_, shape, says) => {
    expect(() => defineChart({ name: 'bad', values: z.strictObject(shape), templates: {} })).toThrow(says);
  });
});

describe('a rule', () => {
  const chart = (rule: never): unknown =>
    smallChart(
      object(() => ({})),
      [rule],
    );

  test('about a value that is not there, or of another kind, is refused', () => {
    expect(() => chart(require(is('nope', 1), 'why') as never)).toThrow(/rule "why": there is no value nope/);
    expect(() => chart(require(is('e', 'htp'), 'why') as never)).toThrow(/e is not a string that is always there/);
    expect(() => chart(require(is('opt', 'x'), 'why') as never)).toThrow(/opt is not/);
    expect(() => chart(require(atMost('s', 3), 'why') as never)).toThrow(/s is not a number/);
    expect(() => chart(require(isEmpty('num'), 'why') as never)).toThrow(/num is not a text, list or map/);
    expect(() => chart(require(isGiven('num'), 'why') as never)).toThrow(/num is not optional/);
  });
});

test('rules name their values with types: a path that is not in the schema does not compile', () => {
  const values = z.strictObject({ a: z.strictObject({ b: z.boolean().default(true).describe('b') }).prefault({}) });
  // @ts-expect-error there is no a.c
  expect(() => defineChart({ name: 'x', values, rules: [require(is('a.c', true), 'why')], templates: {} })).toThrow(
    /there is no value a\.c/,
  );
});
