import { chartError } from './chart-error.js';
import { goString } from './compiler/go-text.js';
import { type Marks, textExpression } from './compiler/marks.js';
import { isList, type Node, Splice } from './compiler/node.js';
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

type Argument = string | number | readonly string[];

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
  const [only, ...more] = isList(node) ? node : [];
  if (only instanceof Splice && more.length === 0) {
    const pattern = only.knob.schema.items?.pattern;
    return { text: only.knob.ref, chars: pattern === undefined ? undefined : charsOfPattern(pattern), isConstant: false };
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
