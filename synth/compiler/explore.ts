import { createHash } from 'node:crypto';
import { chartError } from '../chart-error.js';
import type { Choice, Knob } from '../knob.js';
import { type Evidence, merge, type Pair } from './merge.js';
import { keyOf } from './node.js';
import { choiceText, type Run, type Runs } from './runs.js';
import { choose, type Tree } from './tree.js';

export interface Explored {
  readonly tree: Tree;
  /** Paths to check with plain values: all, or the bases and those that the random choices met. */
  readonly runs: readonly Run[];
  readonly mode: 'every path' | 'learnt';
}

export interface ExploreOptions {
  /** Up to this many paths every one is taken. */
  readonly maxPaths: number;
  /** Beyond it: how many random choices in a row the tree must foretell. */
  readonly wantedCount: number;
  /** Choices to learn from beside the first cases: the defaults, the environments. */
  readonly bases: readonly Choice[];
  /** Shifts the random choices; the text does not depend on it. */
  readonly seed: number;
}

/** Follows the code of a file through its finite values until one tree says what it does. */
export function explore(runs: Runs, { maxPaths, wantedCount, bases, seed }: ExploreOptions): Explored {
  if (everyPath(runs, maxPaths)) {
    const tree = merge(
      evidenceOf(
        runs,
        runs.all.flatMap((run) => neighbours(runs, like(run))),
      ),
      runs,
    );
    const wrong = runs.all.find((run) => !foretells(tree, runs, like(run)));
    if (wrong) throw cannotFollow(runs, wrong);
    return { tree, runs: runs.all, mode: 'every path' };
  }
  // Learn from the bases, their neighbours, and every choice that the tree so far foretells wrongly, with its neighbours.
  const pairs: Pair[] = [];
  const met = new Set<Knob>();
  const around = (choice: Choice): void => {
    const found = neighbours(runs, choice);
    pairs.push(...found);
    for (const knob of runs.at(choice).when.keys()) met.add(knob);
    for (const { b, to } of found) if ([...b.when.keys()].some((each) => each.cases.length > 1 && !met.has(each))) around(to);
  };
  for (const base of [(): number => 0, ...bases]) around(base);
  let tree = merge(evidenceOf(runs, pairs), runs);
  const checked = new Set([...bases].map((base) => runs.at(base)));
  for (let number = seed, good = 0; good < wantedCount; number++, good++) {
    const choice = randomChoice(number);
    checked.add(runs.at(choice));
    if (foretells(tree, runs, choice)) continue;
    around(choice);
    pairs.push(...pathToKnown(runs, tree, choice));
    tree = merge(evidenceOf(runs, pairs), runs);
    if (!foretells(tree, runs, choice)) {
      for (const { to } of neighbours(runs, choice)) pairs.push(...neighbours(runs, to));
      tree = merge(evidenceOf(runs, pairs), runs);
      if (!foretells(tree, runs, choice)) throw cannotFollow(runs, runs.at(choice));
    }
    good = -1;
  }
  return { tree, runs: [...checked], mode: 'learnt' };
}

/** Takes every path; false if there are more than `maxPaths`. */
function everyPath(runs: Runs, maxPaths: number): boolean {
  const todo: ReadonlyMap<Knob, number>[] = [new Map()];
  for (let fixed = todo.pop(); fixed; fixed = todo.pop()) {
    const given = fixed;
    const run = runs.at((knob) => given.get(knob) ?? 0);
    if (runs.all.length > maxPaths) return false;
    const before = new Map<Knob, number>();
    for (const [knob, index] of run.when) {
      if (!given.has(knob)) for (let other = 1; other < knob.cases.length; other++) todo.push(new Map(before).set(knob, other));
      before.set(knob, index);
    }
  }
  return true;
}

/** In one order whatever was learnt first: by the cases of the knobs, in the order of the schema. */
function evidenceOf(runs: Runs, pairs: readonly Pair[]): Evidence {
  const rank = (run: Run): number[] => runs.knobs.map((knob) => run.when.get(knob) ?? 0);
  const ranked = runs.all.map((run) => ({ run, cases: rank(run) }));
  const first = (a: readonly number[], b: readonly number[]): number => {
    const at = a.findIndex((one, index) => one !== b[index]);
    return (a[at] ?? 0) - (b[at] ?? 0);
  };
  return { runs: ranked.sort((a, b) => first(a.cases, b.cases)).map(({ run }) => run), pairs };
}

const like =
  (run: Run): Choice =>
  (knob) =>
    run.when.get(knob) ?? 0;

const flipped =
  (choice: Choice, which: Knob, index: number): Choice =>
  (knob) =>
    knob === which ? index : choice(knob);

/** A choice beside another, and what both make. */
interface Neighbour extends Pair {
  readonly to: Choice;
}

function neighbours(runs: Runs, choice: Choice): Neighbour[] {
  const a = runs.at(choice);
  return [...a.when].flatMap(([knob, index]) =>
    [...knob.cases.keys()]
      .filter((other) => other !== index)
      .map((other) => {
        const to = allowed(runs, choice, flipped(choice, knob, other));
        return { a, b: runs.at(to), knob, to };
      }),
  );
}

/**
 * Where the rules refuse a choice, one that they take and that differs from `from` as little: `from` stays the same whatever the values
 * that its path does not read, and the other path may read them.
 */
function allowed(runs: Runs, from: Choice, to: Choice): Choice {
  const { when, isExcluded } = runs.at(to);
  if (!isExcluded) return to;
  const read = runs.at(from).when;
  const free = [...when.keys()].filter((knob) => !read.has(knob));
  const others = free.flatMap((knob) => [...knob.cases.keys()].map((index) => flipped(to, knob, index)));
  const first: Choice = (knob) => (free.includes(knob) ? 0 : to(knob));
  return [...others, first].find((choice) => !runs.at(choice).isExcluded) ?? to;
}

/** From a choice that the tree foretells wrongly towards the first cases, by steps that the tree thinks do not matter: one of them does. */
function pathToKnown(runs: Runs, tree: Tree, from: Choice): Pair[] {
  const pairs: Pair[] = [];
  let choice = from;
  for (const knob of runs.at(from).when.keys()) {
    const next = allowed(runs, choice, flipped(choice, knob, 0));
    if (keyOf(choose(tree, next, runs.marks)) !== keyOf(choose(tree, choice, runs.marks))) continue;
    pairs.push({ a: runs.at(choice), b: runs.at(next), knob });
    choice = next;
  }
  return pairs;
}

function foretells(tree: Tree, runs: Runs, choice: Choice): boolean {
  const run = runs.at(choice);
  return run.isExcluded || keyOf(choose(tree, choice, runs.marks)) === keyOf(run.output);
}

/** Each value has its own chance, so that values which the file does not read change nothing. */
function randomChoice(number: number): Choice {
  return ({ id, cases }) => createHash('sha256').update(`${number} ${id}`).digest().readUInt32BE() % cases.length;
}

function cannotFollow(runs: Runs, run: Run): Error {
  return chartError(
    { file: runs.file },
    `no template found that says what the code does at ${choiceText(run.when)}`,
    'split the file, let fewer values switch one place, or exclude the combination with require()',
  );
}
