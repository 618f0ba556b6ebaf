import type { Config } from './config.js';
import type { ConfigProblem } from './config-problem.js';
import { describeProblems } from './config-problem.js';
import { RouterError } from './errors.js';
import type { Event } from './event/event.js';
import { EVENT_TYPES } from './event/types.js';
import { SOURCE_KINDS } from './manager/registry.js';
import { typedEnvironment } from './mapper/cel-types.js';
import { checkExpression, plainType, syntaxProblem } from './mapper/check-expression.js';
import { compileExpression, type Expression } from './mapper/expression.js';
import { readsOf } from './mapper/expression-reads.js';
import { jsonSchemaOf } from './mapper/json-schema.js';

export type KeyFunction = (event: Event) => string | undefined;

/** An event for which the expression failed. It gets the default key. */
export interface KeyError {
  readonly source: string;
  readonly event: Event;
  readonly detail: string;
}

const NO_STEPS: ReadonlySet<string> = new Set();
const KEY_TYPES: ReadonlySet<string> = new Set(['string', 'int', 'double', 'dyn']);

/**
 * `sources.<name>.key`, compiled and type-checked once: event and data may be read, nothing else. A result that is '' means the default key; an expression
 * that fails on an event, or gives no text or number, is told to `onError` and means the default key too: an event without its key is better than none.
 * Throws CONFIG_INVALID with every problem.
 */
export function compileSourceKeys(sources: Config['sources'], onError: (error: KeyError) => void): Readonly<Record<string, KeyFunction>> {
  const problems: ConfigProblem[] = [];
  const functions: Record<string, KeyFunction> = {};
  for (const [name, { kind, key }] of Object.entries(sources)) {
    if (key === undefined) continue;
    const compiled = compileKey(kind, key);
    if ('evaluate' in compiled) functions[name] = keyFunction(compiled, (event, detail) => onError({ source: name, event, detail }));
    else problems.push({ path: `sources.${name}.key`, received: key, ...compiled });
  }
  if (problems.length > 0) throw new RouterError('CONFIG_INVALID', describeProblems(problems, 'the ordering keys of the sources'));
  return functions;
}

function compileKey(kindName: string, text: string): Expression | Pick<ConfigProblem, 'expected' | 'hint'> {
  const kind = SOURCE_KINDS[kindName];
  if (kind !== undefined && 'unwrap' in kind)
    return { expected: `no key: ${kindName} hands its events to other sources`, hint: 'give the key to those' };
  let expression: Expression;
  try {
    expression = compileExpression(text);
  } catch (thrown) {
    const { message, fix } = syntaxProblem(thrown);
    return { expected: `a CEL expression (${message})`, hint: fix };
  }
  const foreign = readsOf(expression.ast).find(({ path: [root] }) => root === 'steps' || root === 'incident');
  if (foreign !== undefined) return { expected: `an expression of event and data (${foreign.path[0]} is not known yet)` };
  const schema = kind?.eventType === undefined ? undefined : EVENT_TYPES[kind.eventType]?.schema;
  const typed = typedEnvironment(schema && jsonSchemaOf(schema, 'output'), {}, {});
  const { type = 'dyn', problem } = checkExpression(expression, typed, { before: NO_STEPS, later: NO_STEPS, incident: NO_STEPS });
  if (problem !== undefined) return { expected: `an expression of event and data (${problem.message})`, hint: problem.fix };
  return KEY_TYPES.has(type) ? expression : { expected: `a text or a number (this is ${plainType(type)})`, hint: 'string(x) makes a text' };
}

function keyFunction(expression: Expression, onError: (event: Event, detail: string) => void): KeyFunction {
  return (event) => {
    const result = expression.evaluate({ event, steps: {} });
    if (!result.ok) {
      onError(event, result.detail);
      return undefined;
    }
    if (typeof result.value === 'string' || typeof result.value === 'number') return String(result.value);
    onError(event, `expected a text or a number, but this is ${plainType(typeof result.value)} (in: ${expression.text})`);
    return undefined;
  };
}
