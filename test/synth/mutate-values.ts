import type { HelmChart } from '#synth/chart.js';

export interface Mutation {
  readonly label: string;
  /** What a values file would say: one leaf, the rest left to the defaults. */
  readonly given: Record<string, unknown>;
}

const STRANGE: Readonly<Record<string, unknown>> = {
  'text of a number': '3',
  number: 7,
  float: 2.5,
  'whole float': 4.0,
  negative: -1,
  huge: 1e18,
  'beyond exact': 2 ** 53,
  true: true,
  'text true': 'true',
  'empty list': [],
  'empty map': {},
  'list of text': ['x'],
  'list of numbers': [1],
  'map of numbers': { a: 1 },
  'map of text': { a: 'x' },
  'map of maps': { a: { b: 'x' } },
  'empty text': '',
  'upper case': 'UPPER case',
  'line break at the end': 'abc\n',
  'line break': 'a\nb',
  accents: 'é',
  emoji: '😀😀',
  'C1 control': 'a\u0085b',
  delete: 'a\u007fb',
  'line separator': 'a\u2028b',
  'unknown word': 'nope',
  long: 'a'.repeat(64),
};

/** Every leaf with every strange value, unknown keys beside and inside; `count` of them, spread evenly. */
export function mutationsOf(chart: HelmChart, count: number): Mutation[] {
  const knobs = chart.knobs.filter(({ id }) => !id.startsWith('release.'));
  const all = knobs.flatMap((knob) => [
    ...Object.entries(STRANGE).map(([label, value]) => ({ label: `${knob.id}: ${label}`, given: at(knob.path, value) })),
    { label: `${knob.id}: key mistyped`, given: at([...knob.path.slice(0, -1), `${knob.path.at(-1)}x`], 1) },
  ]);
  const helm = [
    { label: 'global', given: { global: { a: 1 } } },
    { label: 'global as text', given: { global: 'x' } },
    { label: 'enabled', given: { enabled: true } },
    { label: 'enabled as text', given: { enabled: 'yes' } },
  ];
  const step = Math.max(1, all.length / count);
  return [...helm, ...Array.from({ length: Math.min(count, all.length) }, (_, index) => all[Math.floor(index * step)] as Mutation)];
}

/** Every leaf set to null: Helm's schema must refuse it, whatever a version of Helm makes of null. */
export function nullsOf(chart: HelmChart): Mutation[] {
  return chart.knobs
    .filter(({ id }) => !id.startsWith('release.'))
    .map(({ id, path }) => ({ label: `${id}: null`, given: at(path, null) }));
}

function at(path: readonly string[], value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path;
  return { [key]: rest.length === 0 ? value : at(rest, value) };
}
