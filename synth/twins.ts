import { chartError } from './chart-error.js';
import { argumentOf, charsOf } from './compiler/expression.js';
import type { Marks } from './compiler/marks.js';
import { fill, type Node } from './compiler/node.js';

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
    const nodes: Node[] = args.map((arg) => marks.lift(arg, { object: `${name}()` }));
    if (JSON.stringify(nodes) === JSON.stringify(args)) return plain(...args);
    const expression = helm(
      ...nodes.map((node) => {
        const text = argumentOf(node);
        if (text === undefined)
          throw chartError({ object: `${name}()` }, 'a list is neither all values nor all constants', 'pass one list of the values');
        return text;
      }),
    );
    return marks.derive({
      shown: expression,
      arg: `(${expression})`,
      verb,
      chars: chars(...nodes.map(charsOf)),
      at: (values) => plain(...(nodes.map((node) => fill(node, values)) as unknown as A)),
    }) as R;
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
