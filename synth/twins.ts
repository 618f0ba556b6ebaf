import { chartError } from './chart-error.js';
import { goString } from './compiler/go-text.js';
import { type Marks, textExpression } from './compiler/marks.js';
import { isList, isMap, type Node, SPLICE, Splice } from './compiler/node.js';
import { goJson } from './go-json.js';
import type { JsonSchema } from './json-schema.js';
import { charsOfPattern } from './pattern.js';

/**
 * Functions on values that a chart needs and a template can say as well: each is written twice, for TypeScript and for Helm, and a property
 * test holds the two together (test/synth/twins.test.ts). Nothing else may be computed from values.
 */

let probe: Marks | undefined;

/** While the compiler probes a chart's code, twins give marks. */
export function withProbe<T>(marks: Marks, run: () => T): T {
  const before = probe;
  probe = marks;
  try {
    return run();
  } finally {
    probe = before;
  }
}

type Argument = string | number | readonly string[] | Readonly<Record<string, unknown>>;

interface Twin<A extends readonly Argument[], R extends string | number> {
  readonly name: string;
  readonly plain: (...args: A) => R;
  /** The Go expression; each argument is ready to stand in it. */
  readonly helm: (...args: string[]) => string;
  readonly verb: R extends string ? '%s' : '%d';
  /** Characters of the result, where its text may stand bare; from those of the arguments. */
  readonly chars: (...args: (string | undefined)[]) => string | undefined;
}

function twin<A extends readonly Argument[], R extends string | number>({ name, plain, helm, verb, chars }: Twin<A, R>): (...args: A) => R {
  return (...args) => {
    if (!probe) return plain(...args);
    const marks = probe;
    const nodes = args.map((arg) => marks.lift(arg, { object: `${name}()` }));
    const operands = nodes.map((node) => argumentOf(node, marks, name));
    if (operands.every(({ isConstant }) => isConstant)) return plain(...args);
    const expression = helm(...operands.map(({ text }) => text));
    return marks.derive({
      shown: expression,
      arg: `(${expression})`,
      verb,
      chars: chars(...operands.map((operand) => operand.chars)),
      at: (values) => plain(...(nodes.map((node) => marks.fill(node, values)) as unknown as A)),
    }) as R;
  };
}

interface Operand {
  readonly text: string;
  readonly chars: string | undefined;
  readonly isConstant: boolean;
}

/** An argument of a twin as one of a Go function. */
function argumentOf(node: Node, marks: Marks, name: string): Operand {
  if (typeof node === 'number') {
    const ref = marks.refOf(node);
    return { text: ref?.arg ?? String(node), chars: '-0123456789', isConstant: ref === undefined };
  }
  if (typeof node === 'string') {
    const pieces = marks.pieces(node);
    const refs = pieces.filter((piece) => typeof piece === 'object');
    const chars = pieces.map((piece) => (typeof piece === 'string' ? (/^[\x20-\x7e]*$/.test(piece) ? piece : undefined) : piece.chars));
    const text = refs.length === 0 ? goString(node) : pieces.length === 1 ? (refs[0]?.arg ?? '') : `(${textExpression(pieces)})`;
    return { text, chars: chars.includes(undefined) ? undefined : chars.join(''), isConstant: refs.length === 0 };
  }
  const members = isMap(node) ? Object.values(node) : isList(node) ? node : [];
  const only = members.length === 1 && (isList(node) || (isMap(node) && SPLICE in node)) ? members[0] : undefined;
  if (only instanceof Splice) return { text: only.knob.ref, chars: charsOfSchema(only.knob.schema), isConstant: false };
  if (isMap(node)) {
    if (members.some((child) => child instanceof Splice))
      throw chartError({ object: `${name}()` }, 'a map is neither all values nor all constants', 'pass one map of the values');
    return { text: '', chars: undefined, isConstant: true };
  }
  if (!isList(node) || node.some((item) => item instanceof Splice))
    throw chartError({ object: `${name}()` }, 'a list is neither all values nor all constants', 'pass one list of the values');
  const items = node.map((item) => argumentOf(item, marks, name));
  return {
    text: `(list ${items.map(({ text }) => text).join(' ')})`,
    chars: undefined,
    isConstant: items.every(({ isConstant }) => isConstant),
  };
}

/** The characters of the texts inside a list or map; undefined when there can be others than printable ASCII. */
function charsOfSchema({ type, pattern, enum: words, $ref, items, anyOf, properties = {}, ...schema }: JsonSchema): string | undefined {
  if ($ref !== undefined) return undefined;
  if (type === 'string' && !words) return pattern === undefined ? undefined : charsOfPattern(pattern);
  const inner = [items, schema.propertyNames, schema.additionalProperties, ...(anyOf ?? []), ...Object.values(properties)];
  const parts = [
    (words ?? []).join(''),
    Object.keys(properties).join(''),
    ...inner.map((child) => (typeof child === 'object' ? charsOfSchema(child) : '')),
  ];
  return parts.includes(undefined) ? undefined : parts.join('');
}

/** The texts of a list in one, e.g. Kafka's brokers. */
export const join = twin<[list: readonly string[], separator: string], string>({
  name: 'join',
  plain: (list, separator) => list.join(separator),
  helm: (list, separator) => `join ${separator} ${list}`,
  verb: '%s',
  chars: (list, separator) => (list === undefined || separator === undefined ? undefined : list + separator),
});

/** `percent` % of a number that is not negative, rounded up: how many of so many. */
export const portion = twin<[whole: number, percent: number], number>({
  name: 'portion',
  plain: (whole, percent) => Math.ceil((whole * percent) / 100),
  helm: (whole, percent) => `div (add (mul ${whole} ${percent}) 99) 100`,
  verb: '%d',
  chars: () => '-0123456789',
});

/** A number times a constant, e.g. days in milliseconds. */
export const product = twin<[whole: number, factor: number], number>({
  name: 'product',
  plain: (whole, factor) => whole * factor,
  helm: (whole, factor) => `mul ${whole} ${factor}`,
  verb: '%d',
  chars: () => '-0123456789',
});

const ASCII = Array.from({ length: 0x5f }, (_, index) => String.fromCharCode(0x20 + index)).join('');
const jsonChars = (inner: string | undefined): string | undefined => (inner === undefined ? undefined : ASCII);

/** A value as JSON, for a text inside a text: quotes and line breaks cannot break out. Its texts must hold no control characters. */
export const json = twin<[value: string | number | Readonly<Record<string, unknown>>], string>({
  name: 'json',
  plain: goJson,
  helm: (value) => `toJson ${value}`,
  verb: '%s',
  chars: jsonChars,
});

/** The entries of a map as JSON without the braces around them, to stand in a flow map beside others. */
export const jsonMembers = twin<[map: Readonly<Record<string, unknown>>], string>({
  name: 'jsonMembers',
  plain: (map) => goJson(map).slice(1, -1),
  helm: (map) => `toJson ${map} | trimPrefix "{" | trimSuffix "}"`,
  verb: '%s',
  chars: jsonChars,
});
