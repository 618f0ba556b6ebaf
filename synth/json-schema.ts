import { z } from 'zod';

/** The part of JSON Schema (draft-07) that values use; what else zod can say is refused by check-schema.ts. */
export interface JsonSchema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly propertyNames?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly enum?: readonly Constant[];
  readonly const?: Constant;
  readonly default?: unknown;
  readonly description?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly pattern?: string;
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, JsonSchema>>;
}

export type Constant = string | number | boolean;

/** What Helm checks is the merged values, so the output side: every value with a default is required, and null is no value. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'output', target: 'draft-07' }) as JsonSchema;
}

/** The constants of an alternative that has finitely many values; undefined for an open one. */
export function constantsOf(schema: JsonSchema): readonly Constant[] | undefined {
  if (schema.const !== undefined) return [schema.const];
  if (schema.enum) return schema.enum;
  return schema.type === 'boolean' ? [true, false] : undefined;
}
