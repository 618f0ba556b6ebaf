import type { Choice } from '../knob.js';
import type { Condition } from './condition.js';
import { linesOf } from './lines.js';
import type { Marks } from './marks.js';
import { byRank, isList, isMap, type Node, Splice } from './node.js';

/** What a template says: all paths of the code in one. */
export type Tree = Leaf | MapTree | ListTree | LinesTree | Switch;

/** A member that is there while its condition holds; absent condition: always. */
export interface Item {
  readonly when?: Condition;
  readonly tree: Tree;
}
/** The same on every path: a scalar or a splice. */
export class Leaf {
  constructor(readonly node: Node) {}
}
export class MapTree {
  constructor(readonly items: readonly (Item & { readonly key: string })[]) {}
}
export class ListTree {
  constructor(readonly items: readonly Item[]) {}
}
/** The documents of a file, of which there may be none. */
export class DocumentsTree extends ListTree {}
/** A text of several lines; `end` closes it: a line break or nothing. */
export class LinesTree {
  constructor(
    readonly items: readonly Item[],
    readonly end: string,
  ) {}
}
/** The first arm whose condition holds; the last one has none. */
export class Switch {
  constructor(readonly arms: readonly Item[]) {}
}

/** A node that is the same on every path. */
export function constant(node: Node, marks: Marks): Tree {
  const text = linesOf(node, marks);
  if (text)
    return new LinesTree(
      text.lines.map((line) => ({ tree: new Leaf(line) })),
      text.end,
    );
  if (isList(node)) return new ListTree(node.map((item) => ({ tree: constant(item, marks) })));
  if (!isMap(node)) return new Leaf(node);
  const keys = Object.keys(node).sort(byRank);
  return new MapTree(keys.map((key) => ({ key, tree: constant(node[key] as Node, marks) })));
}

/** What a list or map says where all its own entries are switched off: nothing, which YAML reads as null. */
const NULL = '\ue003null';

/** What the tree says at a choice of cases, as its template would: the check against what the code made there. */
export function choose(tree: Tree, choice: Choice, marks: Marks): Node {
  const on = <T extends Item>(items: readonly T[]): T[] => items.filter(({ when }) => when?.holds(choice) ?? true);
  if (tree instanceof Leaf) return marks.settle(tree.node, choice);
  if (tree instanceof Switch) return choose((on(tree.arms)[0] as Item).tree, choice, marks);
  const items = on<Item & { readonly key?: string }>(tree.items);
  const isOwn = ({ tree: child }: Item): boolean => !(child instanceof Leaf && child.node instanceof Splice);
  if (!(tree instanceof DocumentsTree || tree instanceof LinesTree) && tree.items.some(isOwn) && !items.some(isOwn)) return NULL;
  const members = items.map((item) => choose(item.tree, choice, marks));
  if (tree instanceof LinesTree) return members.join('\n') + tree.end;
  return tree instanceof ListTree ? members : Object.fromEntries(items.map(({ key }, index) => [key, members[index] as Node]));
}
