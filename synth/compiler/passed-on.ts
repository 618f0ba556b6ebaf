import { isRecord } from '../k8s-object.js';
import { type Knob, OPEN } from './knob.js';
import { textFrom } from './lines.js';
import { Int, type Node, type Ref, Text } from './node.js';
import { refOf } from './ref-of.js';
import type { Choice, Run } from './runs.js';

/** Private use: the mark of a value inside a text that is compared. */
const OPENED = '\ue000';
const CLOSED = '\ue001';

/** A row of a table: its cases and what stands there; undefined: nothing, or it does not matter. */
export interface NodeRow {
  readonly cases: readonly number[];
  readonly node: Node | undefined;
}

/**
 * Finite values that are passed on as themselves read better than a switch: where rows differ in one knob only and each has that knob's
 * own value at the same place of its text, the value itself stands there.
 */
export function withPassedOn(knobs: readonly Knob[], rows: readonly NodeRow[]): (Node | undefined)[] {
  const nodes = rows.map((row) => row.node);
  knobs.forEach((knob, at) => {
    const groups = new Map<string, number[]>();
    rows.forEach(({ cases }, index) => {
      const others = cases.filter((_, other) => other !== at).join();
      groups.set(others, [...(groups.get(others) ?? []), index]);
    });
    for (const group of groups.values()) {
      const there = group.filter((index) => nodes[index] !== undefined);
      const passed =
        there.length > 1
          ? passedOn(
              knob,
              there.map((index) => ({ which: rows[index]?.cases[at] ?? 0, node: nodes[index] as Node })),
            )
          : undefined;
      if (passed !== undefined) for (const index of there) nodes[index] = passed;
    }
  });
  return nodes;
}

function passedOn(knob: Knob, rows: readonly { readonly which: number; readonly node: Node }[]): Node | undefined {
  const own = refOf(knob);
  const isOwnNumber = ({ which, node }: { which: number; node: Node }): boolean => {
    const value = knob.cases[which]?.value;
    return value === OPEN ? node instanceof Int && node.ref.shown === own.shown : typeof node === 'number' && node === value;
  };
  if (rows.every(isOwnNumber)) return new Int(own);
  const texts = rows.map(({ node }) => (typeof node === 'string' || node instanceof Text ? encoded(node) : undefined));
  const [first] = texts;
  if (first === undefined || texts.includes(undefined)) return undefined;
  const needles = rows.map(({ which }) => needleOf(knob, which));
  const [needle] = needles;
  if (needle === undefined || needles.includes(undefined)) return undefined;
  for (let at = first.indexOf(needle); at >= 0; at = first.indexOf(needle, at + 1)) {
    const [before, after] = [first.slice(0, at), first.slice(at + needle.length)];
    if (isInside(before) || !texts.every((text, index) => text === before + needles[index] + after)) continue;
    return decoded(
      [before, own, after],
      rows.map(({ node }) => node),
    );
  }
  return undefined;
}

const isInside = (before: string): boolean => before.lastIndexOf(OPENED) > before.lastIndexOf(CLOSED);

function needleOf(knob: Knob, which: number): string | undefined {
  const value = knob.cases[which]?.value;
  if (value === undefined) return undefined;
  return value === OPEN ? `${OPENED}${refOf(knob).shown}${CLOSED}` : String(value);
}

function encoded(node: string | Text): string {
  const pieces = node instanceof Text ? node.pieces : [node];
  return pieces.map((piece) => (typeof piece === 'string' ? piece : OPENED + piece.shown + CLOSED)).join('');
}

/** Back to a text; the references come from the nodes that were compared. */
function decoded(parts: readonly (string | Ref)[], nodes: readonly Node[]): Node {
  const refs = new Map(
    nodes
      .flatMap((node) => (node instanceof Text ? node.pieces : []))
      .flatMap((piece) => (typeof piece === 'string' ? [] : [[piece.shown, piece] as const])),
  );
  const pieces = parts.flatMap((part) =>
    typeof part !== 'string'
      ? [refs.get(part.shown) ?? part]
      : part.split(new RegExp(`${OPENED}(.*?)${CLOSED}`, 's')).map((text, index) => (index % 2 === 0 ? text : (refs.get(text) ?? text))),
  );
  return textFrom(pieces);
}

/** Equal for members that say the same but for the values in them: they are one member, whatever the value. */
export function generalKey(node: Node, run: Run): string {
  const words = new Set([...run.when].map(([knob, which]) => String(knob.cases[which]?.value ?? '')));
  const key = JSON.stringify(node, (_, child: unknown) => {
    if (!isRecord(child)) return child;
    if (Array.isArray(child.text)) return child.text.map((piece: unknown) => (Array.isArray(piece) ? OPENED : piece)).join('');
    return 'int' in child ? OPENED : child;
  });
  return [...words].reduce((text, word) => (/^\w[\w.-]*$/.test(word) ? text.replace(wordPattern(word), OPENED) : text), key);
}

function wordPattern(word: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${word.replaceAll('.', '\\.')}(?![A-Za-z0-9])`, 'g');
}

/** A node with values passed on, as the code makes it at a choice of their finite cases. */
export function settled(node: Node, choice: Choice): Node {
  const constantOf = ({ knob }: Ref): unknown => {
    const value = knob?.cases[choice(knob)]?.value;
    return value === OPEN ? undefined : value;
  };
  if (node instanceof Int) return (constantOf(node.ref) as number | undefined) ?? node;
  if (!(node instanceof Text)) return node;
  return textFrom(
    node.pieces.map((piece) => {
      const value = typeof piece === 'string' ? undefined : constantOf(piece);
      return value === undefined ? piece : String(value);
    }),
  );
}
