import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';

interface Schema {
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  items?: Schema;
  [key: string]: unknown;
}

interface Crd {
  readonly spec: { readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[] };
}

/** Folder of other projects' schemas; undefined where it is not at hand. */
export const UPSTREAM_SCHEMAS = process.env.UPSTREAM_SCHEMAS;

/** Patterns of CRDs are Go's: a leading flag that JavaScript has elsewhere. */
const goRegExp = Object.assign(
  (pattern: string, flags: string) => new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? `${flags}i` : flags),
  { code: 'goRegExp' },
);

/** A check of objects by the CRD in that file, unknown keys refused as `kubectl apply` refuses them. */
export function crdValidator(file: string, version: string): ValidateFunction {
  const crd = parse(readFileSync(join(UPSTREAM_SCHEMAS ?? '', file), 'utf8')) as Crd;
  const schema = crd.spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error(`${file} has no version ${version}`);
  return new Ajv({ strict: false, validateFormats: false, allErrors: true, unicodeRegExp: false, code: { regExp: goRegExp } }).compile(
    closed(schema, true),
  );
}

/** The CRD says of metadata only that it is an object: its fields are the API server's. */
function closed(schema: Schema, isRoot = false): Schema {
  const { properties, items, additionalProperties } = schema;
  const isOpen = properties === undefined || schema['x-kubernetes-preserve-unknown-fields'] === true;
  return {
    ...schema,
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries(properties).map(([key, value]) => [key, isRoot && key === 'metadata' ? value : closed(value)]),
      ),
    }),
    ...(items && { items: closed(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: closed(additionalProperties) }
      : !isOpen && { additionalProperties: false }),
  };
}
