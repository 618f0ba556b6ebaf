import { goString } from './compiler/go-text.js';
import { type Constant, constantsOf, type JsonSchema } from './json-schema.js';

/** The case of an open domain: any value that no other case names. A probe shows it as a mark. */
export const OPEN: unique symbol = Symbol('any other value');

/** One way a value can be, as far as a template can tell. */
export interface Case {
  readonly value: unknown;
  /** The Go expression that holds in this case, and the one that holds in all others; '' for OPEN. */
  readonly yes: string;
  readonly no: string;
  /** Both expressions give a real boolean (a text or number would be printed as itself). */
  readonly isBoolean: boolean;
}

/** One leaf of the values: its finite cases, and, unless it is a flag, the open rest. */
export interface Knob {
  /** Dotted path, e.g. router.replicas; release.name for `.Release.Name`. */
  readonly id: string;
  readonly path: readonly string[];
  readonly ref: string;
  readonly kind: 'flag' | 'int' | 'string' | 'list' | 'map';
  readonly cases: readonly Case[];
  /** Schema of the open values (of the whole leaf for a flag). */
  readonly schema: JsonSchema;
  readonly fallback: unknown;
}

/** Conditions name the other cases; this one is what they leave. */
const OPEN_CASE: Case = { value: OPEN, yes: '', no: '', isBoolean: false };

/** Which case of each finite value: an index into its cases. */
export type Choice = (knob: Knob) => number;

const KINDS: Readonly<Record<string, Knob['kind']>> = { integer: 'int', string: 'string', array: 'list', object: 'map' };

/** One leaf a knob, in schema order, and the two of the release. The schema has passed check-schema.ts. */
export function knobsOf(schema: JsonSchema): Knob[] {
  return [...leaves(schema, []), releaseKnob('name', 'Name'), releaseKnob('namespace', 'Namespace')];
}

function leaves(schema: JsonSchema, path: readonly string[]): Knob[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const here = [...path, key];
    return child.properties ? leaves(child, here) : [knobOf(child, here, schema.required?.includes(key) ?? false)];
  });
}

function knobOf(schema: JsonSchema, path: readonly string[], isRequired: boolean): Knob {
  const ref = `.Values.${path.join('.')}`;
  const members = schema.anyOf ?? [schema];
  const open = members.find((member) => !constantsOf(member));
  const constants = members.flatMap((member) => constantsOf(member) ?? []);
  return {
    id: path.join('.'),
    path,
    ref,
    kind: open ? (KINDS[open.type ?? ''] ?? 'map') : 'flag',
    cases: [
      ...(open ? [OPEN_CASE] : []),
      ...constants.map((value) => constantCase(ref, value, open !== undefined)),
      ...(isRequired ? [] : [absentCase(ref, path, open ?? schema)]),
    ],
    schema: open ?? schema,
    fallback: schema.default,
  };
}

function constantCase(ref: string, value: Constant, hasOpen: boolean): Case {
  if (value === true) return { value, yes: ref, no: `not ${ref}`, isBoolean: true };
  if (value === false) return { value, yes: `not ${ref}`, no: ref, isBoolean: true };
  if (hasOpen && (value === 0 || value === '')) return emptyCase(ref, value);
  const text = typeof value === 'string' ? `${ref} ${goString(value)}` : `(int64 ${ref}) ${value}`;
  return { value, yes: `eq ${text}`, no: `ne ${text}`, isBoolean: true };
}

/** 0, '', [] and {} are what Go takes for false. */
function emptyCase(ref: string, value: unknown): Case {
  return { value, yes: `not ${ref}`, no: ref, isBoolean: false };
}

function absentCase(ref: string, path: readonly string[], open: JsonSchema): Case {
  const neverEmpty =
    open.type === 'integer' ? (open.minimum ?? 0) > 0 : !new RegExp(open.pattern ?? '').test('') || (open.minLength ?? 0) > 0;
  if (neverEmpty) return emptyCase(ref, undefined);
  const has = `hasKey ${ref.slice(0, ref.lastIndexOf('.'))} ${goString(path.at(-1) ?? '')}`;
  return { value: undefined, yes: `not (${has})`, no: has, isBoolean: true };
}

function releaseKnob(key: string, field: string): Knob {
  const schema = { type: 'string', pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', maxLength: 53 };
  const cases = [OPEN_CASE];
  return { id: `release.${key}`, path: ['release', key], ref: `.Release.${field}`, kind: 'string', cases, schema, fallback: key };
}

/** The same list or map with its empty value as a case of its own: some code switches on it. */
export function withEmptyCase(knob: Knob): Knob {
  const empty = emptyCase(knob.ref, knob.kind === 'list' ? [] : {});
  return { ...knob, cases: [OPEN_CASE, empty] };
}

/** Index of the case that a value falls into. */
export function caseOf(knob: Knob, value: unknown): number {
  const exact = knob.cases.findIndex((one) => JSON.stringify(one.value) === JSON.stringify(value) && one.value !== OPEN);
  return exact >= 0 ? exact : knob.cases.findIndex((one) => one.value === OPEN);
}

/** A tree of values whose leaves are read one by one, so that reads can be followed. */
export function valuesBy(knobs: readonly Knob[], at: (knob: Knob) => unknown): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const knob of knobs) {
    const parent = knob.path.slice(0, -1).reduce<Record<string, unknown>>((tree, key) => {
      tree[key] ??= {};
      return tree[key] as Record<string, unknown>;
    }, root);
    Object.defineProperty(parent, knob.path.at(-1) ?? '', { enumerable: true, get: () => at(knob) });
  }
  return root;
}

export function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (tree, key) => (typeof tree === 'object' && tree !== null ? (tree as Record<string, unknown>)[key] : undefined),
    values,
  );
}
