import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type AnySchema, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { K8sObject } from '#synth/k8s-object.js';

type Json = Readonly<Record<string, unknown>>;

/** Kinds beyond Kubernetes: the file with their CRD, and the version that charts use. */
const CRDS: Readonly<Record<string, readonly [file: string, version: string]>> = {
  KafkaTopic: ['strimzi-kafkatopic', 'v1'],
  ServiceMonitor: ['prometheus-operator-servicemonitors', 'v1'],
  PrometheusRule: ['prometheus-operator-prometheusrules', 'v1'],
  Application: ['argocd-application', 'v1alpha1'],
  ApplicationSet: ['argocd-applicationset', 'v1alpha1'],
  AppProject: ['argocd-appproject', 'v1alpha1'],
};

/** Patterns of CRDs are Go's: a leading flag that JavaScript has elsewhere, and escapes that it refuses with flag u. */
const goRegExp = Object.assign(
  (pattern: string, flags: string) => new RegExp(pattern.replace('(?i)', ''), pattern.includes('(?i)') ? `${flags}i` : flags),
  { code: 'goRegExp' },
);

/**
 * Checks objects by the schemas of their kinds, as the API server does with strict field validation: a field that a schema does not name
 * is an error. Argo Events' CRDs have none, so its JSON schema stands in.
 */
export class StrictSchemas {
  readonly #ajv = new Ajv({
    strict: false,
    validateFormats: false,
    allErrors: true,
    unicodeRegExp: false,
    code: { regExp: goRegExp },
  });
  readonly #known = new Map<string, ValidateFunction | undefined>();
  readonly #kubernetes: Readonly<Record<string, string>>;

  /** `folder`: with upstream's schemas. `kubernetes`: 1.27 or 1.36. */
  constructor(
    readonly folder: string,
    kubernetes: string,
  ) {
    const { definitions } = this.#json(`kubernetes-${kubernetes}.definitions.json`) as { definitions: Readonly<Record<string, Json>> };
    this.#kubernetes = Object.fromEntries(
      Object.entries(definitions).flatMap(([name, definition]) =>
        ((definition['x-kubernetes-group-version-kind'] ?? []) as Readonly<Record<string, string>>[]).map(({ group, version, kind }) => [
          `${group === '' ? version : `${group}/${version}`} ${kind}`,
          name,
        ]),
      ),
    );
    this.#add('kubernetes', definitions);
    this.#add('argo-events', (this.#json('argo-events.schema.json') as { definitions: Json }).definitions);
  }

  /** What is wrong, each with its place; a kind without a schema is wrong. */
  problems(object: K8sObject): string[] {
    const { apiVersion, kind, metadata } = object;
    const key = `${apiVersion} ${kind}`;
    if (!this.#known.has(key)) this.#known.set(key, this.#compile(key, kind));
    const validate = this.#known.get(key);
    if (validate === undefined) return [`${kind}/${metadata.name}: there is no schema of ${key}`];
    // YAML has no undefined.
    if (validate(JSON.parse(JSON.stringify(object)))) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${kind}/${metadata.name}${instancePath}: ${message} ${JSON.stringify(params)}`,
    );
  }

  #compile(key: string, kind: string): ValidateFunction | undefined {
    const crd = CRDS[kind];
    if (crd !== undefined) return this.#ajv.compile(this.#crd(...crd));
    if (key.startsWith('argoproj.io/') && ['EventBus', 'EventSource', 'Sensor'].includes(kind))
      return this.#ajv.compile({ $ref: `argo-events#/definitions/io.argoproj.events.v1alpha1.${kind}` });
    const name = this.#kubernetes[key];
    return name === undefined ? undefined : this.#ajv.compile({ $ref: `kubernetes#/definitions/${name}` });
  }

  #add(id: string, definitions: Json): void {
    const all = strict({ definitions }) as { definitions: Record<string, unknown> };
    // Kubernetes and Argo describe these as texts, and take numbers as well.
    for (const name of Object.keys(all.definitions)) {
      if (name.endsWith('.intstr.IntOrString')) all.definitions[name] = { type: ['integer', 'string'] };
      if (name.endsWith('.resource.Quantity')) all.definitions[name] = { type: ['number', 'string'] };
    }
    this.#ajv.addSchema({ $id: id, ...all });
  }

  #crd(file: string, version: string): AnySchema {
    const text = readFileSync(join(this.folder, `${file}.crd.yaml`), 'utf8');
    const { spec } = parse(text) as { spec: { versions: { name: string; schema: { openAPIV3Schema: Json } }[] } };
    const schema = spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
    if (schema === undefined) throw new Error(`${file} has no version ${version}`);
    const { properties, ...rest } = strict(schema) as { properties: Json };
    return {
      ...rest,
      properties: { ...properties, metadata: { $ref: 'kubernetes#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' } },
    };
  }

  #json(file: string): unknown {
    return JSON.parse(readFileSync(join(this.folder, file), 'utf8'));
  }
}

/** The schema with unknown keys refused wherever it names keys and does not say that it takes others. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const copied = Object.fromEntries(
    Object.entries(schema)
      .filter(([key]) => key !== 'description')
      .map(([key, value]) => [key, isNames(key, value) ? mapped(value) : strict(value)]),
  );
  if (copied['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] };
  const isOpen = copied['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in copied;
  return 'properties' in copied && !isOpen ? { ...copied, additionalProperties: false } : copied;
}

/** Here keys are names of fields or definitions, not words of JSON Schema. */
const isNames = (key: string, value: unknown): value is Json =>
  (key === 'properties' || key === 'definitions') && typeof value === 'object';

const mapped = (names: Json): Json => Object.fromEntries(Object.entries(names).map(([name, value]) => [name, strict(value)]));
