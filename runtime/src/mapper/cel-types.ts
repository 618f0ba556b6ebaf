import type { Environment } from '@marcbachmann/cel-js';
import { eventSchema } from '../event/event.js';
import { celLanguage } from './cel-environment.js';
import { alternativesOf, type JsonSchema, jsonSchemaOf } from './json-schema.js';

/** Where expressions are type-checked: the same language with a type for each variable. Nothing runs here. */
export interface TypedEnvironment {
  readonly environment: Environment;
  /** The schema behind a type name that was made here. */
  readonly schemas: ReadonlyMap<string, JsonSchema>;
}

/** Types by step id; undefined: any. */
export type StepTypes = Readonly<Record<string, JsonSchema>>;

const EVENT: JsonSchema = jsonSchemaOf(eventSchema, 'output');
const TEXT: JsonSchema = { type: 'string' };
const WHOLE: JsonSchema = { type: 'integer' };

export function typedEnvironment(data: JsonSchema | undefined, steps: StepTypes, incidentSteps: StepTypes): TypedEnvironment {
  const environment = celLanguage();
  const schemas = new Map<string, JsonSchema>();
  const typeOf = (schema: JsonSchema, hint: string): string => {
    const shapes = alternativesOf(schema).filter((shape) => shape.type !== 'null');
    if (shapes.length > 1) {
      if (shapes.every((shape) => shape.properties !== undefined)) return typeOf(merged(shapes), hint);
      const types = new Set(shapes.map((shape) => typeOf(shape, hint)));
      return types.size === 1 ? ([...types][0] ?? 'dyn') : 'dyn';
    }
    const shape = shapes[0];
    // Nullable: any, since null has a type of its own.
    if (shape === undefined || alternativesOf(schema).length > shapes.length) return 'dyn';
    if (shape.enum?.every((value) => typeof value === 'string') === true || typeof shape.const === 'string') return 'string';
    switch (shape.type) {
      case 'string':
        return 'string';
      case 'integer':
        return 'int';
      case 'number':
        return 'double';
      case 'boolean':
        return 'bool';
      case 'array':
        return `list<${typeof shape.items === 'object' ? typeOf(shape.items, hint) : 'dyn'}>`;
      case 'object':
        return objectType(shape, hint);
      default:
        return 'dyn';
    }
  };
  const objectType = (shape: JsonSchema, hint: string): string => {
    const open = shape.additionalProperties;
    if (shape.properties === undefined || Object.keys(shape.properties).length === 0) {
      return `map<string, ${typeof open === 'object' ? typeOf(open, hint) : 'dyn'}>`;
    }
    // A schema that types its further fields may be read by any name. One that merely lets them pass may not: a typo would never be found.
    if (typeof open === 'object' && Object.keys(open).length > 0) return 'map<string, dyn>';
    return named(shape, hint, shape.properties);
  };
  const named = (shape: JsonSchema, hint: string, properties: StepTypes): string => {
    const fields = Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, typeOf(part, `${hint}_${key}`)]));
    const name = `${hint.replace(/[^A-Za-z0-9_]/g, '_')}_${schemas.size}`;
    schemas.set(name, shape);
    environment.registerType({ name, fields, convert: (value: unknown) => value });
    return name;
  };
  const data_ = data === undefined ? 'dyn' : typeOf(data, 'Data');
  environment.registerVariable('data', data_);
  const { data: _any, ...facts } = EVENT.properties ?? {};
  const eventFields = { ...facts, data: data ?? {} };
  environment.registerVariable('event', named({ type: 'object', properties: eventFields }, 'Event', eventFields));
  environment.registerVariable('steps', named({ type: 'object', properties: steps }, 'Steps', steps));
  const incident: StepTypes = { key: TEXT, state: TEXT, openedAt: TEXT, closedAs: TEXT, occurrences: WHOLE, reopened: WHOLE, digest: {} };
  const withSteps = { ...incident, steps: { type: 'object', properties: incidentSteps, additionalProperties: false } };
  environment.registerVariable('incident', named({ type: 'object', properties: withSteps }, 'Incident', withSteps));
  return { environment, schemas };
}

/** Fields of all shapes; a field of differing types is any. */
function merged(shapes: readonly JsonSchema[]): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const shape of shapes) {
    for (const [key, part] of Object.entries(shape.properties ?? {})) {
      properties[key] = properties[key] === undefined || JSON.stringify(properties[key]) === JSON.stringify(part) ? part : {};
    }
  }
  return {
    type: 'object',
    properties,
    required: (shapes[0]?.required ?? []).filter((key) => shapes.every((shape) => shape.required?.includes(key))),
    additionalProperties: false,
  };
}
