import type { Condition } from './condition.js';
import { joinLines, linesOf } from './lines.js';
import { isList, isMap, type Node } from './node.js';
import { settled } from './passed-on.js';
import type { Choice } from './runs.js';

/** What a template says: all paths of the code in one. */
export type Tree = Leaf | MapTree | ListTree | LinesTree | Switch;

/** The same on every path: a scalar, a text with values, a splice. */
export class Leaf {
  constructor(readonly node: Node) {}
}
/** A member that is there while its condition holds; absent condition: always. */
export interface Item {
  readonly when?: Condition;
  readonly tree: Tree;
}
export class MapTree {
  constructor(readonly items: readonly (Item & { readonly key: string })[]) {}
}
export class ListTree {
  constructor(readonly items: readonly Item[]) {}
}
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

/** What the tree says at a choice of cases: the check against what the code made there. */
export function choose(tree: Tree, choice: Choice): Node {
  const on = (items: readonly Item[]): Item[] => items.filter((item) => item.when?.holds(choice) ?? true);
  if (tree instanceof Leaf) return settled(tree.node, choice);
  if (tree instanceof Switch) return choose((on(tree.arms)[0] ?? tree.arms.at(-1) ?? { tree: new Leaf('') }).tree, choice);
  if (tree instanceof ListTree) return on(tree.items).map((item) => choose(item.tree, choice));
  if (tree instanceof LinesTree)
    return joinLines(
      on(tree.items).map((item) => choose(item.tree, choice)),
      tree.end,
    );
  return Object.fromEntries(
    tree.items.filter((item) => item.when?.holds(choice) ?? true).map((item) => [item.key, choose(item.tree, choice)]),
  );
}

/** A node that is the same on every path. */
export function constant(node: Node): Tree {
  const lines = linesOf(node);
  if (lines)
    return new LinesTree(
      lines.lines.map((line) => ({ tree: new Leaf(line) })),
      lines.end,
    );
  if (isList(node)) return new ListTree(node.map((item) => ({ tree: constant(item) })));
  if (!isMap(node)) return new Leaf(node);
  return new MapTree(Object.entries(node).map(([key, child]) => ({ key, tree: constant(child) })));
}
