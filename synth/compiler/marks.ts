import { chartError, type Place } from '../chart-error.js';
import type { JsonSchema } from '../json-schema.js';
import { canonicalJson } from '../k8s-object.js';
import type { Knob } from './knob.js';
import { byRank, Int, type Node, type Ref, SPLICE, Splice, Text } from './node.js';
import { refOf } from './ref-of.js';

/** A mark is ten digits: alone for a number, `v<digits>v` for a text, so that it is legal in names, labels and paths. */
const FIRST = 1_973_400_321;
const STEP = 7_919;
const DIGITS = /(?=(\d{10}))/g;

interface Mark {
  readonly isText: boolean;
  /** Absent in an element of a list or map, which must not stand alone. */
  readonly ref?: Ref;
  readonly knob?: Knob;
}

/** A list or map as two elements: `first` must be followed by `rest`. */
interface Run {
  readonly knob: Knob;
  readonly rest: string;
}

/** The values of one probe: open ones as marks, and the way back from marks in an output to the values. */
export class Marks {
  readonly #marks = new Map<string, Mark>();
  readonly #values = new Map<Knob, unknown>();
  readonly #derived = new Map<string, string | number>();
  readonly #lists = new Map<string, Run>();
  readonly #maps = new Map<string, Run & { readonly key: string }>();
  #next = FIRST;

  constructor(knobs: readonly Knob[]) {
    for (const knob of knobs) if (knob.kind !== 'flag') this.#values.set(knob, this.#valueFor(knob));
  }

  valueOf(knob: Knob): unknown {
    return this.#values.get(knob);
  }

  /** A mark for what a function makes of values; the same one for the same expression. */
  derive(ref: Ref): string | number {
    const known = this.#derived.get(ref.shown);
    if (known !== undefined) return known;
    const mark = this.#mark({ isText: ref.verb === '%s', ref });
    this.#derived.set(ref.shown, mark);
    return mark;
  }

  /** The output with its marks as references; throws a ChartError where a value was not just passed on. */
  lift(value: unknown, place: Place): Node {
    if (typeof value === 'number') return this.#liftNumber(value, place);
    if (typeof value === 'string') return this.#liftText(value, place);
    if (Array.isArray(value)) return this.#liftList(value, place);
    if (typeof value === 'object' && value !== null) return this.#liftMap(value as Record<string, unknown>, place);
    if (typeof value === 'boolean') return value;
    throw chartError(place, `${String(value)} is no value of an object`, 'leave the key out instead');
  }

  /** A text of the output for people: marks as the values they stand for. */
  display(text: string): string {
    return this.#split(text, { file: '' }, (mark) => `{{ ${mark.ref?.shown ?? mark.knob?.ref} }}`).join('');
  }

  #mark(mark: Mark): string | number {
    this.#next -= STEP;
    this.#marks.set(String(this.#next), mark);
    return mark.isText ? `v${this.#next}v` : this.#next;
  }

  #valueFor(knob: Knob): unknown {
    if (knob.kind === 'int' || knob.kind === 'string') return this.#mark({ isText: knob.kind === 'string', ref: refOf(knob) });
    const leaf = (type: string): unknown => this.#mark({ isText: type === 'string', knob });
    const items = knob.schema.items ?? (knob.schema.additionalProperties as JsonSchema);
    const [one, two] = [sampleOf(items, leaf), sampleOf(items, leaf)];
    if (knob.kind === 'list') {
      this.#lists.set(canonicalJson(one), { knob, rest: canonicalJson(two) });
      return [one, two];
    }
    const [key, next] = [String(leaf('string')), String(leaf('string'))];
    this.#maps.set(key, { knob, rest: canonicalJson([one, next, two]), key: next });
    return { [key]: one, [next]: two };
  }

  #liftNumber(value: number, place: Place): Node {
    const mark = this.#marks.get(String(value));
    if (!mark || mark.isText) return value;
    return mark.ref ? new Int(mark.ref) : this.#takenApart(mark.knob, place);
  }

  #liftText(value: string, place: Place): Node {
    const pieces = this.#split(value, place, (mark) => mark.ref ?? this.#takenApart(mark.knob, place));
    const [only] = pieces;
    return pieces.length === 1 && typeof only === 'string' ? only : new Text(pieces);
  }

  #liftList(value: readonly unknown[], place: Place): Node {
    const nodes: Node[] = [];
    for (let index = 0; index < value.length; index++) {
      const run = this.#lists.get(canonicalJson(value[index]));
      if (run && canonicalJson(value[++index]) !== run.rest) this.#takenApart(run.knob, place);
      nodes.push(run ? new Splice(run.knob) : this.lift(value[index], inside(place, String(index))));
    }
    return nodes;
  }

  #liftMap(value: Record<string, unknown>, place: Place): Node {
    const nodes = new Map<string, Node>();
    const done = new Set<string>();
    for (const [key, child] of Object.entries(value)) {
      const run = this.#maps.get(key);
      if (!run || canonicalJson([child, run.key, value[run.key]]) !== run.rest) continue;
      if (nodes.has(SPLICE))
        throw chartError(
          place,
          `two maps of values meet, one of them ${run.knob.ref}: who wins is not for a template to say`,
          'keep them apart, or make them one value',
        );
      nodes.set(SPLICE, new Splice(run.knob));
      for (const each of [key, run.key]) done.add(each);
    }
    for (const [key, child] of Object.entries(value)) {
      if (done.has(key) || child === undefined) continue;
      this.#split(key, place, (mark) => {
        throw mark.ref
          ? chartError(place, `a key holds ${mark.ref.shown}`, 'values may stand in values and in object names; for keys pass a whole map')
          : this.#takenApart(mark.knob, place);
      });
      nodes.set(key, this.lift(child, inside(place, key)));
    }
    return Object.fromEntries([...nodes].sort(([a], [b]) => byRank(a, b)));
  }

  #split<T>(text: string, place: Place, found: (mark: Mark) => T): (string | T)[] {
    const pieces: (string | T)[] = [];
    let done = 0;
    for (const match of text.matchAll(DIGITS)) {
      const mark = this.#marks.get(match[1] ?? '');
      if (!mark || match.index < done) continue;
      const from = match.index - (mark.isText ? 1 : 0);
      const to = match.index + 10 + (mark.isText ? 1 : 0);
      if (mark.isText && text.slice(from, to) !== `v${match[1]}v`)
        throw chartError(
          place,
          `${mark.ref?.shown ?? mark.knob?.ref} is changed on its way (cut, upper case, …)`,
          'values can only be passed on as they are',
        );
      if (from > done) pieces.push(text.slice(done, from));
      pieces.push(found(mark));
      done = to;
    }
    return done < text.length || done === 0 ? [...pieces, text.slice(done)] : pieces;
  }

  #takenApart(knob: Knob | undefined, place: Place): never {
    const kind = knob?.kind ?? 'list';
    const how =
      kind === 'list'
        ? 'pass it on whole, or as [...own, ...list]; to join texts use join() of synth/twins.ts'
        : 'pass it on whole, or as { ...map, own }';
    throw chartError(place, `the ${kind} ${knob?.ref} is taken apart (mapped, sorted, cut, indexed or converted)`, how);
  }
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
