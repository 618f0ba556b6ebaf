import type { Json } from '../event/event.js';
import type { TypedEnvironment } from './cel-types.js';
import { checkExpression, plainType, type StepNames, syntaxProblem } from './check-expression.js';
import { alternativesOf, type JsonSchema } from './json-schema.js';
import type { Path } from './mapping-source.js';
import { parseTemplate, type TemplatePart } from './template.js';

export interface WithProblem {
  readonly code: string;
  readonly message: string;
  readonly fix: string;
  readonly path: Path;
  /** Point at the key instead of the value. */
  readonly key?: boolean;
  readonly offset?: number;
}

interface Context {
  readonly typed: TypedEnvironment;
  readonly names: StepNames;
}

/** An action's input as written against the schema of the input; templates count by their type, where it is known. */
export function checkWith(value: Json, schema: JsonSchema, context: Context, path: Path): readonly WithProblem[] {
  if (typeof value === 'string') return checkText(value, schema, context, path);
  const trials = alternativesOf(schema).map((shape) => checkShape(value, shape, context, path));
  return trials.find((trial) => trial.length === 0) ?? nearest(trials);
}

function depth(problems: readonly WithProblem[]): number {
  return Math.max(0, ...problems.map((problem) => problem.path.length));
}

function nearest(trials: readonly (readonly WithProblem[])[]): readonly WithProblem[] {
  return [...trials].sort((a, b) => depth(b) - depth(a) || a.length - b.length)[0] ?? [];
}

function checkShape(value: Json, shape: JsonSchema, context: Context, path: Path): readonly WithProblem[] {
  const { type } = shape;
  const own = Array.isArray(value)
    ? 'array'
    : value === null
      ? 'null'
      : typeof value === 'number' && Number.isInteger(value)
        ? 'integer'
        : typeof value;
  if (typeof type === 'string' && type !== own && !(type === 'number' && own === 'integer')) return [mismatch(type, own, path)];
  if (shape.enum !== undefined && !shape.enum.includes(value))
    return [{ code: 'with-type', message: `expected one of ${shape.enum.join(', ')}`, fix: 'Use one of them.', path }];
  if (shape.const !== undefined && shape.const !== value)
    return [{ code: 'with-type', message: `expected ${JSON.stringify(shape.const)}`, fix: 'Use it.', path }];
  const size = typeof value === 'string' ? value.length : typeof value === 'number' ? value : undefined;
  const least = typeof value === 'string' ? shape.minLength : shape.minimum;
  const most = typeof value === 'string' ? shape.maxLength : shape.maximum;
  if (size !== undefined && (size < (least ?? size) || size > (most ?? size))) {
    const unit = typeof value === 'string' ? ' characters' : '';
    const bounds = [...(least === undefined ? [] : [`at least ${least}`]), ...(most === undefined ? [] : [`at most ${most}`])].join(', ');
    return [{ code: 'with-type', message: `expected ${bounds}${unit}, received ${size}`, fix: 'Correct the value.', path }];
  }
  if (Array.isArray(value)) {
    const items = typeof shape.items === 'object' ? shape.items : {};
    return value.flatMap((item, index) => checkWith(item, items, context, [...path, index]));
  }
  if (value === null || typeof value !== 'object') return [];
  const missing = (shape.required ?? []).filter((key) => !Object.hasOwn(value, key));
  const problems: WithProblem[] = missing.map((key) => ({
    code: 'with-missing',
    message: `${key} is missing`,
    fix: `Add "${key}".`,
    path,
  }));
  for (const [key, item] of Object.entries(value)) {
    const part = shape.properties !== undefined && Object.hasOwn(shape.properties, key) ? shape.properties[key] : undefined;
    const rest = shape.additionalProperties;
    if (part === undefined && shape.properties !== undefined && typeof rest !== 'object' && rest !== true) {
      const fix = `Known fields: ${Object.keys(shape.properties).join(', ')}.`;
      problems.push({ code: 'with-unknown', message: `there is no field ${key}`, fix, path: [...path, key], key: true });
    } else problems.push(...checkWith(item, part ?? (typeof rest === 'object' ? rest : {}), context, [...path, key]));
  }
  return problems;
}

function mismatch(expected: string, received: string, path: Path): WithProblem {
  return { code: 'with-type', message: `expected ${expected}, received ${received}`, fix: `Give it as ${expected}.`, path };
}

function checkText(text: string, schema: JsonSchema, context: Context, path: Path): readonly WithProblem[] {
  let parts: readonly TemplatePart[];
  try {
    parts = parseTemplate(text);
  } catch (thrown) {
    return [{ ...syntaxProblem(thrown), path }];
  }
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'string') {
    const trials = alternativesOf(schema).map((shape) => checkShape(only, shape, context, path));
    return trials.some((trial) => trial.length === 0) ? [] : nearest(trials);
  }
  for (const part of parts) {
    if (typeof part === 'string') continue;
    const { problem, type } = checkExpression(part.expression, context.typed, context.names);
    if (problem !== undefined) return [{ ...problem, offset: part.start + problem.offset, path }];
    if (parts.length === 1 && type !== undefined)
      return (
        fits(type, schema, context) ?? [
          {
            code: 'with-type',
            message: `expected ${describe(schema)}, but this is ${plainType(type)}`,
            fix: 'Use an expression of that type.',
            offset: part.start,
            path,
          },
        ]
      );
  }
  return (
    fits('string', schema, context) ?? [
      {
        code: 'with-type',
        message: `expected ${describe(schema)}, but this makes a text`,
        fix: 'Let the value be one ${{ }} alone: it keeps its type.',
        path,
      },
    ]
  );
}

const KINDS: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  int: ['integer', 'number'],
  double: ['number', 'integer'],
  bool: ['boolean'],
  null: ['null'],
};

/** Empty if a value of the CEL type can be one of the schema. undefined if not. */
function fits(type: string, schema: JsonSchema, context: Context): readonly WithProblem[] | undefined {
  if (type === 'dyn' || type.startsWith('dyn')) return [];
  const source = context.typed.schemas.get(type);
  const kinds = KINDS[type] ?? (type.startsWith('list') ? ['array'] : ['object']);
  const ok = alternativesOf(schema).some((shape) => {
    if (typeof shape.type !== 'string') return true;
    if (!kinds.includes(shape.type)) return false;
    if (shape.type !== 'object' || source === undefined) return true;
    return (shape.required ?? []).every((key) =>
      alternativesOf(source).some((own) => own.properties !== undefined && Object.hasOwn(own.properties, key)),
    );
  });
  return ok ? [] : undefined;
}

function describe(schema: JsonSchema): string {
  return alternativesOf(schema)
    .map((shape) => (shape.required === undefined ? String(shape.type ?? 'any') : `object with ${shape.required.join(', ')}`))
    .join(' or ');
}
