import type { ASTNode } from '@marcbachmann/cel-js';
import type { Json } from '../event/event.js';
import type { Scope } from '../plan.js';

/** One path that an expression reads: data.labels.env. `nodes[i]` is the node that ends at segment i. */
export interface Read {
  readonly path: readonly (string | number)[];
  readonly nodes: readonly ASTNode[];
}

const ROOTS: ReadonlySet<string> = new Set(['event', 'data', 'steps', 'incident']);

/** The longest paths of fixed names, from a variable on. */
export function readsOf(node: ASTNode): readonly Read[] {
  const path = pathOf(node);
  if (path !== undefined) return [path];
  return childrenOf(node).flatMap(readsOf);
}

function pathOf(node: ASTNode): Read | undefined {
  if (node.op === 'id') return ROOTS.has(node.args) ? { path: [node.args], nodes: [node] } : undefined;
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const base = pathOf(node.args[0]);
  if (base === undefined) return undefined;
  const step = segment(node);
  return step === undefined ? undefined : { path: [...base.path, step], nodes: [...base.nodes, node] };
}

function segment(node: ASTNode): string | number | undefined {
  if (node.op === '.') return node.args[1];
  if (node.op !== '[]' || node.args[1].op !== 'value') return undefined;
  const key = node.args[1].args;
  return typeof key === 'string' ? key : typeof key === 'bigint' ? Number(key) : undefined;
}

/** What stood at those paths, by path text; null where nothing stood. */
export function valuesRead(reads: readonly Read[], scope: Scope): Record<string, Json> {
  const root: Record<string, unknown> = { event: scope.event, data: scope.event.data, steps: scope.steps, incident: scope.incident };
  return Object.fromEntries(reads.map((read) => [read.path.join('.'), lookUp(root, read.path)]));
}

function lookUp(root: Record<string, unknown>, path: readonly (string | number)[]): Json {
  let at: unknown = root;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return null;
    at = (at as Record<string | number, unknown>)[name];
  }
  return at === undefined ? null : (at as Json);
}

/** All direct sub-expressions. */
export function childrenOf(node: ASTNode): readonly ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return node.args;
  }
}
