import type { Render } from '../chart.js';
import { ChartError, chartError } from '../chart-error.js';
import { type K8sObject, labelOf } from '../k8s-object.js';
import { type Choice, type Knob, OPEN, valuesBy } from '../knob.js';
import { decide, type Rule, UNKNOWN } from '../require.js';
import { withProbe } from '../twins.js';
import { Marks } from './marks.js';
import type { MapNode, Node } from './node.js';
import { withoutChance } from './without-chance.js';

/** One path through the code of a template file. */
export interface Run {
  /** The cases that the code read on its way, in the order of reading. */
  readonly when: ReadonlyMap<Knob, number>;
  /** What it made; undefined when it threw at a choice that the chart's rules exclude. */
  readonly output: Node | undefined;
  /** The rules refuse this choice, so the template may say anything there. */
  readonly isExcluded: boolean;
}

/** Code of one file, as the compiler calls it: values in, lifted output out. */
export type Probe = (values: unknown, marks: Marks) => Node;

interface Fork {
  readonly knob: Knob;
  readonly next: Map<number, Fork | Run>;
}

/** All paths taken so far. The code is pure, so the cases it has read decide what it reads next: the paths form a tree. */
export class Runs {
  readonly all: Run[] = [];
  readonly marks: Marks;
  #root: Fork | Run | undefined;

  constructor(
    readonly file: string,
    readonly knobs: readonly Knob[],
    readonly rules: readonly Rule[],
    readonly probe: Probe,
  ) {
    this.marks = new Marks(knobs);
  }

  /** The path that the code takes at a choice; called once a path. */
  at(choice: Choice): Run {
    let node = this.#root;
    while (node && 'knob' in node) node = node.next.get(choice(node.knob));
    return node ?? this.#add(choice);
  }

  #add(choice: Choice): Run {
    const run = this.#take(choice);
    let parent: { next: Map<number, Fork | Run>; index: number } | undefined;
    const put = (node: Fork | Run): void => {
      if (parent) parent.next.set(parent.index, node);
      else this.#root = node;
    };
    let known = this.#root;
    for (const [knob, index] of run.when) {
      if (known && (!('knob' in known) || known.knob !== knob)) throw this.#impure();
      const fork: Fork = known ?? { knob, next: new Map() };
      if (!known) put(fork);
      parent = { next: fork.next, index };
      known = fork.next.get(index);
    }
    if (known) throw this.#impure();
    put(run);
    this.all.push(run);
    return run;
  }

  #take(choice: Choice): Run {
    const when = new Map<Knob, number>();
    const values = valuesBy(this.knobs, (knob) => {
      if (!when.has(knob)) when.set(knob, knob.cases.length === 1 ? 0 : choice(knob));
      const value = knob.cases[when.get(knob) ?? 0]?.value;
      return value === OPEN ? this.marks.valueOf(knob) : value;
    });
    try {
      const output = withoutChance(this.file, () => withProbe(this.marks, () => this.probe(values, this.marks)));
      return { when, output, isExcluded: this.#excludes(when) };
    } catch (error) {
      if (this.#excludes(when)) return { when, output: undefined, isExcluded: true };
      throw this.#explained(error, when);
    }
  }

  #excludes(when: ReadonlyMap<Knob, number>): boolean {
    const at = (path: string): unknown => {
      for (const [knob, index] of when) if (knob.id === path) return knob.cases[index]?.value;
      return UNKNOWN;
    };
    return this.rules.some(({ condition }) => decide(condition, at) === false);
  }

  #explained(error: unknown, when: ReadonlyMap<Knob, number>): Error {
    const message = this.marks.display(error instanceof Error ? error.message : String(error));
    const choice = choiceText(when);
    const remedy =
      error instanceof ChartError ? '' : '\n  if this combination of values must not be, refuse it with require(condition, reason)';
    return new ChartError(
      `${message.startsWith(`${this.file}:`) ? '' : `${this.file}: `}${message}${choice ? `\n  at ${choice}` : ''}${remedy}`,
    );
  }

  #impure(): Error {
    return chartError(
      { file: this.file },
      'two calls with the same values read different ones',
      'the code must depend on its values alone',
    );
  }
}

/** The finite choices of a path, for people. */
export function choiceText(when: ReadonlyMap<Knob, number>): string {
  return [...when]
    .filter(([knob]) => knob.cases.length > 1)
    .map(([knob, index]) => {
      const value = knob.cases[index]?.value;
      return `${knob.id}=${value === OPEN ? '(any)' : value === undefined ? '(absent)' : JSON.stringify(value)}`;
    })
    .join(' ');
}

/** A template file's objects as one node: a list of documents. */
export function probeOf(file: string, templates: ReadonlyMap<string, Render>, render: Render): Probe {
  return (values, marks) => {
    const checksum = (other: string): string => {
      if (!templates.has(other)) throw chartError({ file }, `checksum("${other}"): the chart has no such template file`);
      return String(
        marks.derive({
          shown: `include (print $.Template.BasePath "/${other}") . | sha256sum`,
          arg: `(include (print $.Template.BasePath "/${other}") . | sha256sum)`,
          verb: '%s',
          chars: '0123456789abcdef',
          at: () => checksumToken(other),
        }),
      );
    };
    const objects = render(values, { checksum }, true);
    const docs = objects.map((object) => marks.lift(object, { file, object: marks.display(labelOf(object)) }) as MapNode);
    const ids = docs.map(docId);
    const twice = ids.findIndex((id, index) => ids.indexOf(id) < index);
    if (twice >= 0)
      throw chartError({ file, object: marks.display(labelOf(objects[twice] as K8sObject)) }, 'two objects of one kind and name');
    return docs;
  };
}

/** Stands for a checksum where plain values are compared. */
export function checksumToken(file: string): string {
  return `sha256 of ${file}`;
}

/** Kind and name, values in the name included. */
export function docId(node: Node): string {
  const { apiVersion, kind, metadata } = node as MapNode;
  const { name, namespace } = metadata as MapNode;
  return [apiVersion, kind, namespace, name].filter((part) => part !== undefined).join('/');
}
