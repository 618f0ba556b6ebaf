import { type Document, isAlias, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, type Scalar, visit } from 'yaml';
import type { ConfigProblem } from '#runtime/config-problem.js';
import type { HelmChart } from '../chart.js';
import { canonicalJson } from '../k8s-object.js';
import { deepMerge, defaultValues, nearestPath, parseValues } from './parse-values.js';

/** A values file that cannot be: one line a problem, each with file:line:column. */
export class ValuesError extends Error {
  override name = 'ValuesError';
}

export interface ValuesFile {
  /** What the file itself says. */
  readonly given: Record<string, unknown>;
  /** With the defaults under it, checked by schema and rules. */
  readonly values: Record<string, unknown>;
  readonly document: Document;
}

/** Reads a values file of a chart. Throws a ValuesError. */
export function readValues(chart: HelmChart, file: string, text: string): ValuesFile {
  const { given, document, placeOf } = readYaml(file, text);
  const checked = parseValues(chart, deepMerge(defaultValues(chart), given) as Record<string, unknown>);
  if ('values' in checked) return { given, values: checked.values, document };
  throw new ValuesError(
    checked.problems.map((problem) => `${placeOf(problem.path.split('.'))}: ${problemText(chart, problem)}`).join('\n'),
  );
}

function problemText(chart: HelmChart, { path, expected, received, hint }: ConfigProblem): string {
  if (chart.rules.some(({ reason }) => reason === expected)) return expected;
  const elsewhere = expected === 'no such key' && !hint?.startsWith('did you mean') ? nearestPath(chart, path) : undefined;
  const quote = /a string/.test(expected) && /^[-\d.]+$|^(true|false)$/.test(received) ? `; write it in quotes: "${received}"` : '';
  return `${path || '(file)'}: expected ${expected}, received ${received}${elsewhere ? `; did you mean "${elsewhere}"?` : hint ? `; ${hint}` : quote}`;
}

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

interface YamlFile {
  readonly given: Record<string, unknown>;
  readonly document: Document;
  /** file:line:column of a value, or of the nearest map around it that is there. */
  readonly placeOf: (path: readonly string[]) => string;
}

/**
 * YAML as Helm (YAML 1.1, in Go's dialect) and everybody else (1.2) read it alike. What they read differently (`yes`, `010`, `1_0`, `.inf`,
 * a key `on`), null, tags and merges are refused: Helm would take another value than the one that was reviewed.
 */
export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, version: '1.2', merge: false });
  const problems: string[] = [];
  const at = (offset: number | undefined): string => {
    const { line, col } = lines.linePos(offset ?? 0);
    return `${file}:${line}:${col}`;
  };
  const say = (node: { range?: readonly [number, number, number] | null | undefined }, problem: string): void =>
    void problems.push(`${at(node.range?.[0])}: ${problem}`);
  for (const error of document.errors) problems.push(`${at(error.pos[0])}: ${error.message.split('\n')[0]}`);
  if (/^%/m.test(text) && document.directives?.yaml.explicit) problems.push(`${file}:1:1: a %YAML directive has no place in a values file`);
  const older = scalarsOf(parseDocument(text, { version: '1.1', merge: false }));
  const newer = scalarsOf(document);
  newer.forEach((node, index) => {
    const other = older[index];
    const written = node.source ?? String(node.value);
    if (node.tag !== undefined) say(node, 'tags are not read alike; leave them out');
    else if (node.value === null)
      say(node, 'null is no value: Helm drops it, keeps it or makes it 0, by version; leave the key out for the default');
    else if (typeof node.value === 'number' && !Number.isFinite(node.value)) say(node, `${written} is no number that JSON can hold`);
    else if (!other || canonicalJson(other.value) !== canonicalJson(node.value))
      say(
        node,
        `${written} is ${JSON.stringify(other?.value)} for Helm, but ${JSON.stringify(node.value)} elsewhere; write what you mean: "${written}" in quotes, true or false, or a decimal number`,
      );
    else if (typeof node.value === 'string' && LONE_SURROGATE.test(node.value)) say(node, 'half a character (a lone surrogate)');
  });
  visit(document, {
    Collection: (_, node) => {
      if (node.tag !== undefined) say(node, 'tags are not read alike; leave them out');
    },
    Pair: (_, pair) => {
      const { key } = pair;
      if (isScalar(key) && typeof key.value !== 'string' && key.value !== null)
        say(key, `the key ${key.source ?? String(key.value)} is no text; write it in quotes`);
      if (isScalar(key) && key.value === '<<') say(key, 'merge keys are not read alike; write the entries out');
      if (pair.value === null && isScalar(key)) say(key, 'null is no value: leave the key out for the default');
    },
  });
  const given: unknown = problems.length === 0 && document.contents !== null ? document.toJS() : {};
  if (problems.length === 0 && document.contents !== null && !isMap(document.contents))
    problems.push(`${file}:1:1: expected a map of values`);
  if (problems.length > 0) throw new ValuesError([...new Set(problems)].join('\n'));
  const placeOf = (path: readonly string[]): string => {
    for (let depth = path.length; depth > 0; depth--) {
      const node = keyNode(document, path.slice(0, depth));
      if (node) return at(node.range?.[0]);
    }
    return `${file}:1:1`;
  };
  return { given: given as Record<string, unknown>, document, placeOf };
}

function scalarsOf(document: Document): Scalar[] {
  const scalars: Scalar[] = [];
  visit(document, {
    Scalar: (_, node) => {
      scalars.push(node);
    },
  });
  return scalars;
}

/** The key of a map entry, or the item of a list. */
function keyNode(document: Document, path: readonly string[]): Node | undefined {
  const parent: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1).map(index), true);
  const key = path.at(-1) ?? '';
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === key);
    return pair && isScalar(pair.key) ? pair.key : undefined;
  }
  const item = document.getIn(path.map(index), true);
  return isScalar(item) || isMap(item) || isAlias(item) ? item : undefined;
}

function index(key: string): string | number {
  return /^\d+$/.test(key) ? Number(key) : key;
}
