import { ChartError, chartError, type Place } from '../chart-error.js';
import type { JsonSchema } from '../json-schema.js';
import { canonicalJson, isRecord } from '../k8s-object.js';
import { caseOf, type Knob, OPEN, valuesBy } from '../knob.js';
import { exampleOfPattern } from '../pattern-example.js';
import { sampleOf } from './marks.js';
import { isList, isMap, type Node, SPLICE, Splice } from './node.js';
import { choiceText, type Run, type Runs } from './runs.js';

/** The plain code of one file: complete values to what it makes. */
export type Plain = (values: unknown) => unknown;

/** The code treats the empty list or map as a case of its own. */
export class EmptyMatters extends Error {
  constructor(readonly knob: Knob) {
    super(knob.id);
  }
}

type Pick = (knob: Knob) => unknown;

interface Difference {
  readonly place: Place;
  readonly said: unknown;
  readonly made: unknown;
}

/**
 * Plain values in place of marks: on a path the code must make what its lifted output says, at the edges of every open value too. This is
 * what catches arithmetic, comparisons and conversions. `turn`: try only this one of the samples; default all.
 */
export function checkOpen(runs: Runs, run: Run, plain: Plain, turn?: number): void {
  const { output } = run;
  if (output === undefined || run.isExcluded) return;
  const differs = (pick: Pick): Difference | undefined => {
    const given = runs.knobs.filter((knob) => pick(knob) !== undefined);
    const [said, made] = [runs.marks.fill(output, valuesBy(given, pick)), at(run, () => plain(valuesBy(given, pick)))];
    return canonicalJson(said) === canonicalJson(made) ? undefined : firstDifference(said, made, { file: runs.file });
  };
  const clashes = clashingEntries(output);
  const samples = new Map(
    runs.knobs.map((knob) => [knob, [...samplesOf(knob, run), ...clashes.filter((one) => one.knob === knob).map(({ entry }) => entry)]]),
  );
  const width = Math.max(...[...samples.values()].map((list) => list.length));
  for (const index of turn === undefined ? new Array(width).keys() : [turn % width]) {
    const pick: Pick = (knob) => samples.get(knob)?.at(index % (samples.get(knob)?.length ?? 1));
    const wrong = differs(pick);
    if (wrong) throw blame(run, wrong, differs, pick, samples);
  }
}

/** What goes wrong in the code goes with the choice that led there. */
function at<T>(run: Run, code: () => T): T {
  try {
    return code();
  } catch (error) {
    const choice = choiceText(run.when);
    throw error instanceof ChartError && choice !== '' ? new ChartError(`${error.message}\n  at ${choice}`) : error;
  }
}

/** Names the value whose change alone heals the difference; a list or map that matters when empty becomes a case. */
function blame(
  run: Run,
  { place, said, made }: Difference,
  differs: (pick: Pick) => unknown,
  pick: Pick,
  samples: ReadonlyMap<Knob, readonly unknown[]>,
): Error {
  const shown = (value: unknown): string => canonicalJson(value).slice(0, 60);
  const choice = choiceText(run.when);
  const detail = `the template would say ${shown(said)}, the code makes ${shown(made)}${choice ? `\n  at ${choice}` : ''}`;
  const open = [...run.when].flatMap(([knob, index]) => (knob.cases[index]?.value === OPEN ? [knob] : []));
  const guilty = open.find((knob) => samples.get(knob)?.some((other) => !differs((each) => (each === knob ? other : pick(each)))));
  const alone = guilty ? undefined : emptyThatMatters(open, differs, pick, samples);
  if (alone) return new EmptyMatters(alone);
  if (!guilty)
    return chartError(
      place,
      `computed from values (${open.map(({ ref }) => ref).join(', ')}), not just passed on: ${detail}`,
      'a template passes values on as they are: make the result a value of its own, or write a twin in synth/twins.ts',
    );
  const value = pick(guilty);
  if (isEmptyWhole(value) && guilty.cases.length === 1) return new EmptyMatters(guilty);
  return chartError(place, `${guilty.ref} = ${shown(value)} is not just passed on: ${detail}`, remedyFor(guilty, value));
}

const isEmptyWhole = (value: unknown): boolean => typeof value === 'object' && Object.keys(value ?? {}).length === 0;

/** Of several lists and maps that are all empty, one that matters when it alone is. */
function emptyThatMatters(
  open: readonly Knob[],
  differs: (pick: Pick) => unknown,
  pick: Pick,
  samples: ReadonlyMap<Knob, readonly unknown[]>,
): Knob | undefined {
  const empty = open.filter((knob) => isEmptyWhole(pick(knob)) && knob.cases.length === 1);
  const filled = (knob: Knob): unknown => samples.get(knob)?.find((sample) => !isEmptyWhole(sample));
  return empty.find((which) => differs((each) => (each !== which && empty.includes(each) ? filled(each) : pick(each))));
}

function remedyFor(knob: Knob, value: unknown): string {
  if (knob.kind === 'map') return "pass the map on whole, with the chart's own entries last, for they must win: { ...map, own }";
  if (knob.kind === 'list') return 'pass the list on whole, or spread it: [...own, ...list]';
  return `neither compare a value nor change it (arithmetic, JSON.stringify, …); a constant that is special belongs in its schema: z.union([z.literal(${JSON.stringify(value)}), …])`;
}

const NASTY = 'a"b\\c\'d: #{{ x }}%s <&> é';
const TEXTS = [NASTY, '', 'x1', 'a-b', '7', '2Gi', '5m', 'h:1', 'http://a:1/b', 'A_B', '/a/b', 'a.b', 'UPPER', '10s'];

/** Plain values for a knob at the case that the path chose: the constant, or edges of the open rest. */
function samplesOf(knob: Knob, run: Run): unknown[] {
  const index = run.when.get(knob);
  const chosen = index === undefined ? OPEN : knob.cases[index]?.value;
  if (chosen !== OPEN) return [chosen];
  const open = knob.kind === 'flag' ? [] : openSamples(knob).filter((value) => knob.cases[caseOf(knob, value)]?.value === OPEN);
  if (open.length === 0 && knob.kind !== 'flag' && caseOf(knob, knob.fallback) !== index && index !== undefined)
    throw new ChartError(`${knob.ref}: no value is known that its schema takes and that is none of its constants`);
  return open.length > 0 ? open : [knob.fallback];
}

function openSamples({ kind, schema, fallback }: Knob): unknown[] {
  const given = fallback === undefined ? [] : [fallback];
  if (kind === 'int') {
    const { minimum: least = Number.MIN_SAFE_INTEGER, maximum: most = Number.MAX_SAFE_INTEGER } = schema;
    return [least, Math.min(least + 1, most), ...given, Math.max(most - 1, least), most];
  }
  if (kind === 'string') {
    const { pattern = '', minLength = 0, maxLength = Number.POSITIVE_INFINITY } = schema;
    const texts = [...TEXTS, exampleOfPattern(pattern)];
    return [...given, ...texts.filter((text) => new RegExp(pattern).test(text) && text.length >= minLength && text.length <= maxLength)];
  }
  let count = 0;
  const item = (text: string): unknown =>
    sampleOf(schema.items ?? (schema.additionalProperties as JsonSchema), (type) => (type === 'string' ? `${text}${count++}` : count++));
  const whole = (...items: unknown[]): unknown =>
    kind === 'list' ? items : Object.fromEntries(items.map((value, index) => [`k${index}`, value]));
  const allowsNasty = new RegExp(schema.items?.pattern ?? '').test(NASTY);
  return [
    whole(item('s')),
    ...(allowsNasty ? [whole(item(NASTY), item('s'), item('s'))] : []),
    ...((schema.minItems ?? 0) > 0 ? [] : [whole()]),
    ...given,
  ];
}

/** Entries of the chart's own that stand beside a map of values: the values must not win. */
function clashingEntries(node: Node): { readonly knob: Knob; readonly entry: unknown }[] {
  if (isList(node)) return node.flatMap(clashingEntries);
  if (!isMap(node)) return [];
  const { [SPLICE]: splice, ...own } = node;
  const clash = ({ knob }: Splice, key: string): { knob: Knob; entry: unknown } => ({
    knob,
    entry: { [key]: sampleOf(knob.schema.additionalProperties as JsonSchema, (type) => (type === 'string' ? 'clash' : 7)) },
  });
  return [
    ...(splice instanceof Splice ? Object.keys(own).map((key) => clash(splice, key)) : []),
    ...Object.values(own).flatMap(clashingEntries),
  ];
}

function firstDifference(said: unknown, made: unknown, place: Place): Difference {
  if (!(Array.isArray(said) && Array.isArray(made)) && !(isRecord(said) && isRecord(made))) return { place, said, made };
  const [a, b] = [new Map(Object.entries(said)), new Map(Object.entries(made))];
  const key = [...a.keys(), ...b.keys()].find((each) => canonicalJson(a.get(each)) !== canonicalJson(b.get(each))) ?? '';
  const child: unknown = b.get(key) ?? a.get(key);
  const object =
    place.object === undefined && isRecord(child) && isRecord(child.metadata)
      ? `${String(child.kind)}/${String(child.metadata.name)}`
      : undefined;
  return firstDifference(
    a.get(key),
    b.get(key),
    object === undefined ? { ...place, path: place.path ? `${place.path}.${key}` : key } : { ...place, object },
  );
}
