import { goString } from './go-text.js';
import { Int, isList, type Node, type Ref, Splice, Text } from './node.js';
import { charsOfPattern } from './pattern.js';

/** A text with values as one Go expression: the value itself, or printf. */
export function textExpression(text: Text): string {
  const refs = text.pieces.filter((piece) => typeof piece !== 'string');
  const [only] = refs;
  if (text.pieces.length === 1 && only?.verb === '%s') return only.shown;
  const format = text.pieces.map((piece) => (typeof piece === 'string' ? piece.replaceAll('%', '%%') : piece.verb)).join('');
  return `printf ${goString(format)} ${refs.map((ref) => ref.arg).join(' ')}`;
}

/** The node as an argument of a Go function; undefined when it has no such form. */
export function argumentOf(node: Node): string | undefined {
  if (node instanceof Int) return node.ref.arg;
  if (node instanceof Text) return node.pieces.length === 1 ? (node.pieces[0] as Ref).arg : `(${textExpression(node)})`;
  if (typeof node === 'string') return goString(node);
  if (typeof node === 'number' || typeof node === 'boolean') return String(node);
  const [only, ...more] = isList(node) ? node : [];
  return only instanceof Splice && more.length === 0 ? only.knob.ref : undefined;
}

/** The printable characters that a text or list of texts can hold; undefined when it can hold others. */
export function charsOf(node: Node): string | undefined {
  if (typeof node === 'string') return /^[\x20-\x7e]*$/.test(node) ? node : undefined;
  if (node instanceof Int) return node.ref.chars;
  if (node instanceof Splice) return charsOfPattern(node.knob.schema.items?.pattern ?? '^[^a]$');
  const parts =
    node instanceof Text
      ? node.pieces.map((piece) => (typeof piece === 'string' ? charsOf(piece) : piece.chars))
      : isList(node)
        ? node.map(charsOf)
        : [undefined];
  return parts.includes(undefined) ? undefined : parts.join('');
}
