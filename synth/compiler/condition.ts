import { type Choice, type Knob, OPEN } from '../knob.js';
import { operand } from './go-text.js';

/** A value is one of some of its cases. */
interface Literal {
  readonly knob: Knob;
  readonly cases: ReadonlySet<number>;
}

/** One of its terms is enough; of a term all literals must hold. */
type Factor = readonly (readonly Literal[])[];

/** Holds when all its factors hold. */
export class Condition {
  readonly text: string;
  constructor(readonly factors: readonly Factor[]) {
    this.text = phrase('and', factors.map(factorText));
  }

  /** Does its Go expression give a real boolean? */
  get isBoolean(): boolean {
    return this.factors.flat(2).every(({ knob }) => knob.cases.every((one) => one.value === OPEN || one.isBoolean));
  }

  /** How hard it is to read: alternatives and negations. */
  get weight(): number {
    return this.factors.reduce((sum, terms) => sum + terms.length - 1, 0) + (this.text.match(/\b(?:not|ne) /g)?.length ?? 0);
  }

  /** The one literal it is made of, if it is. */
  get literal(): Literal | undefined {
    const [[[literal, ...others] = [], ...terms] = [], ...factors] = this.factors;
    return others.length + terms.length + factors.length === 0 ? literal : undefined;
  }

  /** What it asks for beyond another condition that it includes; undefined when it does not include it. */
  beyond(other: Condition): Condition | undefined {
    const shared = other.factors.map(factorText);
    const rest = this.factors.filter((factor) => !shared.includes(factorText(factor)));
    return rest.length + shared.length === this.factors.length ? new Condition(rest) : undefined;
  }

  /** Does it hold exactly where the other, several literals that must all hold, does not? */
  isOppositeOf(other: Condition): boolean {
    const [terms = [], ...more] = this.factors;
    const opposites = other.factors.map((factor) =>
      factor.length === 1 && factor[0]?.length === 1 && factor[0][0] ? literalText(oppositeOf(factor[0][0])) : '',
    );
    return (
      more.length === 0 &&
      terms
        .map((term) => phrase('and', term.map(literalText)))
        .sort()
        .join() === opposites.sort().join()
    );
  }

  holds(choice: Choice): boolean {
    return this.factors.every((terms) => terms.some((term) => term.every(({ knob, cases }) => cases.has(choice(knob)))));
  }
}

/** Terms of which one is enough as factors: what all have in common once, then what is left of each. */
function factored(terms: readonly (readonly Literal[])[]): Condition {
  const isIn = (term: readonly Literal[], one: Literal): boolean => term.some((each) => literalText(each) === literalText(one));
  const common = (terms[0] ?? []).filter((one) => terms.every((term) => isIn(term, one)));
  const rest = terms.map((term) => term.filter((one) => !isIn(common, one)));
  return new Condition([...common.map((one) => [[one]]), ...(rest.some((term) => term.length === 0) ? [] : [rest])]);
}

const oppositeOf = ({ knob, cases }: Literal): Literal => ({
  knob,
  cases: new Set([...knob.cases.keys()].filter((index) => !cases.has(index))),
});
const factorText = (factor: Factor): string =>
  phrase(
    'or',
    factor.map((term) => phrase('and', term.map(literalText))),
  );

function phrase(word: 'and' | 'or', parts: readonly string[]): string {
  return parts.length === 1 ? (parts[0] ?? '') : `${word} ${parts.map(operand).join(' ')}`;
}

function literalText({ knob, cases }: Literal): string {
  const names = knob.cases.map((_, index) => index);
  const others = names.filter((index) => !cases.has(index));
  const isOpen = [...cases].some((index) => knob.cases[index]?.value === OPEN);
  const [only] = cases;
  if (cases.size === 1 && !isOpen) return knob.cases[only ?? 0]?.yes ?? '';
  if (isOpen || others.length === 1)
    return phrase(
      'and',
      others.map((index) => knob.cases[index]?.no ?? ''),
    );
  return phrase(
    'or',
    names.filter((index) => cases.has(index)).map((index) => knob.cases[index]?.yes ?? ''),
  );
}

/** A row of a truth table: the case of each knob, and whether the condition holds; undefined: it does not matter. */
export interface TruthRow {
  readonly cases: readonly number[];
  readonly holds: boolean | undefined;
}

/** A short condition for a truth table: a row that holds is widened as far as no other row forbids, until all that hold are covered. */
export function conditionOf(knobs: readonly Knob[], rows: readonly TruthRow[]): Condition {
  const off = rows.filter((row) => row.holds === false);
  const everything = knobs.map((knob) => new Set(knob.cases.keys()));
  const terms: Literal[][] = [];
  for (let left = rows.filter((row) => row.holds === true); left[0]; ) {
    const { cases } = left[0];
    const cubes = ordersOf(knobs.length).map((order) => widened(cases, order, everything, off, left));
    const worth = cubes.map((cube) => left.filter((row) => covers(cube, row.cases)).length * 1_000 - size(cube, everything));
    const cube = cubes[worth.indexOf(Math.max(...worth))] ?? everything;
    left = left.filter((row) => !covers(cube, row.cases));
    terms.push(
      knobs.flatMap((knob, index) => ((cube[index]?.size ?? 0) < knob.cases.length ? [{ knob, cases: cube[index] ?? new Set() }] : [])),
    );
  }
  const rank = (term: readonly Literal[]): number => (term[0] ? knobs.indexOf(term[0].knob) : 0);
  return factored(terms.sort((a, b) => rank(a) - rank(b)));
}

type Cube = readonly ReadonlySet<number>[];

const covers = (cube: Cube, cases: readonly number[]): boolean => cube.every((set, index) => set.has(cases[index] ?? 0));
/** Fewer literals are shorter, then literals of fewer words. */
const size = (cube: Cube, everything: Cube): number =>
  cube.reduce((sum, set, index) => {
    const all = everything[index]?.size ?? 0;
    return set.size === all ? sum : sum + 10 + Math.min(set.size, all - set.size);
  }, 0);

/** Whole values are dropped from the condition first; then single cases are let in where that takes more rows along. */
function widened(
  cases: readonly number[],
  order: readonly number[],
  everything: Cube,
  off: readonly TruthRow[],
  on: readonly TruthRow[],
): Cube {
  const cube: Set<number>[] = cases.map((one) => new Set([one]));
  const meets = (index: number, set: ReadonlySet<number>, rows: readonly TruthRow[]): boolean =>
    rows.some((row) => set.has(row.cases[index] ?? 0) && cube.every((other, at) => at === index || other.has(row.cases[at] ?? 0)));
  for (const index of order) {
    const all = everything[index] ?? new Set();
    if (!meets(index, all, off)) cube[index] = new Set(all);
  }
  for (const index of order)
    for (const one of everything[index] ?? [])
      if (meets(index, new Set([one]), on) && !meets(index, new Set([one]), off)) cube[index]?.add(one);
  return cube;
}

/** Orders in which knobs are tried: all for few, rotations for many. */
function ordersOf(count: number): number[][] {
  const first = Array.from({ length: count }, (_, index) => index);
  if (count > 4) return first.map((at) => [...first.slice(at), ...first.slice(0, at)]);
  const permute = (items: readonly number[]): number[][] =>
    items.length < 2
      ? [[...items]]
      : items.flatMap((item) => permute(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
  return permute(first);
}
