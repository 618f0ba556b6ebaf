import { chartError, type Place } from '../chart-error.js';
import type { JsonSchema } from '../json-schema.js';
import { canonicalJson, isRecord } from '../k8s-object.js';
import { caseOf, type Knob, OPEN, valuesBy } from './knob.js';
import { sampleOf } from './marks.js';
import { fill, isList, isMap, type Node, SPLICE, Splice } from './node.js';
import { choiceText, type Run } from './runs.js';

/** The plain code of one file: complete values to what it makes. */
export type Plain = (values: unknown) => unknown;

/** The code treats the empty list or map as a case of its own. */
export class EmptyMatters extends Error {
  constructor(readonly knob: Knob) {
    super(knob.id);
  }
}

/**
 * Plain values in place of marks: at each path the code must make what its lifted output says, at the edges of every open value too. This is
 * what catches arithmetic, comparisons and conversions. `turn`: try only this one of the samples; default all.
 */
export function checkOpen(file: string, knobs: readonly Knob[], run: Run, plain: Plain, turn?: number): void {
  if (run.output === undefined || run.isExcluded) return;
  const samples = new Map(knobs.map((knob) => [knob, samplesAt(knob, run)]));
  const clashes = clashingKeys(run.output, new Map());
  for (const [knob, more] of clashes) samples.set(knob, [...(samples.get(knob) ?? []), ...more]);
  const width = Math.max(...[...samples.values()].map((list) => list.length));
  const turns = turn === undefined ? [...new Array(width).keys()] : [turn % width];
  for (const index of turns) {
    const pick = (knob: Knob): unknown => {
      const list = samples.get(knob) ?? [];
      return list[index % list.length];
    };
    const wrong = difference(file, knobs, run, plain, pick);
    if (wrong) throw blamed(file, knobs, run, plain, pick, samples, wrong);
  }
}

interface Difference {
  readonly place: Place;
  readonly said: unknown;
  readonly made: unknown;
}

function difference(file: string, knobs: readonly Knob[], run: Run, plain: Plain, pick: (knob: Knob) => unknown): Difference | undefined {
  const values = plainValues(knobs, pick);
  const made = plain(values);
  const said = fill(run.output as Node, values);
  return canonicalJson(said) === canonicalJson(made) ? undefined : firstDifference(said, made, { file });
}

/** Absent ones left out, as a reader leaves them. */
function plainValues(knobs: readonly Knob[], pick: (knob: Knob) => unknown): Record<string, unknown> {
  return valuesBy(
    knobs.filter((knob) => pick(knob) !== undefined),
    pick,
  );
}

/** Names the value whose change alone heals the difference; lists and maps that matter when empty become cases. */
function blamed(
  file: string,
  knobs: readonly Knob[],
  run: Run,
  plain: Plain,
  pick: (knob: Knob) => unknown,
  samples: ReadonlyMap<Knob, readonly unknown[]>,
  wrong: Difference,
): Error {
  const choice = choiceText(run.when);
  const at = choice ? `\n  at ${choice}` : '';
  const shown = (value: unknown): string => (canonicalJson(value) ?? 'nothing').slice(0, 60);
  const detail = `the template would say ${shown(wrong.said)}, the code makes ${shown(wrong.made)}`;
  for (const knob of knobs.filter((each) => run.when.has(each)))
    for (const other of samples.get(knob) ?? []) {
      if (difference(file, knobs, run, plain, (each) => (each === knob ? other : pick(each)))) continue;
      const value = pick(knob);
      const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
      if (isEmpty && knob.cases.length === 1) return new EmptyMatters(knob);
      return chartError(wrong.place, `${knob.ref} = ${shown(value)} is not just passed on: ${detail}${at}`, remedyFor(knob, value));
    }
  const read = knobs.filter((knob) => run.when.has(knob) && knob.cases[run.when.get(knob) ?? 0]?.value === OPEN).map(({ ref }) => ref);
  return chartError(
    wrong.place,
    `computed from values (${read.join(', ')}), not just passed on: ${detail}${at}`,
    'a template passes values on as they are: make the result a value of its own, or write a twin in synth/twins.ts',
  );
}

function remedyFor(knob: Knob, value: unknown): string {
  if (knob.kind === 'map') return "pass the map on whole, with the chart's own entries last, for they must win: { ...map, own }";
  if (knob.kind === 'list') return 'pass the list on whole, or spread it: [...own, ...list]';
  return `neither compare a value nor change it (arithmetic, JSON.stringify, …); a constant that is special belongs in its schema: z.union([z.literal(${JSON.stringify(value)}), …])`;
}

const NASTY = 'a"b\\c\'d: #{{ x }}%s <&> é';
const TEXTS = [NASTY, '', 'x1', 'a-b', '7', '2Gi', '5m', 'h:1', 'http://a:1/b', 'A_B', '/a/b', 'a/b', 'a.b', 'UPPER', '10s'];

function samplesAt(knob: Knob, run: Run): unknown[] {
  const chosen = knob.cases[run.when.get(knob) ?? 0]?.value;
  if (run.when.has(knob) && chosen !== OPEN) return [chosen];
  if (!run.when.has(knob) && knob.kind === 'flag') return [knob.fallback];
  const open = openSamples(knob).filter((value) => knob.cases[caseOf(knob, value)]?.value === OPEN);
  return open.length > 0 ? open : [knob.fallback];
}

function openSamples({ kind, schema, fallback }: Knob): unknown[] {
  const given = fallback === undefined ? [] : [fallback];
  if (kind === 'int') {
    const [least, most] = [schema.minimum ?? Number.MIN_SAFE_INTEGER, schema.maximum ?? Number.MAX_SAFE_INTEGER];
    return [...new Set([least, least + 1, ...(given as number[]), most - 1, most])].filter((value) => value >= least && value <= most);
  }
  if (kind === 'string') return [...given, ...textsFor(schema)];
  let count = 0;
  const item = (words: (type: string) => unknown): unknown =>
    sampleOf(kind === 'list' ? (schema.items ?? {}) : (schema.additionalProperties as JsonSchema), words);
  const plainWord = (type: string): unknown => (type === 'string' ? `s${count++}` : count++);
  const nastyWord = (type: string): unknown => (type === 'string' ? `${NASTY}${count++}` : count++);
  const wrap = (items: unknown[]): unknown =>
    kind === 'list' ? items : Object.fromEntries(items.map((value, index) => [`k${index}`, value]));
  const allowsNasty = schema.items?.pattern === undefined || new RegExp(schema.items.pattern).test(NASTY);
  return [
    wrap([item(plainWord)]),
    ...(allowsNasty ? [wrap([item(nastyWord), item(plainWord), item(plainWord)])] : []),
    ...((schema.minItems ?? 0) > 0 ? [] : [wrap([])]),
    ...given,
  ];
}

function textsFor({ pattern = '', minLength = 0, maxLength = Number.POSITIVE_INFINITY }: JsonSchema): string[] {
  const isAllowed = new RegExp(pattern);
  return TEXTS.filter((text) => isAllowed.test(text) && text.length >= minLength && text.length <= maxLength);
}

/** Entries of the chart's own beside a map of values: the values must not win. */
function clashingKeys(node: Node, found: Map<Knob, unknown[]>): Map<Knob, unknown[]> {
  if (isList(node)) for (const item of node) clashingKeys(item, found);
  else if (isMap(node)) {
    const splice = node[SPLICE];
    if (splice instanceof Splice)
      for (const key of Object.keys(node).filter((each) => each !== SPLICE))
        found.set(splice.knob, [
          ...(found.get(splice.knob) ?? []),
          { [key]: sampleOf(splice.knob.schema.additionalProperties as JsonSchema, (type) => (type === 'string' ? 'clash' : 7)) },
        ]);
    for (const child of Object.values(node)) clashingKeys(child, found);
  }
  return found;
}

function firstDifference(said: unknown, made: unknown, place: Place): Difference {
  const children = (value: unknown): Map<string, unknown> => new Map(Object.entries(value as object));
  const both = (Array.isArray(said) && Array.isArray(made)) || (isRecord(said) && isRecord(made));
  if (!both) return { place, said, made };
  const [a, b] = [children(said), children(made)];
  const key = [...new Set([...a.keys(), ...b.keys()])].find((each) => canonicalJson(a.get(each)) !== canonicalJson(b.get(each)));
  if (key === undefined) return { place, said, made };
  const child = b.get(key) ?? a.get(key);
  const isObject = place.object === undefined && isRecord(child) && isRecord(child.metadata);
  const next = isObject
    ? { ...place, object: `${String(child.kind)}/${String((child.metadata as Record<string, unknown>).name)}` }
    : { ...place, path: place.path ? `${place.path}.${key}` : key };
  return firstDifference(a.get(key), b.get(key), next);
}
