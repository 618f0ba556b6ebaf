import { chartError } from '../chart-error.js';
import type { Knob } from '../knob.js';
import { embed, supersequence } from './align.js';
import { type Condition, conditionOf } from './condition.js';
import { linesOf } from './lines.js';
import type { Marks } from './marks.js';
import { byRank, isList, isMap, keyOf, type MapNode, type Node, SPLICE, Splice } from './node.js';
import { generalKeys, withPassedOn } from './passed-on.js';
import { docId, type Run, type Runs } from './runs.js';
import { constant, DocumentsTree, type Item, Leaf, LinesTree, ListTree, MapTree, Switch, type Tree } from './tree.js';

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
type View<N extends Node = Node> = (run: Run) => N | undefined;

/** A position: where it is, on which knobs it hangs that it is there, and the pairs that may tell what it says. */
interface Spot {
  readonly where: string;
  readonly context: readonly Knob[];
  readonly pairs: readonly Pair[];
}

/** Every choice of the knobs that matter at a position, and the path it takes. */
interface Table {
  readonly knobs: readonly Knob[];
  readonly rows: readonly { readonly cases: readonly number[]; readonly run: Run }[];
}

/** What tells rows apart; undefined: the position is not there, so it does not matter. */
type Classify = (run: Run) => string | undefined;

/** More rows than this would need a condition that nobody can read. */
const MAX_ROWS = 1024;

/** One tree for all paths: its conditions are exact for the values that the evidence shows to matter at each position. */
export function merge(evidence: Evidence, runs: Runs): Tree {
  const merger = new Merger(evidence, runs);
  const spot = { where: '', context: [], pairs: evidence.pairs };
  const view: View = (run) => run.output;
  // Documents may be none; every other list must be one.
  return evidence.runs.some(({ output }) => isList(output))
    ? new DocumentsTree(merger.sequence(view as View<readonly Node[]>, spot))
    : merger.build(view, spot);
}

class Merger {
  readonly #marks: Marks;
  constructor(
    readonly evidence: Evidence,
    readonly runs: Runs,
  ) {
    this.#marks = runs.marks;
  }

  build(view: View, spot: Spot): Tree {
    const nodes = this.#seen(view).map((run) => view(run) as Node);
    const [first] = nodes;
    if (first === undefined) return new Leaf('');
    if (new Set(nodes.map(keyOf)).size === 1) return constant(first, this.#marks);
    const here = { ...spot, pairs: spot.pairs.filter(({ a, b }) => keyOf(view(a)) !== keyOf(view(b))) };
    const shapes = new Map(nodes.map((node) => [keyOf(node), this.#shapeOf(node)]));
    const shapeAt: Classify = (run) => {
      const node = view(run);
      return node === undefined ? undefined : (shapes.get(keyOf(node)) ?? this.#shapeOf(node));
    };
    if (new Set(shapes.values()).size > 1) {
      const table = this.#table(shapeAt, here);
      const ofShape =
        (shape: string): View =>
        (run) =>
          shapeAt(run) === shape ? view(run) : undefined;
      return this.#arms(
        table,
        ({ run }) => shapeAt(run),
        (shape) => this.build(ofShape(shape), { ...here, context: table.knobs }),
      );
    }
    if (isMap(first)) return this.#map(view as View<MapNode>, here);
    if (isList(first)) return new ListTree(this.sequence(view as View<readonly Node[]>, here));
    const lines = linesOf(first, this.#marks);
    return lines
      ? new LinesTree(
          this.sequence((run) => linesOf(view(run) ?? '', this.#marks)?.lines, here),
          lines.end,
        )
      : this.#scalar(view, here);
  }

  /** Members of a list or text in one order: by name where all have one, by position where all are as long, else by what they say. */
  sequence(view: View<readonly Node[]>, spot: Spot): Item[] {
    const seen = this.#seen(view);
    const identify = identityOf(seen, (run) => view(run) ?? [], this.#marks);
    const idsOf = (run: Run): string[] => (view(run) ?? []).map((member, index) => identify(member, index, run));
    const order = supersequence(seen.map(idsOf));
    const placed = new Map<Run, ReadonlyMap<number, Node> | undefined>();
    const membersOf = (run: Run): ReadonlyMap<number, Node> | undefined => {
      if (!placed.has(run)) {
        const places = embed(idsOf(run), order);
        placed.set(run, places && new Map(places.map((at, index) => [at, view(run)?.[index] as Node])));
      }
      return placed.get(run);
    };
    // What the code makes where the rules refuse need not fit, and then shows nothing.
    const fitting: View = (run) => (membersOf(run) ? view(run) : undefined);
    return order.map((id, at) =>
      this.#member(fitting, (run) => membersOf(run)?.get(at), { ...spot, where: `${spot.where}[${id.length > 60 ? at : id}]` }),
    );
  }

  #seen(view: View): Run[] {
    return this.evidence.runs.filter((run) => !run.isExcluded && view(run) !== undefined);
  }

  #map(view: View<MapNode>, spot: Spot): Tree {
    const names = new Set(this.#seen(view).flatMap((run) => Object.keys(view(run) ?? {})));
    return new MapTree(
      [...names]
        .sort(byRank)
        .map((key) => ({ key, ...this.#member(view, (run) => view(run)?.[key], { ...spot, where: `${spot.where}.${key}` }) })),
    );
  }

  #member(parent: View, view: View, spot: Spot): Item {
    if (this.#seen(parent).every((run) => view(run) !== undefined)) return { tree: this.build(view, spot) };
    const isThere: Classify = (run) => (parent(run) === undefined ? undefined : String(view(run) !== undefined));
    const { knobs, rows } = this.#table(isThere, spot);
    const when = conditionOf(
      knobs,
      rows.map(({ cases, run }) => ({ cases, holds: holdsIf(run, isThere(run), 'true') })),
    );
    return { when, tree: this.build(view, { ...spot, context: knobs }) };
  }

  #scalar(view: View, spot: Spot): Tree {
    const table = this.#table((run) => (view(run) === undefined ? undefined : keyOf(view(run))), spot);
    const rows = table.rows.map(({ cases, run }) => ({ cases, node: run.isExcluded ? undefined : view(run) }));
    const nodes = withPassedOn(table.knobs, rows, this.#marks);
    const byKey = new Map(nodes.map((node) => [keyOf(node), node]));
    const keys = new Map(table.rows.map((row, index) => [row, nodes[index] === undefined ? undefined : keyOf(nodes[index])]));
    return this.#arms(
      table,
      (row) => keys.get(row),
      (key) => constant(byKey.get(key) ?? '', this.#marks),
    );
  }

  /** One arm a class; a condition need not hold off what an earlier arm has taken. Of two the one that is told more simply stands first. */
  #arms({ knobs, rows }: Table, classOf: (row: Table['rows'][number]) => string | undefined, make: (which: string) => Tree): Tree {
    const classes = [...new Set(rows.flatMap((row) => (row.run.isExcluded ? [] : (classOf(row) ?? []))))];
    const when = (which: string, taken: readonly string[]): Condition =>
      conditionOf(
        knobs,
        rows.map((row) => {
          const found = classOf(row);
          return { cases: row.cases, holds: found !== undefined && taken.includes(found) ? undefined : holdsIf(row.run, found, which) };
        }),
      );
    const [first, second, ...more] = classes;
    if (first === undefined || second === undefined) return make(first ?? '');
    if (more.length === 0 && when(second, []).weight < when(first, []).weight) classes.reverse();
    return new Switch(
      classes.map((which, index) => ({
        tree: make(which),
        ...(index < classes.length - 1 && { when: when(which, classes.slice(0, index)) }),
      })),
    );
  }

  #table(classify: Classify, { where, context, pairs }: Spot): Table {
    const matter = new Set(context);
    for (const { a, b, knob } of pairs) {
      const [one, two] = [classify(a), classify(b)];
      if (one !== undefined && two !== undefined && one !== two) matter.add(knob);
    }
    const knobs = this.runs.knobs.filter((knob) => matter.has(knob));
    const count = knobs.reduce((product, { cases }) => product * cases.length, 1);
    if (count > MAX_ROWS)
      throw chartError(
        { file: this.runs.file, path: this.#marks.display(where) },
        `hangs on ${knobs.length} values at once (${knobs.map(({ id }) => id).join(', ')})`,
        'switch larger parts on fewer values, or split the template file',
      );
    let rows: number[][] = [[]];
    for (const { cases } of knobs) rows = rows.flatMap((row) => cases.map((_, index) => [...row, index]));
    return { knobs, rows: rows.map((cases) => ({ cases, run: this.#representative(knobs, cases) })) };
  }

  /** A path with these cases: the others at their first, or, where the rules exclude that, as on any path we know. */
  #representative(knobs: readonly Knob[], cases: readonly number[]): Run {
    const run = this.runs.at((knob) => cases[knobs.indexOf(knob)] ?? 0);
    const isAlike = (other: Run): boolean => knobs.every((knob, index) => (other.when.get(knob) ?? cases[index]) === cases[index]);
    return run.isExcluded ? (this.evidence.runs.find((other) => !other.isExcluded && isAlike(other)) ?? run) : run;
  }

  /**
   * Nodes of one shape can be merged. Empty ones, and such with values spliced in, print otherwise; beside a splice the own keys must be
   * certain.
   */
  #shapeOf(node: Node): string {
    if (isList(node)) return isHollow(node) ? keyOf(node) : 'list';
    if (isMap(node)) return isHollow(Object.values(node)) ? keyOf(node) : SPLICE in node ? `map ${Object.keys(node).join()}` : 'map';
    const lines = linesOf(node, this.#marks);
    return lines ? `lines${lines.end}` : 'scalar';
  }
}

function holdsIf(run: Run, found: string | undefined, wanted: string): boolean | undefined {
  return run.isExcluded || found === undefined ? undefined : found === wanted;
}

const isHollow = (members: readonly Node[]): boolean => members.every((member) => member instanceof Splice);

/** What names a member of a list: a key, or the key of a map in it. */
const NAMES = ['name', 'mountPath', 'containerPort', 'port', 'topologyKey', 'template.name', 'alert'];

function identityOf(
  seen: readonly Run[],
  membersOf: (run: Run) => readonly Node[],
  marks: Marks,
): (member: Node, index: number, run: Run) => string {
  const lists = seen.map(membersOf);
  const members = lists.flat().filter((member) => !(member instanceof Splice));
  if (members.some((member) => isMap(member) && 'apiVersion' in member)) return docId;
  const found = (member: Node, path: string): Node | undefined =>
    path.split('.').reduce<Node | undefined>((at, key) => (at !== undefined && isMap(at) ? at[key] : undefined), member);
  const nameOf = (member: Node, path: string): Node => found(member, path) ?? member;
  const isName = (path: string): boolean =>
    members.every((member) => found(member, path) !== undefined) &&
    lists.every((list) => new Set(list.map((member) => keyOf(nameOf(member, path)))).size === list.length);
  const name = NAMES.find(isName);
  const isFixed = lists.every((list) => list.length === lists[0]?.length && !list.some((member) => member instanceof Splice));
  if (name === undefined && isFixed) return (_, index) => String(index);
  const named = (member: Node): Node => (name === undefined ? member : nameOf(member, name));
  const general = generalKeys(seen, (run) => membersOf(run).map(named), marks);
  return (member, _, run) => general(named(member), run);
}
