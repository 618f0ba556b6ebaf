import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

/** The language of expressions: CEL, with RE2 behind `matches`, `default(x, y)`, and int and double mixing freely. */

const LIST_MAX_ITEMS = 1_000;
const MATCH_MAX_CHARS = 65_536;
const PATTERN_MAX_CHARS = 500;
const PATTERN_CACHE_MAX = 500;

const patterns = new Map<string, RE2JS>();

/** Throws if `pattern` is no RE2 or is too long. */
export function compilePattern(pattern: string): RE2JS {
  const known = patterns.get(pattern);
  if (known !== undefined) return known;
  if (pattern.length > PATTERN_MAX_CHARS) throw new RangeError(`the pattern is longer than ${PATTERN_MAX_CHARS} characters`);
  const made = RE2JS.compile(pattern);
  if (patterns.size >= PATTERN_CACHE_MAX) patterns.clear();
  patterns.set(pattern, made);
  return made;
}

function matches(text: string, pattern: string): boolean {
  if (text.length > MATCH_MAX_CHARS)
    throw new RangeError(`matches takes texts of ${MATCH_MAX_CHARS} characters at most, received ${text.length}`);
  return compilePattern(pattern).matcher(text).find();
}

/** What a comprehension walks through is bounded, so that two nested ones stay below a million turns. */
function bounded(value: unknown): unknown {
  const size = Array.isArray(value) ? value.length : value instanceof Map ? value.size : 0;
  if (size > LIST_MAX_ITEMS) throw new RangeError(`all, exists, map and filter take ${LIST_MAX_ITEMS} items at most, received ${size}`);
  return value;
}

/**
 * Longest time that one evaluation may take. Only comprehensions can take long: what they compute in each turn may read a large payload, and a process that
 * computes answers nobody. Real mappings take less than a thousandth of it; looked at in every turn, none of which takes long by itself.
 */
const EVALUATION_MAX_MS = 500;

let stopAtMs = Number.POSITIVE_INFINITY;

/** Runs one evaluation within its time: RangeError when it is over. `nowMs` ticks evenly and begins anywhere. */
export function withinTime<T>(evaluate: () => T, nowMs: () => number): T {
  clockMs = nowMs;
  stopAtMs = nowMs() + EVALUATION_MAX_MS;
  try {
    return evaluate();
  } finally {
    stopAtMs = Number.POSITIVE_INFINITY;
  }
}

let clockMs = (): number => 0;

/** turn(x): x, as long as there is time. The compiler puts it around what a comprehension computes. */
const turnMacro = ({ args }: { args: [ASTNode] }): object => ({
  args,
  async: false,
  typeCheck: (checker: Checker, _macro: unknown, context: unknown): unknown => checker.check(args[0], context),
  evaluate(runner: Runner, _macro: unknown, context: unknown): unknown {
    if (clockMs() > stopAtMs) throw new RangeError(`the expression takes longer than ${EVALUATION_MAX_MS} ms`);
    return runner.run(args[0], context);
  },
});

interface Runner {
  run(node: ASTNode, context: unknown): unknown;
}
interface Checker {
  check(node: ASTNode, context: unknown): unknown;
  getType(name: string): unknown;
}

/** default(x, y): y where x is absent (a field, a step's output), null or ''. */
function defaultMacro({ args }: { args: [ASTNode, ASTNode] }): object {
  return {
    args,
    async: false,
    typeCheck(checker: Checker, _macro: unknown, context: unknown): unknown {
      checker.check(args[0], context);
      checker.check(args[1], context);
      return checker.getType('dyn');
    },
    evaluate(runner: Runner, _macro: unknown, context: unknown): unknown {
      let value: unknown;
      try {
        value = runner.run(args[0], context);
      } catch (thrown) {
        const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
        const absent =
          thrown instanceof Error && (thrown.name === 'MissingOutput' || code === 'no_such_key' || code === 'index_out_of_bounds');
        if (!absent) throw thrown;
      }
      return value === undefined || value === null || value === '' ? runner.run(args[1], context) : value;
    },
  };
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

function language(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: false,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 1_000, maxDepth: 40, maxListElements: 200, maxMapEntries: 200, maxCallArguments: 8 },
  });
  for (const [sign, compute] of Object.entries(ARITHMETIC)) {
    environment.registerOperator(`int ${sign} double`, (a: bigint, b: number) => compute(Number(a), b));
    environment.registerOperator(`double ${sign} int`, (a: number, b: bigint) => compute(a, Number(b)));
  }
  environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === b);
  environment.registerFunction('default(ast, ast): dyn', defaultMacro);
  environment.registerFunction('turn(ast): dyn', turnMacro);
  environment.registerFunction('string.re2Matches(string): bool', matches);
  environment.registerFunction('list<dyn>.bounded(): list<dyn>', bounded);
  environment.registerFunction({ name: 'bounded', receiverType: 'map', returnType: 'map', params: [], handler: bounded });
  // A copy that has only the names it has: what `in` and has() ask.
  environment.registerFunction({
    name: 'named',
    receiverType: 'map',
    returnType: 'map',
    params: [],
    handler: (map: Map<unknown, unknown>) => new Map(map.entries()),
  });
  environment.registerFunction('list<dyn>.named(): list<dyn>', (list: unknown) => list);
  return environment;
}

const base = language();

/** A copy to which types and variables may be added. */
export function celLanguage(): Environment {
  return base.clone();
}

/** Where expressions run: every variable is what it is. */
export const RUN_ENVIRONMENT: Environment = ['event', 'data', 'steps', 'incident'].reduce(
  (environment, name) => environment.registerVariable(name, 'dyn'),
  base.clone(),
);
