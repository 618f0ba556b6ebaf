import { createHash } from 'node:crypto';
import { chartError } from '../chart-error.js';
import type { Knob } from './knob.js';
import { merge, type Pair } from './merge.js';
import { keyOf } from './node.js';
import { type Choice, choiceText, type Run, type Runs } from './runs.js';
import { choose, type Tree } from './tree.js';

export interface Explored {
  readonly tree: Tree;
  /** Paths to check with plain values: all, or those that the random choices met. */
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
export function explore(runs: Runs, options: ExploreOptions): Explored {
  if (!everyPath(runs, options.maxPaths)) return learn(runs, options);
  const all = [...runs.all].sort(byChoice(runs.knobs));
  const tree = merge({ runs: all, pairs: all.flatMap((run) => neighbours(runs, run)) }, runs);
  const wrong = all.find((run) => !foretells(tree, run));
  if (wrong) throw cannotFollow(runs, wrong);
  return { tree, runs: all, mode: 'every path' };
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

const alike =
  (run: Run): Choice =>
  (knob) =>
    run.when.get(knob) ?? 0;

const flipped =
  (choice: Choice, which: Knob, index: number): Choice =>
  (knob) =>
    knob === which ? index : choice(knob);

function neighbours(runs: Runs, run: Run, choice: Choice = alike(run)): Pair[] {
  return [...run.when].flatMap(([knob, index]) =>
    [...knob.cases.keys()].filter((other) => other !== index).map((other) => ({ a: run, b: runs.at(flipped(choice, knob, other)), knob })),
  );
}

/** Learns from the bases, their neighbours and every choice that the tree so far foretells wrongly, with its neighbours. */
function learn(runs: Runs, { wantedCount, bases, seed }: ExploreOptions): Explored {
  const pairs: Pair[] = [];
  const met = new Set<Knob>();
  const around = (choice: Choice): void => {
    const centre = runs.at(choice);
    const found = neighbours(runs, centre, choice);
    pairs.push(...found);
    for (const knob of centre.when.keys()) met.add(knob);
    for (const { b, knob } of found)
      if ([...b.when.keys()].some((each) => each.cases.length > 1 && !met.has(each))) around(flipped(choice, knob, b.when.get(knob) ?? 0));
  };
  for (const base of [(): number => 0, ...bases]) around(base);
  const told = (): Tree => merge({ runs: [...runs.all].sort(byChoice(runs.knobs)), pairs }, runs);
  let tree = told();
  const checked = new Set<Run>();
  for (let number = 0, good = 0; good < wantedCount; number++, good++) {
    const choice = randomChoice(number + seed);
    const run = runs.at(choice);
    checked.add(run);
    if (foretells(tree, run)) continue;
    around(choice);
    pairs.push(...pathToKnown(runs, tree, choice));
    tree = told();
    if (!foretells(tree, run)) throw cannotFollow(runs, run);
    good = -1;
  }
  return { tree, runs: [...checked], mode: 'learnt' };
}

/** From a choice that the tree foretells wrongly towards the first cases, by steps that the tree thinks do not matter: one of them does. */
function pathToKnown(runs: Runs, tree: Tree, from: Choice): Pair[] {
  const pairs: Pair[] = [];
  let choice = from;
  for (const knob of runs.at(from).when.keys()) {
    const next = flipped(choice, knob, 0);
    if (keyOf(choose(tree, next)) !== keyOf(choose(tree, choice))) continue;
    pairs.push({ a: runs.at(choice), b: runs.at(next), knob });
    choice = next;
  }
  return pairs;
}

function foretells(tree: Tree, run: Run): boolean {
  return run.isExcluded || keyOf(choose(tree, alike(run))) === keyOf(run.output);
}

/** Each value has its own chance, so that values which the file does not read change nothing. */
function randomChoice(number: number): Choice {
  return ({ id, cases }) => createHash('sha256').update(`${number} ${id}`).digest().readUInt32BE() % cases.length;
}

function byChoice(knobs: readonly Knob[]): (a: Run, b: Run) => number {
  return (a, b) => {
    const knob = knobs.find((each) => (a.when.get(each) ?? 0) !== (b.when.get(each) ?? 0));
    return knob ? (a.when.get(knob) ?? 0) - (b.when.get(knob) ?? 0) : 0;
  };
}

function cannotFollow(runs: Runs, run: Run): Error {
  return chartError(
    { file: runs.file },
    `no template found that says what the code does at ${choiceText(run.when)}`,
    'split the file, let fewer values switch one place, or exclude the combination with require()',
  );
}
