import type { Knob } from '../knob.js';

/**
 * One output of the chart's code: JSON in which marks (marks.ts) stand for values. A list or map of the values, whole or beside other
 * entries, is a Splice; that of a map stands under SPLICE.
 */
export type Node = string | number | boolean | Splice | readonly Node[] | MapNode;
export interface MapNode {
  readonly [key: string]: Node;
}

export class Splice {
  constructor(readonly knob: Knob) {}
  toJSON(): string {
    return `\ue002${this.knob.ref}`;
  }
}

/** No YAML key: sorts behind all others. */
export const SPLICE = '\uffff';

export const isList = (node: Node | undefined): node is readonly Node[] => Array.isArray(node);
export const isMap = (node: Node | undefined): node is MapNode => typeof node === 'object' && !isList(node) && !(node instanceof Splice);

const keys = new WeakMap<object, string>();

/** Equal for equal nodes. */
export function keyOf(node: Node | undefined): string {
  if (typeof node !== 'object') return JSON.stringify(node) ?? 'absent';
  const known = keys.get(node);
  if (known !== undefined) return known;
  const key = JSON.stringify(node);
  keys.set(node, key);
  return key;
}

const TOP = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

/** Keys as people write them: what it is first, then by alphabet, values spliced in last. */
export function byRank(a: string, b: string): number {
  const rank = (key: string): number => (TOP.includes(key) ? TOP.indexOf(key) : TOP.length);
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
