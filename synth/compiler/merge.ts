import { chartError, type Place } from '../chart-error.js';
import { embed, supersequence } from './align.js';
import { conditionOf } from './condition.js';
import type { Knob } from './knob.js';
import { linesOf } from './lines.js';
import { byRank, isList, isMap, keyOf, type MapNode, type Node, SPLICE, Splice } from './node.js';
import { generalKey, withPassedOn } from './passed-on.js';
import { docId, type Run, type Runs } from './runs.js';
import { constant, type Item, Leaf, LinesTree, ListTree, MapTree, Switch, type Tree } from './tree.js';

/** Two paths that differ in one knob: where their outputs differ, the knob matters. */
export interface Pair {
  readonly a: Run;
  readonly b: Run;
  readonly knob: Knob;
}

/** What is known of a file: paths, and pairs of them. */
export interface Evidence {
  readonly runs: readonly Run[];
  readonly pairs: readonly Pair[];
}

/** One position of the output: its node on a path; undefined where it is not there. */
type View = (run: Run) => Node | undefined;

/** More rows than this would need a condition that nobody can read. */
const MAX_ROWS = 1024;

/** One tree for all paths: its conditions are exact for the values that the evidence shows to matter at each position. */
export function merge(evidence: Evidence, runs: Runs): Tree {
  return new Merger(evidence, runs).root();
}

interface Row {
  readonly cases: readonly number[];
  readonly run: Run;
}

class Merger {
  constructor(
    readonly evidence: Evidence,
    readonly runs: Runs,
  ) {}

  /** Documents, of which there may be none; or the text of the notes. */
  root(): Tree {
    const view: View = (run) => run.output;
    const place = { file: this.runs.file };
    const hasDocuments = this.evidence.runs.some((run) => isList(run.output));
    if (!hasDocuments) return this.build(view, [], this.evidence.pairs, place);
    return new ListTree(this.#sequence(view as (run: Run) => readonly Node[] | undefined, [], this.evidence.pairs, place));
  }

  /** `context`: the knobs on which it hangs that this position is there at all. */
  build(view: View, context: readonly Knob[], allPairs: readonly Pair[], place: Place): Tree {
    const seen = this.#seen(view);
    const keys = new Set(seen.map((run) => keyOf(view(run))));
    const first = seen[0] && view(seen[0]);
    if (first === undefined) return new Leaf('');
    if (keys.size === 1) return constant(first);
    const pairs = allPairs.filter(({ a, b }) => keyOf(view(a)) !== keyOf(view(b)));
    const shapes = new Set(seen.map((run) => shapeOf(view(run))));
    if (shapes.size > 1)
      return this.#switch(view, shapeOf, context, pairs, place, (shape, knobs) =>
        this.build((run) => (shapeOf(view(run)) === shape ? view(run) : undefined), knobs, pairs, place),
      );
    if (isMap(first)) return this.#map(view as (run: Run) => MapNode | undefined, context, pairs, place);
    if (isList(first)) return new ListTree(this.#sequence(view as (run: Run) => readonly Node[] | undefined, context, pairs, place));
    const lines = linesOf(first);
    if (lines) {
      const lined = (run: Run): readonly Node[] | undefined => {
        const node = view(run);
        return node === undefined ? undefined : linesOf(node)?.lines;
      };
      return new LinesTree(this.#sequence(lined, context, pairs, place), lines.end);
    }
    return this.#scalar(view, context, pairs, place);
  }

  #seen(view: View): Run[] {
    return this.evidence.runs.filter((run) => !run.isExcluded && view(run) !== undefined);
  }

  #map(view: (run: Run) => MapNode | undefined, context: readonly Knob[], pairs: readonly Pair[], place: Place): Tree {
    const names = new Set(this.#seen(view).flatMap((run) => Object.keys(view(run) ?? {})));
    return new MapTree(
      [...names].sort(byRank).map((key) => ({ key, ...this.#member(view, (run) => view(run)?.[key], context, pairs, inside(place, key)) })),
    );
  }

  /** Members of a list or text in one order: by name where all have one, by position where all are as long, else by what they say. */
  #sequence(view: (run: Run) => readonly Node[] | undefined, context: readonly Knob[], pairs: readonly Pair[], place: Place): Item[] {
    const seen = this.#seen(view);
    const identify = identityOf(seen.map((run) => view(run) ?? []));
    const idsOf = (run: Run): string[] | undefined => view(run)?.map((member, index) => identify(member, index, run));
    const order = supersequence(seen.map((run) => idsOf(run) ?? []));
    const members = new Map<Run, (Node | undefined)[]>();
    const membersOf = (run: Run): (Node | undefined)[] => {
      const known = members.get(run);
      if (known) return known;
      const list: (Node | undefined)[] = order.map(() => undefined);
      embed(idsOf(run) ?? [], order)?.forEach((at, index) => {
        list[at] = view(run)?.[index];
      });
      members.set(run, list);
      return list;
    };
    return order.map((_, at) => this.#member(view, (run) => membersOf(run)[at], context, pairs, inside(place, String(at))));
  }

  #member(parent: View, view: View, context: readonly Knob[], pairs: readonly Pair[], place: Place): Item {
    const isThere = (run: Run): string | undefined => (parent(run) === undefined ? undefined : view(run) === undefined ? 'no' : 'yes');
    const seen = this.#seen(parent);
    const named = place.object === undefined ? { ...place, ...labelled(seen.map(view)) } : place;
    if (seen.every((run) => view(run) !== undefined)) return { tree: this.build(view, context, pairs, named) };
    const { knobs, rows } = this.#table(isThere, context, pairs, named);
    const when = conditionOf(
      knobs,
      rows.map(({ cases, run }) => ({ cases, holds: holdsIf(run, isThere(run), 'yes') })),
    );
    return { when, tree: this.build(view, knobs, pairs, named) };
  }

  #switch(
    view: View,
    classOf: (node: Node | undefined) => string | undefined,
    context: readonly Knob[],
    pairs: readonly Pair[],
    place: Place,
    make: (which: string, knobs: readonly Knob[]) => Tree,
  ): Tree {
    const table = this.#table((run) => classOf(view(run)), context, pairs, place);
    return this.#arms(
      table,
      (row) => classOf(view(row.run)),
      (which) => make(which, table.knobs),
    );
  }

  #scalar(view: View, context: readonly Knob[], pairs: readonly Pair[], place: Place): Tree {
    const table = this.#table((run) => (view(run) === undefined ? undefined : keyOf(view(run))), context, pairs, place);
    const nodes = withPassedOn(
      table.knobs,
      table.rows.map(({ cases, run }) => ({ cases, node: run.isExcluded ? undefined : view(run) })),
    );
    const byKey = new Map(nodes.map((node) => [keyOf(node), node]));
    const keys = new Map(table.rows.map((row, index) => [row, nodes[index] === undefined ? undefined : keyOf(nodes[index])]));
    return this.#arms(
      table,
      (row) => keys.get(row),
      (key) => constant(byKey.get(key) ?? ''),
    );
  }

  /** One arm a class, in the order of the rows; conditions need not hold off what an earlier arm has taken. */
  #arms(
    { knobs, rows }: { knobs: readonly Knob[]; rows: readonly Row[] },
    classOf: (row: Row) => string | undefined,
    make: (which: string) => Tree,
  ): Tree {
    const classes = [...new Set(rows.flatMap((row) => (row.run.isExcluded ? [] : (classOf(row) ?? []))))];
    const arms = classes.map((which, index) => {
      const taken = classes.slice(0, index);
      const truth = rows.map((row) => {
        const found = classOf(row);
        return { cases: row.cases, holds: found !== undefined && taken.includes(found) ? undefined : holdsIf(row.run, found, which) };
      });
      return { when: conditionOf(knobs, truth), tree: make(which) };
    });
    const [only] = arms;
    return arms.length === 1 && only
      ? only.tree
      : new Switch(arms.map((arm, index) => (index < arms.length - 1 ? arm : { tree: arm.tree })));
  }

  /** Every choice of the knobs that matter here, the others at their first case. */
  #table(
    classOf: (run: Run) => string | undefined,
    context: readonly Knob[],
    pairs: readonly Pair[],
    place: Place,
  ): { knobs: readonly Knob[]; rows: readonly Row[] } {
    const matter = new Set(context);
    for (const { a, b, knob } of pairs) {
      const [one, two] = [classOf(a), classOf(b)];
      if (one !== undefined && two !== undefined && one !== two) matter.add(knob);
    }
    const knobs = this.runs.knobs.filter((knob) => matter.has(knob));
    const count = knobs.reduce((product, knob) => product * knob.cases.length, 1);
    if (count > MAX_ROWS)
      throw chartError(
        place,
        `hangs on ${knobs.length} values at once (${knobs.map(({ id }) => id).join(', ')})`,
        'switch larger parts on fewer values, or split the template file',
      );
    const rows = Array.from({ length: count }, (_, number) => {
      const cases = casesAt(knobs, number);
      return { cases, run: this.#representative(knobs, cases) };
    });
    return { knobs, rows };
  }

  /** A path with these cases: the others at their first, or, where the rules exclude that, as on any path we know. */
  #representative(knobs: readonly Knob[], cases: readonly number[]): Run {
    const run = this.runs.at((knob) => cases[knobs.indexOf(knob)] ?? 0);
    const isAlike = (other: Run): boolean => knobs.every((knob, index) => (other.when.get(knob) ?? cases[index]) === cases[index]);
    return run.isExcluded ? (this.evidence.runs.find((other) => !other.isExcluded && isAlike(other)) ?? run) : run;
  }
}

/** The cases of row `number`: the last knob changes fastest. */
function casesAt(knobs: readonly Knob[], number: number): number[] {
  let rest = number;
  return [...knobs]
    .reverse()
    .map(({ cases }) => {
      const index = rest % cases.length;
      rest = Math.floor(rest / cases.length);
      return index;
    })
    .reverse();
}

function holdsIf(run: Run, found: string | undefined, wanted: string): boolean | undefined {
  return run.isExcluded || found === undefined ? undefined : found === wanted;
}

function inside(place: Place, key: string): Place {
  return place.object === undefined ? place : { ...place, path: place.path ? `${place.path}.${key}` : key };
}

function labelled(nodes: readonly (Node | undefined)[]): { object?: string } {
  const doc = nodes.find(isMap);
  const metadata = doc?.metadata;
  return doc && isMap(metadata)
    ? { object: `${String(doc.kind)}/${typeof metadata.name === 'string' ? metadata.name : keyOf(metadata.name)}` }
    : {};
}

const isHollow = (members: readonly Node[]): boolean => members.every((member) => member instanceof Splice);

/** Nodes of one shape can be merged. Empty ones, and such with values spliced in, print otherwise; beside a splice the own keys must be certain. */
function shapeOf(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (isList(node)) return isHollow(node) ? keyOf(node) : 'list';
  if (isMap(node)) return isHollow(Object.values(node)) ? keyOf(node) : SPLICE in node ? `map ${Object.keys(node).join()}` : 'map';
  const lines = linesOf(node);
  return lines ? `lines ${lines.end}` : 'scalar';
}

const NAMES = ['name', 'mountPath', 'containerPort', 'port', 'topologyKey'];

function identityOf(lists: readonly (readonly Node[])[]): (member: Node, index: number, run: Run) => string {
  const members = lists.flat().filter((member) => !(member instanceof Splice));
  if (members.some((member) => isMap(member) && 'apiVersion' in member)) return docId;
  const name = NAMES.find(
    (key) =>
      members.every((member) => isMap(member) && key in member) &&
      lists.every((list) => new Set(list.map((member) => keyOf(isMap(member) ? member[key] : member))).size === list.length),
  );
  if (name !== undefined) return (member, _, run) => (isMap(member) ? generalKey(member[name] ?? '', run) : keyOf(member));
  const isFixed = lists.every((list) => list.length === lists[0]?.length && list.every((member) => !(member instanceof Splice)));
  if (isFixed) return (_, index) => String(index);
  return (member, _, run) => generalKey(member, run);
}
