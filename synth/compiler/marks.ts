import { chartError, type Place } from '../chart-error.js';
import type { JsonSchema } from '../json-schema.js';
import { canonicalJson } from '../k8s-object.js';
import { type Choice, type Knob, OPEN, valueAt } from '../knob.js';
import { charsOfPattern } from '../pattern.js';
import { goString } from './go-text.js';
import { byRank, isList, isMap, type Node, SPLICE, Splice } from './node.js';

/** A mark is ten digits: alone for a number, `v<digits>v` for a text, so that it is legal in names, labels and paths. */
const FIRST = 1_973_400_321;
const STEP = 7_919;
const DIGITS = /(?=(\d{10}))/g;
const NUMBER = '-0123456789';

/** What a mark stands for: a value, or what a twin makes of values. */
export interface Ref {
  /** The Go expression as it stands alone in braces, and as an argument of a function. */
  readonly shown: string;
  readonly arg: string;
  readonly verb: '%s' | '%d' | '%v';
  /** Printable characters that its text can hold; undefined when it can hold others. */
  readonly chars: string | undefined;
  /** The value that it is; absent for a twin's result. */
  readonly knob?: Knob;
  readonly at: (values: unknown) => string | number;
}

interface Mark {
  readonly isText: boolean;
  /** Absent for an element of a list or map, which must not stand alone. */
  readonly ref?: Ref;
  readonly knob?: Knob;
}

/** The values of a probe, open ones as marks, and the way from marks in an output back to the values. */
export class Marks {
  readonly #marks = new Map<string, Mark>();
  readonly #scalars = new Map<Knob, string | number>();
  readonly #wholes = new Map<Knob, unknown>();
  readonly #derived = new Map<string, string | number>();
  /** Key of the first element of a list, or key of the first entry of a map → what must follow it. */
  readonly #runs = new Map<string, { readonly knob: Knob; readonly rest: string; readonly next: string }>();
  /** The values that an output held. */
  readonly reached = new Set<Knob>();
  #next = FIRST;

  constructor(knobs: readonly Knob[]) {
    for (const knob of knobs) {
      if (knob.kind === 'list' || knob.kind === 'map') this.#wholes.set(knob, this.#whole(knob));
      else this.#scalars.set(knob, this.#mark(scalarMark(knob)));
    }
  }

  /** The mark of a text, number or flag. */
  markOf(knob: Knob): string | number | undefined {
    return this.#scalars.get(knob);
  }

  /** An open value as the chart's code sees it. */
  valueOf(knob: Knob): unknown {
    return this.#scalars.get(knob) ?? this.#wholes.get(knob);
  }

  /** A mark for what a function makes of values; the same one for the same expression. */
  derive(ref: Ref): string | number {
    const mark = this.#derived.get(ref.shown) ?? this.#mark({ isText: ref.verb === '%s', ref });
    this.#derived.set(ref.shown, mark);
    return mark;
  }

  /** What a number stands for, if it is a mark. */
  refOf(value: number): Ref | undefined {
    return this.#marks.get(String(value))?.ref;
  }

  /** A text as its own words and what its marks stand for. */
  pieces(text: string): (string | Ref)[] {
    return this.#split(text, {}, (mark) => mark.ref ?? '');
  }

  /** A text for people: values by their names. */
  display(text: string): string {
    return this.#split(text, {}, (mark) => `{{ ${mark.ref?.shown ?? mark.knob?.ref} }}`).join('');
  }

  /** The output as a node; throws a ChartError where a value was not just passed on. */
  lift(value: unknown, place: Place): Node {
    if (typeof value === 'boolean') return value;
    if (typeof value === 'number') {
      const mark = this.#marks.get(String(value));
      if (mark) this.#reach(mark, place);
      return value;
    }
    if (typeof value === 'string') {
      this.#split(value, place, (mark) => this.#reach(mark, place));
      return value;
    }
    if (Array.isArray(value)) return this.#liftList(value, place);
    if (typeof value === 'object' && value !== null) return this.#liftMap(value as Record<string, unknown>, place);
    throw chartError(place, `${String(value)} is no value of an object`, 'leave the key out instead');
  }

  /** What a node is at plain values: what the template must give there. */
  fill(node: Node, values: unknown): unknown {
    if (typeof node === 'number') return this.refOf(node)?.at(values) ?? node;
    if (typeof node === 'string')
      return this.pieces(node)
        .map((piece) => (typeof piece === 'string' ? piece : piece.at(values)))
        .join('');
    if (isList(node))
      return node.flatMap((item) => (item instanceof Splice ? (valueAt(values, item.knob.path) as unknown[]) : [this.fill(item, values)]));
    if (!isMap(node)) return node;
    const { [SPLICE]: splice, ...own } = node;
    const given = splice instanceof Splice ? (valueAt(values, splice.knob.path) as object) : {};
    return { ...given, ...Object.fromEntries(Object.entries(own).map(([key, child]) => [key, this.fill(child, values)])) };
  }

  /** A scalar as the code makes it at a choice of finite cases: where a value is its own constant, the constant. */
  settle(node: Node, choice: Choice): Node {
    const constantOf = ({ knob }: Ref): string | number | undefined => {
      const value = knob?.cases[choice(knob)]?.value;
      return value === OPEN || value === undefined ? undefined : typeof value === 'number' ? value : String(value);
    };
    if (typeof node === 'number') {
      const ref = this.refOf(node);
      return (ref && constantOf(ref)) ?? node;
    }
    if (typeof node !== 'string') return node;
    return this.#split(node, {}, (mark, text) => (mark.ref && constantOf(mark.ref)) ?? text).join('');
  }

  #reach({ ref, knob }: Mark, place: Place): void {
    if (!ref) takenApart(knob, place);
    if (ref.knob) this.reached.add(ref.knob);
  }

  #mark(mark: Mark): string | number {
    this.#next -= STEP;
    this.#marks.set(String(this.#next), mark);
    return mark.isText ? `v${this.#next}v` : this.#next;
  }

  /** A list or map of two elements, so that it is seen when it is cut or sorted. */
  #whole(knob: Knob): unknown {
    const leaf = (type: string): unknown => this.#mark({ isText: type === 'string', knob });
    const items = knob.schema.items ?? (knob.schema.additionalProperties as JsonSchema);
    const [one, two] = [sampleOf(items, leaf), sampleOf(items, leaf)];
    if (knob.kind === 'list') {
      this.#runs.set(canonicalJson(one), { knob, rest: canonicalJson(two), next: '' });
      return [one, two];
    }
    const [key, next] = [String(leaf('string')), String(leaf('string'))];
    this.#runs.set(key, { knob, rest: canonicalJson([one, two]), next });
    return { [key]: one, [next]: two };
  }

  #liftList(value: readonly unknown[], place: Place): Node {
    const nodes: Node[] = [];
    for (let index = 0; index < value.length; index++) {
      const run = this.#runs.get(canonicalJson(value[index]));
      if (run && canonicalJson(value[++index]) !== run.rest) takenApart(run.knob, place);
      if (run) this.reached.add(run.knob);
      nodes.push(run ? new Splice(run.knob) : this.lift(value[index], inside(place, String(index))));
    }
    return nodes;
  }

  #liftMap(value: Record<string, unknown>, place: Place): Node {
    const nodes = new Map<string, Node>();
    const done = new Set<string>();
    for (const [key, child] of Object.entries(value)) {
      const run = this.#runs.get(key);
      if (!run || canonicalJson([child, value[run.next]]) !== run.rest) continue;
      if (nodes.has(SPLICE))
        throw chartError(
          place,
          `two maps of values meet, one of them ${run.knob.ref}`,
          'who wins is not for a template to say: keep them apart, or make them one value',
        );
      nodes.set(SPLICE, new Splice(run.knob));
      this.reached.add(run.knob);
      done.add(key).add(run.next);
    }
    for (const [key, child] of Object.entries(value)) {
      if (done.has(key) || child === undefined) continue;
      this.#split(key, place, (mark) => {
        if (!mark.ref) return takenApart(mark.knob, place);
        throw chartError(
          place,
          `a key holds ${mark.ref.shown}`,
          'values may stand in values and in object names; for keys pass a whole map',
        );
      });
      nodes.set(key, this.lift(child, inside(place, key)));
    }
    return Object.fromEntries([...nodes].sort(([a], [b]) => byRank(a, b)));
  }

  #split<T>(text: string, place: Place, found: (mark: Mark, text: string) => T): (string | T)[] {
    const pieces: (string | T)[] = [];
    let done = 0;
    for (const match of text.matchAll(DIGITS)) {
      const mark = this.#marks.get(match[1] ?? '');
      if (!mark || match.index < done) continue;
      const edge = mark.isText ? 1 : 0;
      const whole = text.slice(match.index - edge, match.index + 10 + edge);
      if (mark.isText && whole !== `v${match[1]}v`)
        throw chartError(
          place,
          `${mark.ref?.shown ?? mark.knob?.ref} is changed on its way (cut, upper case, …)`,
          'values can only be passed on as they are',
        );
      if (match.index - edge > done) pieces.push(text.slice(done, match.index - edge));
      pieces.push(found(mark, whole));
      done = match.index + 10 + edge;
    }
    return done < text.length || done === 0 ? [...pieces, text.slice(done)] : pieces;
  }
}

function scalarMark(knob: Knob): Mark {
  const { ref, path, kind, cases, schema } = knob;
  const at = (values: unknown): string | number => valueAt(values, path) as string | number;
  const constants = cases.flatMap(({ value }) => (value === OPEN || value === undefined ? [] : [value]));
  if (kind === 'int' || typeof constants[0] === 'number')
    return { isText: false, ref: { shown: `${ref} | int64`, arg: `(int64 ${ref})`, verb: '%d', chars: NUMBER, knob, at } };
  const open = kind === 'string' ? charsOfPattern(schema.pattern ?? '^$') : '';
  const isPrintable = open !== undefined && /^[\x20-\x7e]*$/.test(constants.join(''));
  const verb = typeof constants[0] === 'boolean' ? '%v' : '%s';
  return { isText: true, ref: { shown: ref, arg: ref, verb, chars: isPrintable ? open + constants.join('') : undefined, knob, at } };
}

function takenApart(knob: Knob | undefined, place: Place): never {
  const how = knob?.kind === 'map' ? 'or as { ...map, own }' : 'or as [...own, ...list]; to join texts use join() of synth/twins.ts';
  throw chartError(
    place,
    `the ${knob?.kind} ${knob?.ref} is taken apart (mapped, sorted, cut, indexed or converted)`,
    `pass it on whole, ${how}`,
  );
}

function inside(place: Place, key: string): Place {
  return { ...place, path: place.path ? `${place.path}.${key}` : key };
}

/** An element of a list or map with every field there, its texts and numbers from `leaf`. */
export function sampleOf(schema: JsonSchema, leaf: (type: string) => unknown): unknown {
  if (schema.properties) return Object.fromEntries(Object.entries(schema.properties).map(([key, child]) => [key, sampleOf(child, leaf)]));
  if (schema.type === 'array') return [sampleOf(schema.items ?? {}, leaf)];
  if (schema.type === 'object') return { [String(leaf('string'))]: sampleOf(schema.additionalProperties as JsonSchema, leaf) };
  if (schema.anyOf) return sampleOf(schema.anyOf.at(-1) ?? {}, leaf);
  return schema.type === 'boolean' ? true : leaf(schema.type === 'integer' || schema.type === 'number' ? 'number' : 'string');
}

/** A text with values as one Go expression: the value itself, or printf. */
export function textExpression(pieces: readonly (string | Ref)[]): string {
  const [only] = pieces;
  if (pieces.length === 1 && typeof only === 'object' && only.verb === '%s') return only.shown;
  const format = pieces.map((piece) => (typeof piece === 'string' ? piece.replaceAll('%', '%%') : piece.verb)).join('');
  return `printf ${goString(format)} ${pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.arg])).join(' ')}`;
}
