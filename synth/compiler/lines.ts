import { type Node, type Ref, Text } from './node.js';

type Piece = string | Ref;

const PRINTABLE = /^[\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe\uff00-\ufffd\ud800-\udfff]*$/;
const UNPRINTABLE_SEPARATORS = /[\u2028\u2029]/;

/**
 * A text as lines that can stand in a YAML block as they are; undefined when some cannot. Blank lines belong to the line behind them, so
 * that a condition takes them along.
 */
export function linesOf(node: Node): { readonly lines: readonly (string | Text)[]; readonly end: string } | undefined {
  if (!(node instanceof Text) && (typeof node !== 'string' || !node.includes('\n'))) return undefined;
  const pieces = node instanceof Text ? node.pieces : [node];
  const rows: Piece[][] = [[]];
  for (const piece of pieces) {
    if (typeof piece !== 'string') rows.at(-1)?.push(piece);
    else
      piece.split('\n').forEach((part, index) => {
        if (index > 0) rows.push([]);
        if (part !== '') rows.at(-1)?.push(part);
      });
  }
  if (rows.length < 2) return undefined;
  const end = rows.at(-1)?.length === 0 ? '\n' : '';
  if (end) rows.pop();
  if (rows.at(-1)?.length === 0 || rows[0]?.length === 0 || (typeof rows[0]?.[0] === 'string' && /^\s/.test(rows[0][0]))) return undefined;
  if (!rows.every(fitsBlock)) return undefined;
  const lines: (string | Text)[] = [];
  let blanks = '';
  for (const row of rows) {
    if (row.length === 0) blanks += '\n';
    else {
      lines.push(textFrom([blanks, ...row]));
      blanks = '';
    }
  }
  return { lines, end };
}

function fitsBlock(row: readonly Piece[]): boolean {
  const [first, last] = [row[0], row.at(-1)];
  if (typeof last === 'string' && /\s$/.test(last)) return false;
  const texts = row.filter((piece) => typeof piece === 'string');
  if (!texts.every((text) => PRINTABLE.test(text) && !UNPRINTABLE_SEPARATORS.test(text))) return false;
  if (texts.length === row.length) return true;
  // A line that is nothing but a value could be blank; a blank at its edge would move or be lost.
  const edges = [first, last].filter((piece) => typeof piece === 'object');
  return (
    texts.some((text) => text.trim() !== '') &&
    row.every((piece) => typeof piece === 'string' || piece.chars !== undefined) &&
    edges.every((ref) => !ref.chars?.includes(' '))
  );
}

/** Pieces as a text: plain when there is no value in them. */
export function textFrom(pieces: readonly Piece[]): string | Text {
  const merged: Piece[] = [];
  for (const piece of pieces) {
    const before = merged.at(-1);
    if (typeof piece === 'string' && typeof before === 'string') merged[merged.length - 1] = before + piece;
    else if (piece !== '') merged.push(piece);
  }
  return merged.every((piece) => typeof piece === 'string') ? merged.join('') : new Text(merged);
}

/** Lines back to one text. */
export function joinLines(lines: readonly Node[], end: string): Node {
  const pieces = lines.flatMap((line, index) => [...(index > 0 ? ['\n'] : []), ...(line instanceof Text ? line.pieces : [line as string])]);
  return textFrom([...pieces, end]);
}
