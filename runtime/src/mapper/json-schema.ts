import { z } from 'zod';

/** The part of JSON Schema that zod writes and the checker reads. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
  readonly default?: unknown;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** `input`: what may be given (defaults are optional); `output`: what comes out. Anything that JSON Schema cannot say is "any". */
export function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return inline(z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema);
}

const INLINE_DEPTH_MAX = 12;

/** $ref replaced by what it names; a recursive one ends as "any". */
function inline(schema: JsonSchema, defs = schema.$defs ?? {}, root = schema, depth = 0): JsonSchema {
  if (depth > INLINE_DEPTH_MAX) return {};
  const go = (part: JsonSchema) => inline(part, defs, root, depth + 1);
  const ref = schema.$ref;
  if (ref !== undefined) return ref === '#' ? {} : go(defs[ref.replace('#/$defs/', '')] ?? {});
  return {
    ...schema,
    ...(schema.properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(schema.properties).map(([key, part]) => [key, go(part)])) }),
    ...(typeof schema.additionalProperties === 'object' ? { additionalProperties: go(schema.additionalProperties) } : {}),
    ...(typeof schema.items === 'object' ? { items: go(schema.items) } : {}),
    ...(schema.anyOf === undefined ? {} : { anyOf: schema.anyOf.map(go) }),
    ...(schema.oneOf === undefined ? {} : { oneOf: schema.oneOf.map(go) }),
    ...(schema.allOf === undefined ? {} : { allOf: schema.allOf.map(go) }),
  };
}

/** The shapes a value may have, unions opened. */
export function alternativesOf(schema: JsonSchema): readonly JsonSchema[] {
  const parts = schema.anyOf ?? schema.oneOf;
  return parts === undefined ? [schema] : parts.flatMap(alternativesOf);
}

/** A value of the schema, the same each time: the text "sample", 1, true, the first of an enum. */
export function sampleOf(schema: JsonSchema): unknown {
  const shape = alternativesOf(schema)[0] ?? {};
  if (shape.const !== undefined) return shape.const;
  if (shape.enum !== undefined) return shape.enum[0];
  switch (Array.isArray(shape.type) ? shape.type[0] : shape.type) {
    case 'string':
      return shape.format === 'date-time' ? '2026-01-01T00:00:00Z' : shape.format === 'uri' ? 'https://example.org/sample' : 'sample';
    case 'integer':
    case 'number':
      return 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'object':
      return Object.fromEntries(Object.entries(shape.properties ?? {}).map(([key, part]) => [key, sampleOf(part)]));
    default:
      return null;
  }
}
