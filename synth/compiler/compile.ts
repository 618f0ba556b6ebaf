import { checkObjects, type HelmChart } from '../chart.js';
import { ChartError, chartError } from '../chart-error.js';
import { type Choice, caseOf, valueAt, withEmptyCase } from '../knob.js';
import { decide, pathsOf, UNKNOWN } from '../require.js';
import { headerOf, rulesTemplate } from '../rules-template.js';
import { checkOpen, EmptyMatters, type Plain } from './check-open.js';
import { type Explored, explore } from './explore.js';
import { print } from './print.js';
import { checksumToken, type Probe, probeOf, Runs } from './runs.js';

export interface CompileOptions {
  /** Up to this many paths through a file's code every one is taken. Default 256. */
  readonly maxPaths?: number;
  /** Beyond it: random choices in a row that the template must foretell. Default 500. */
  readonly wantedCount?: number;
  /** Complete values to learn from beside the defaults, e.g. those of the environments. */
  readonly seeds?: readonly unknown[];
  /** Shifts the random choices; for the test that the text does not depend on it. */
  readonly seed?: number;
}

export interface CompiledFile {
  readonly text: string;
  readonly mode: Explored['mode'];
  /** Paths taken. */
  readonly pathCount: number;
  readonly seconds: number;
  readonly read: ReadonlySet<string>;
}

/** The templates of a chart: file name in templates/ → text. Throws a ChartError that tells the chart's author what to write instead. */
export function compile(chart: HelmChart, options: CompileOptions = {}): ReadonlyMap<string, CompiledFile> {
  const names = [...chart.templates.keys(), ...(chart.notes ? [NOTES] : [])];
  const files = new Map(names.map((file) => [file, compileFile(chart, file, options)]));
  if (chart.rules.length > 0) files.set('rules.yaml', rulesFile(chart));
  const read = new Set([...files.values()].flatMap((one) => [...one.read]));
  const idle = chart.knobs.filter(({ id }) => !read.has(id) && !id.startsWith('release.')).map(({ ref }) => ref);
  if (idle.length > 0)
    throw new ChartError(`${chart.name}: no template and no rule reads ${idle.join(', ')}; use them, or take them out of the values`);
  return files;
}

const NOTES = 'NOTES.txt';

/** One file of a chart's templates. */
export function compileFile(chart: HelmChart, file: string, options: CompileOptions = {}): CompiledFile {
  const [probe, plain] = codeOf(chart, file);
  const startedMs = performance.now();
  for (let knobs = chart.knobs; ; ) {
    try {
      const runs = new Runs(file, knobs, chart.rules, probe);
      const explored = follow(runs, plain, options);
      const read = new Set(runs.all.flatMap((run) => [...run.when.keys()].map(({ id }) => id)));
      return {
        text: headerOf(chart.name) + print(explored.tree, runs.marks),
        mode: explored.mode,
        pathCount: runs.all.length,
        seconds: (performance.now() - startedMs) / 1000,
        read,
      };
    } catch (error) {
      if (!(error instanceof EmptyMatters)) throw error;
      const { id } = error.knob;
      knobs = knobs.map((knob) => (knob.id === id ? withEmptyCase(knob) : knob));
    }
  }
}

/** The code of a file, for marks and for plain values. */
function codeOf(chart: HelmChart, file: string): readonly [Probe, Plain] {
  const { templates, notes } = chart;
  const render = templates.get(file);
  const plain: Plain = (values) => {
    const objects = render?.(values, { checksum: checksumToken }) ?? [];
    if (!isRefused(chart, values)) checkObjects(chart, objects, { file });
    return objects;
  };
  if (render) return [probeOf(file, templates, render), plain];
  if (file === NOTES && notes) return [(values, marks) => marks.lift(notes(values), { file }), notes];
  throw new ChartError(`there is no template ${file}`);
}

/** Do the rules refuse these values, of which some may be missing? */
function isRefused({ rules }: HelmChart, values: unknown): boolean {
  const at = (path: string): unknown => {
    const keys = path.split('.');
    const parent = valueAt(values, keys.slice(0, -1));
    const key = keys.at(-1) ?? '';
    return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key) ? (parent as Record<string, unknown>)[key] : UNKNOWN;
  };
  return rules.some(({ condition }) => decide(condition, at) === false);
}

function follow(runs: Runs, plain: Plain, { maxPaths = 256, wantedCount = 500, seeds = [], seed = 0 }: CompileOptions): Explored {
  const bases = [defaults(), ...seeds.map(choiceOf)];
  // Before the long way: a list or map that matters when empty begins it anew.
  for (const base of bases) checkOpen(runs, runs.at(base), plain);
  const explored = explore(runs, { maxPaths, wantedCount, bases, seed });
  explored.runs.forEach((run, index) => {
    checkOpen(runs, run, plain, explored.mode === 'every path' || index < bases.length ? undefined : index);
  });
  const idle = runs.knobs.find(
    (knob) =>
      knob.kind !== 'flag' && knob.cases.length === 1 && !runs.marks.reached.has(knob) && runs.all.some((run) => run.when.has(knob)),
  );
  if (idle)
    throw chartError(
      { file: runs.file },
      `${idle.ref} is read but reaches nothing`,
      'a value can only be passed on: if it is compared, name the constant in its schema; if a typed property loses it, use addFields() of synth/newer-fields.ts',
    );
  return explored;
}

function defaults(): Choice {
  return (knob) => caseOf(knob, knob.fallback);
}

function choiceOf(values: unknown): Choice {
  return (knob) => caseOf(knob, valueAt(values, knob.path));
}

function rulesFile(chart: HelmChart): CompiledFile {
  const startedMs = performance.now();
  const read = new Set(chart.rules.flatMap(({ condition }) => pathsOf(condition)));
  const text = rulesTemplate(chart);
  return { text, mode: 'every path', pathCount: chart.rules.length, seconds: (performance.now() - startedMs) / 1000, read };
}
