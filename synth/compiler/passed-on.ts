import { type Knob, OPEN } from '../knob.js';
import type { Marks } from './marks.js';
import { keyOf, type Node } from './node.js';
import type { Run } from './runs.js';

/** A row of a table: its cases and what stands there; undefined: nothing, or it does not matter. */
export interface NodeRow {
  readonly cases: readonly number[];
  readonly node: Node | undefined;
}

/**
 * Finite values that are passed on as themselves read better than a switch: where rows differ in one knob only and each has that knob's
 * own value at the same place of its text, the value itself stands there.
 */
export function withPassedOn(knobs: readonly Knob[], rows: readonly NodeRow[], marks: Marks): (Node | undefined)[] {
  const nodes = rows.map((row) => row.node);
  knobs.forEach((knob, at) => {
    const groups = new Map<string, number[]>();
    rows.forEach(({ cases }, index) => {
      const others = cases.filter((_, other) => other !== at).join();
      groups.set(others, [...(groups.get(others) ?? []), index]);
    });
    for (const group of groups.values()) {
      const there = group.filter((index) => nodes[index] !== undefined);
      const own = there.map((index) => ownValue(knob, rows[index]?.cases[at] ?? 0, marks));
      const passed =
        there.length > 1
          ? passedOn(
              there.map((index) => nodes[index] as Node),
              own,
              marks.markOf(knob),
            )
          : undefined;
      if (passed !== undefined) for (const index of there) nodes[index] = passed;
    }
  });
  return nodes;
}

function ownValue(knob: Knob, which: number, marks: Marks): unknown {
  const value = knob.cases[which]?.value;
  return value === OPEN ? marks.markOf(knob) : value;
}

/** One node for all: the mark in place of each one's own value. */
function passedOn(nodes: readonly Node[], own: readonly unknown[], mark: string | number | undefined): Node | undefined {
  if (mark === undefined) return undefined;
  if (nodes.every((node, index) => typeof node === 'number' && node === own[index])) return mark;
  // Found by the longest of the values: '' would be everywhere.
  const words = own.map(String);
  const pivot = words.reduce((best, word, index) => (word.length > (words[best]?.length ?? 0) ? index : best), 0);
  const [node, word = ''] = [nodes[pivot], words[pivot]];
  if (typeof node !== 'string' || word === '' || own.includes(undefined)) return undefined;
  for (let at = node.indexOf(word); at >= 0; at = node.indexOf(word, at + 1)) {
    const [before, after] = [node.slice(0, at), node.slice(at + word.length)];
    if (nodes.every((each, index) => each === before + words[index] + after)) return before + String(mark) + after;
  }
  return undefined;
}

const ANY = '\ue000';

/**
 * Keys that are equal for members which say the same but for the values in them: they are one member, whatever the value. A word that
 * stays while its value changes is no value, but happens to be written so.
 */
export function generalKeys(
  seen: readonly Run[],
  membersOf: (run: Run) => readonly Node[],
  marks: Marks,
): (member: Node, run: Run) => string {
  const casesOf = new Map<string, Map<Knob, Set<number>>>();
  for (const run of seen)
    for (const member of membersOf(run)) {
      const cases = casesOf.get(keyOf(member)) ?? new Map<Knob, Set<number>>();
      casesOf.set(keyOf(member), cases);
      for (const [knob, which] of run.when) cases.set(knob, (cases.get(knob) ?? new Set()).add(which));
    }
  return (member, run) => {
    const exact = keyOf(member);
    const varies = casesOf.get(exact);
    const words = [...run.when].flatMap(([knob, which]) =>
      varies && (varies.get(knob)?.size ?? 1) > 1 ? [] : [String(ownValue(knob, which, marks) ?? '')],
    );
    return words.reduce((key, word) => (/^\w[\w.-]*$/.test(word) && key.includes(word) ? key.replace(wordPattern(word), ANY) : key), exact);
  };
}

function wordPattern(word: string): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])${word.replaceAll('.', '\\.')}(?![A-Za-z0-9])`, 'g');
}
