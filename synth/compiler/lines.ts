import type { Marks } from './marks.js';
import type { Node } from './node.js';

const PRINTABLE = /^[\x20-\x7e\u00a0-\u2027\u202a-\ufefe\uff00-\ufffd]*$/;

/**
 * A text as lines that can stand in a YAML block as they are; undefined when some cannot. Blank lines belong to the line behind them, so
 * that a condition takes them along. `end`: a line break or nothing.
 */
export function linesOf(node: Node, marks: Marks): { readonly lines: readonly string[]; readonly end: string } | undefined {
  if (typeof node !== 'string' || !node.includes('\n')) return undefined;
  const end = node.endsWith('\n') ? '\n' : '';
  const body = end ? node.slice(0, -1) : node;
  if (/^\s|\n$/.test(body) || body === '' || !body.split('\n').every((row) => row === '' || isBlockRow(row, marks))) return undefined;
  return { lines: body.split(/\n(?=\n*[^\n])(?<!\n\n)/), end };
}

const rows = new WeakMap<Marks, Map<string, boolean>>();

/** `fitsBlock`, asked once a row: the paths of a file have most of their rows in common. */
function isBlockRow(row: string, marks: Marks): boolean {
  const known = rows.get(marks) ?? new Map<string, boolean>();
  rows.set(marks, known);
  const fits = known.get(row) ?? fitsBlock(row, marks);
  known.set(row, fits);
  return fits;
}

/** Printable, no blank at its end; a value in it cannot break the line, make it blank, or bring a blank to its edge. */
function fitsBlock(row: string, marks: Marks): boolean {
  const pieces = marks.pieces(row);
  const words = pieces.filter((piece) => typeof piece === 'string');
  const refs = pieces.filter((piece) => typeof piece === 'object');
  if (/\s$/.test(row) || !words.every((word) => PRINTABLE.test(word))) return false;
  const edges = [pieces[0], pieces.at(-1)].filter((piece) => typeof piece === 'object');
  return (
    refs.length === 0 ||
    (words.some((word) => word.trim() !== '') &&
      refs.every(({ chars }) => chars !== undefined) &&
      edges.every((ref) => !ref.chars?.includes(' ')))
  );
}
