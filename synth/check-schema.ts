import type { z } from 'zod';
import { ChartError } from './chart-error.js';
import { constantsOf, type JsonSchema, jsonSchemaOf } from './json-schema.js';
import { isRecord } from './k8s-object.js';
import { charsOfPattern } from './pattern.js';
import { yamlText } from './yaml-scalar.js';

/** Checks that zod and JSON Schema both know, and mean alike. */
const SHARED_CHECKS = ['number_format', 'greater_than', 'less_than', 'min_length', 'max_length', 'string_format'];
const SHARED_TYPES = [
  'object',
  'number',
  'string',
  'boolean',
  'enum',
  'literal',
  'union',
  'array',
  'record',
  'optional',
  'default',
  'prefault',
  'lazy',
  'never',
];
/** Helm's own, or ours, at the top of the values. */
const RESERVED = ['global', 'enabled', 'release'];

/** The JSON Schema of a chart's values; throws a ChartError that lists every place where zod, Helm and the compiler would not agree. */
export function checkSchema(values: z.ZodType): JsonSchema {
  const problems: string[] = [];
  zodProblems(values, '', problems, new Set(), false);
  if (problems.length === 0) {
    const schema = jsonSchemaOf(values);
    objectProblems(schema, '', problems);
    if (problems.length === 0) return schema;
  }
  throw new ChartError(`values schema:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
}

interface Def {
  readonly type: string;
  readonly format?: string;
  readonly check?: string;
  readonly checks?: readonly { readonly _zod: { readonly def: { readonly check: string; readonly format?: string } } }[];
  readonly catchall?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly keyType?: z.ZodType;
  readonly valueType?: z.ZodType;
  readonly getter?: () => z.ZodType;
}

function zodProblems(schema: z.ZodType, path: string, problems: string[], seen: Set<z.ZodType>, isElement: boolean): void {
  if (seen.has(schema)) return;
  seen.add(schema);
  const def = schema._zod.def as unknown as Def;
  const say = (problem: string): void => void problems.push(`${path || '(values)'}: ${problem}`);
  if (!SHARED_TYPES.includes(def.type))
    say(`zod's ${def.type} has no counterpart in Helm; for values of any shape use anyMap() or anyList()`);
  for (const { check, format } of [
    ...(def.checks ?? []).map((one) => one._zod.def),
    ...(def.check ? [{ check: def.check, format: def.format }] : []),
  ]) {
    if (check === 'custom') say('.refine() is unknown to Helm: say it as data with require(condition, reason)');
    else if (!SHARED_CHECKS.includes(check)) say(`zod's ${check} is unknown to Helm, or changes the value`);
    else if (format !== undefined && format !== 'regex' && format !== 'safeint')
      say(`format ${format} means something else, or nothing, in Helm: use a pattern`);
  }
  if (def.type === 'object' && (def.catchall?._zod.def as Def | undefined)?.type !== 'never')
    say('write z.strictObject(): other keys must be refused');
  if (isElement && (def.type === 'default' || def.type === 'prefault'))
    say('Helm gives no defaults inside lists and maps: make it optional or required');
  const next = (child: z.ZodType | undefined, key: string, element = isElement): void => {
    if (child) zodProblems(child, [path, key].filter(Boolean).join('.'), problems, seen, element);
  };
  for (const [key, child] of Object.entries(def.shape ?? {})) next(child, key);
  for (const option of def.options ?? []) next(option, '');
  for (const child of [def.element, def.keyType, def.valueType]) next(child, '*', true);
  next(def.innerType, '');
  if (def.type === 'lazy') next(def.getter?.(), '');
}

function objectProblems(schema: JsonSchema, path: string, problems: string[]): void {
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const here = path ? `${path}.${key}` : key;
    const isRequired = schema.required?.includes(key) ?? false;
    const say = (problem: string): void => void problems.push(`${here}: ${problem}`);
    if (!/^[a-zA-Z][a-zA-Z0-9]*$/.test(key)) say('a key must be letters and digits: templates read it as .Values.<key>');
    else if (yamlText(key) !== key) say('Helm reads this key as true, false or null: choose another');
    if (path === '' && RESERVED.includes(key)) say(`"${key}" is taken (sub-charts, .Release)`);
    if (child.properties) {
      if (!isRequired) say('an optional object: give it .prefault({}), its leaves may be optional');
      objectProblems(child, here, problems);
    } else leafProblems(child, isRequired, say);
  }
}

function leafProblems(schema: JsonSchema, isRequired: boolean, say: (problem: string) => void): void {
  const members = schema.anyOf ?? [schema];
  const open = members.filter((member) => !constantsOf(member));
  const constants = members.flatMap((member) => constantsOf(member) ?? []);
  const types = new Set([
    ...constants.map((one) => typeof one),
    ...open.map((member) => (member.type === 'integer' ? 'number' : (member.type ?? 'object'))),
  ]);
  if (!schema.description) say('.describe() it: values.yaml and docs/values.md are written from that');
  if (isRequired && schema.default === undefined)
    say('give it a .default(…), or make it .optional(): a chart renders without further values');
  if (open.length > 1 || types.size > 1) say('members of several types: a template cannot compare them');
  if (!isRequired && open.length === 0) say("an optional flag: add a member such as 'none'");
  if (!isRequired && constants.length > 0 && open.length > 0) say('both optional and with constants: choose one of them');
  for (const member of open) {
    if (!isRequired && (member.type === 'array' || member.type === 'object'))
      say(`an optional ${member.type}: default it to ${member.type === 'array' ? '[]' : '{}'}`);
    if (member.type === 'object' && isRecord(schema.default) && Object.keys(schema.default).length > 0)
      say('a map must default to {}: Helm merges maps, so nobody could take an entry out again');
    openProblems(member, say);
  }
}

function openProblems(schema: JsonSchema, say: (problem: string) => void): void {
  if (constantsOf(schema) || schema.$ref) return;
  if (schema.anyOf) for (const member of schema.anyOf) openProblems(member, say);
  else if (schema.type === 'string') textProblems(schema, say);
  else if (schema.type === 'number') say('numbers must be whole: z.int()');
  else if (schema.type === 'array') {
    if (schema.items?.type === 'boolean') say('a list of booleans cannot be followed through the code');
    openProblems(schema.items ?? {}, say);
  } else if (schema.properties) {
    for (const child of Object.values(schema.properties)) openProblems(child, say);
  } else if (schema.type === 'object') {
    if (schema.propertyNames) openProblems(schema.propertyNames, say);
    openProblems(schema.additionalProperties as JsonSchema, say);
  }
}

function textProblems({ pattern, minLength = 0, maxLength }: JsonSchema, say: (problem: string) => void): void {
  if (pattern === undefined) return say('a bare string admits characters that YAML cannot carry: use text(), or give it one pattern');
  try {
    const chars = charsOfPattern(pattern);
    if (chars === undefined && (minLength > 1 || maxLength !== undefined || /[^\\]\{/.test(pattern)))
      say('lengths count differently in JavaScript and Go beyond ASCII: leave the length out, or name the characters');
  } catch (error) {
    say(`pattern ${pattern}: ${(error as Error).message}`);
  }
}
