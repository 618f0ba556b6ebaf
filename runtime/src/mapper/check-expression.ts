import { TypeError as CelTypeError, ParseError } from '@marcbachmann/cel-js';
import type { TypedEnvironment } from './cel-types.js';
import { compileExpression, type Expression, ExpressionError } from './expression.js';
import { readsOf } from './expression-reads.js';

export interface ExpressionProblem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  /** Offset in the expression. */
  readonly offset: number;
}

export interface StepNames {
  /** Steps that come before, whose outputs may be read. */
  readonly before: ReadonlySet<string>;
  /** Steps of the same list that come at or after this one. */
  readonly later: ReadonlySet<string>;
  /** Steps of the route that leave outputs on the incident. */
  readonly incident: ReadonlySet<string>;
}

/** Types an expression that was read. `expected`: the CEL type it must have. */
export function checkExpression(
  expression: Expression,
  typed: TypedEnvironment,
  names: StepNames,
  expected?: 'bool',
): { readonly type?: string; readonly problem?: ExpressionProblem } {
  const step = checkSteps(expression, names);
  if (step !== undefined) return { problem: step };
  let result: ReturnType<TypedEnvironment['environment']['check']>;
  try {
    result = typed.environment.check(expression.text);
  } catch (thrown) {
    return {
      problem: {
        code: 'cel-syntax',
        message: thrown instanceof Error ? thrown.message : String(thrown),
        fix: 'Correct the expression.',
        offset: 0,
      },
    };
  }
  const { error } = result;
  if (error instanceof CelTypeError || error instanceof ParseError) return { problem: typeProblem(error) };
  const type = result.type ?? 'dyn';
  if (expected !== undefined && type !== expected && type !== 'dyn') {
    return {
      problem: {
        code: 'when-type',
        message: `expected true or false, but this is ${plainType(type)}`,
        fix: 'Compare it with something, as in: data.x == "y".',
        offset: 0,
      },
    };
  }
  return { type };
}

/** An expression as text: read and typed. */
export function checkExpressionText(
  text: string,
  typed: TypedEnvironment,
  names: StepNames,
  expected?: 'bool',
): ReturnType<typeof checkExpression> {
  try {
    return checkExpression(compileExpression(text), typed, names, expected);
  } catch (thrown) {
    return { problem: syntaxProblem(thrown) };
  }
}

/** Rethrows what is no ExpressionError. */
export function syntaxProblem(thrown: unknown): ExpressionProblem {
  if (!(thrown instanceof ExpressionError)) throw thrown;
  const fix = {
    'cel-syntax': 'Correct the expression here.',
    'cel-bounds': 'Make it simpler, or split it over steps.',
    'cel-pattern': 'Write an RE2 pattern.',
  };
  return { code: thrown.code, message: thrown.message, fix: fix[thrown.code], offset: thrown.start };
}

function checkSteps(expression: Expression, names: StepNames): ExpressionProblem | undefined {
  for (const { path, nodes } of readsOf(expression.ast)) {
    const [root, first, second] = path;
    if (root === 'steps' && typeof first === 'string' && !names.before.has(first)) {
      const offset = nodes[1]?.start ?? 0;
      return names.later.has(first)
        ? { code: 'later-step', message: `step ${first} has not run yet here`, fix: 'Move this step behind it.', offset }
        : {
            code: 'unknown-step',
            message: `no step ${first} comes before, in this list`,
            fix: known(names.before, 'steps before'),
            offset,
          };
    }
    if (root === 'incident' && first === 'steps' && typeof second === 'string' && !names.incident.has(second)) {
      const offset = nodes[2]?.start ?? 0;
      return {
        code: 'unknown-incident-step',
        message: `the route has no step ${second}`,
        fix: known(names.incident, 'steps of the route'),
        offset,
      };
    }
  }
  return undefined;
}

function known(names: ReadonlySet<string>, what: string): string {
  return names.size === 0 ? `There are no ${what}.` : `Known ${what}: ${[...names].join(', ')}.`;
}

function typeProblem(error: CelTypeError | ParseError): ExpressionProblem {
  const offset = error.range?.start ?? 0;
  const code =
    error instanceof ParseError
      ? 'cel-syntax'
      : error.code === 'no_such_key'
        ? 'unknown-field'
        : error.code === 'unknown_variable'
          ? 'unknown-variable'
          : 'cel-type';
  const fix =
    code === 'unknown-field'
      ? 'Use a field of the schema (sre-router schema --type T prints it).'
      : code === 'unknown-variable'
        ? 'Variables are event, data, steps and incident.'
        : 'Make the types agree; string(), int(), double() convert.';
  return { code, message: error.summary.replace(/\b[A-Z][a-z]+_[A-Za-z0-9_]*\b/g, 'object'), fix, offset };
}

export function plainType(type: string): string {
  const plain: Readonly<Record<string, string>> = {
    string: 'a text',
    int: 'an integer',
    double: 'a number',
    bool: 'true or false',
    null: 'null',
  };
  return plain[type] ?? (type.startsWith('list') ? 'a list' : 'an object');
}
