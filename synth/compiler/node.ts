import type { Knob } from './knob.js';
import { valueAt } from './knob.js';

/** A value of the chart's user inside an output, as a Go expression. */
export interface Ref {
  /** As it stands alone in braces, e.g. `.Values.port | int64`. */
  readonly shown: string;
  /** As an argument of a function, e.g. `(int64 .Values.port)`. */
  readonly arg: string;
  readonly verb: '%s' | '%d' | '%v';
  /** Printable characters that its text can hold; undefined when it can hold others. */
  readonly chars: string | undefined;
  /** The value whose finite cases it stands for too. */
  readonly knob?: Knob;
  /** What it gives at plain values. */
  readonly at: (values: unknown) => string | number;
}

/** Text with values inside. */
export class Text {
  constructor(readonly pieces: readonly (string | Ref)[]) {}
  toJSON(): unknown {
    return { text: this.pieces.map((piece) => (typeof piece === 'string' ? piece : [piece.shown])) };
  }
}

/** A number that is a value. */
export class Int {
  constructor(readonly ref: Ref) {}
  toJSON(): unknown {
    return { int: this.ref.shown };
  }
}

/** A list or map of the values, whole or beside other entries. */
export class Splice {
  constructor(readonly knob: Knob) {}
  toJSON(): unknown {
    return { splice: this.knob.ref };
  }
}

/** One output of the chart's code at one path, with values lifted. The splice of a map stands under SPLICE. */
export type Node = string | number | boolean | Text | Int | Splice | readonly Node[] | MapNode;
export interface MapNode {
  readonly [key: string]: Node;
}

/** No YAML key: sorts behind all others. */
export const SPLICE = '\uffff';

export const isList = (node: Node | undefined): node is readonly Node[] => Array.isArray(node);
export const isMap = (node: Node | undefined): node is MapNode =>
  typeof node === 'object' && !isList(node) && !(node instanceof Text) && !(node instanceof Int) && !(node instanceof Splice);

const keys = new WeakMap<object, string>();

/** Equal for equal nodes. */
export function keyOf(node: Node | undefined): string {
  if (typeof node !== 'object') return JSON.stringify(node) ?? 'absent';
  let key = keys.get(node);
  if (key === undefined) {
    key = JSON.stringify(node);
    keys.set(node, key);
  }
  return key;
}

export function textOf(node: Text, values: unknown): string {
  return node.pieces.map((piece) => (typeof piece === 'string' ? piece : String(piece.at(values)))).join('');
}

/** What the node is at plain values: what the template must give there, and what the chart's code must give. */
export function fill(node: Node, values: unknown): unknown {
  if (node instanceof Text) return textOf(node, values);
  if (node instanceof Int) return node.ref.at(values);
  if (isList(node))
    return node.flatMap((item) => (item instanceof Splice ? (valueAt(values, item.knob.path) as unknown[]) : [fill(item, values)]));
  if (!isMap(node)) return node;
  const own = Object.entries(node).filter(([key]) => key !== SPLICE);
  const splice = node[SPLICE];
  const given = splice instanceof Splice ? (valueAt(values, splice.knob.path) as object) : {};
  return { ...given, ...Object.fromEntries(own.map(([key, child]) => [key, fill(child, values)])) };
}

const TOP = ['apiVersion', 'kind', 'metadata', 'name', 'namespace'];

/** Keys as people write them: what it is first, then by alphabet, values spliced in last. */
export function byRank(a: string, b: string): number {
  const rank = (key: string): number => {
    const index = TOP.indexOf(key);
    return key === SPLICE ? 99 : index < 0 ? 50 : index;
  };
  return rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0);
}
