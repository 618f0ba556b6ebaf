import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { K8sObject } from '#synth/k8s-object.js';
import { ALL, environment, Installation, type Json } from './installation.js';

/** Upstream's schemas, where they are at hand (CI has them). */
const FOLDER = process.env.UPSTREAM_SCHEMAS;

const CRDS: Readonly<Record<string, string>> = {
  WorkflowTemplate: 'argo-workflowtemplates',
  CronWorkflow: 'argo-cronworkflows',
  PrometheusRule: 'prometheus-operator-prometheusrules',
  PodMonitor: 'prometheus-operator-podmonitors',
};

/** As the API server with strict field validation: a field that the schema does not name is an error. */
function strict(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(strict);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { description: _, nullable: __, ...rest } = schema as Json;
  const copied = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key === 'properties' || key === 'definitions'
        ? Object.fromEntries(Object.entries(value as Json).map(([name, one]) => [name, strict(one)]))
        : strict(value),
    ]),
  );
  if (copied['x-kubernetes-int-or-string'] === true) return { type: ['integer', 'string'] };
  const isOpen = copied['x-kubernetes-preserve-unknown-fields'] === true || 'additionalProperties' in copied;
  return 'properties' in copied && !isOpen ? { ...copied, additionalProperties: false } : copied;
}

/** Of a schema of megabytes only what these values use: a field that it does not name is still none, and what is required still is. */
function usedBy(schema: unknown, values: readonly unknown[]): unknown {
  const { properties, items, additionalProperties, ...rest } = schema as Record<string, Json | undefined>;
  const maps = values.filter((value): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value));
  const below = (key: string): unknown[] => maps.flatMap((map) => (key in map ? [map[key]] : []));
  const used = Object.entries(properties ?? {}).filter(([key]) => below(key).length > 0);
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(used.map(([key, one]) => [key, usedBy(one, below(key))])) }),
    ...(items === undefined ? {} : { items: usedBy(items, values.filter(Array.isArray).flat()) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties }),
  };
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });

function ofCrd(file: string, objects: readonly K8sObject[]): ValidateFunction {
  const crd = parse(readFileSync(join(FOLDER ?? '', `${file}.crd.yaml`), 'utf8'), { maxAliasCount: 0 }) as {
    spec: { versions: { schema: { openAPIV3Schema: Json } }[] };
  };
  const schema = strict(crd.spec.versions[0]?.schema.openAPIV3Schema) as Json;
  return ajv.compile(usedBy({ ...schema, properties: { ...(schema.properties as Json), metadata: { type: 'object' } } }, objects) as Json);
}

function ofKubernetes(version: string): (object: Pick<K8sObject, 'apiVersion' | 'kind'>) => ValidateFunction | undefined {
  const { definitions } = JSON.parse(readFileSync(join(FOLDER ?? '', `kubernetes-${version}.definitions.json`), 'utf8')) as {
    definitions: Json;
  };
  const document = `k8s-${version}.json`;
  const all = strict({ definitions }) as { definitions: Json };
  // Kubernetes gives these two as texts, and takes numbers as well.
  all.definitions['io.k8s.apimachinery.pkg.util.intstr.IntOrString'] = { type: ['integer', 'string'] };
  all.definitions['io.k8s.apimachinery.pkg.api.resource.Quantity'] = { type: ['number', 'string'] };
  ajv.addSchema({ $id: document, ...all });
  const byKind = new Map<string, string>();
  for (const [name, definition] of Object.entries(definitions))
    for (const { group, version: of, kind } of ((definition as Json)['x-kubernetes-group-version-kind'] ?? []) as Record<string, string>[])
      byKind.set(`${group === '' ? '' : `${group}/`}${of}/${kind}`, name);
  return ({ apiVersion, kind }) => {
    const name = byKind.get(`${apiVersion}/${kind}`);
    return name === undefined ? undefined : ajv.compile({ $ref: `${document}#/definitions/${name}` });
  };
}

const INSTALLATIONS: Readonly<Record<string, Json>> = {
  'everything on': ALL,
  'a probe of the product': { ...ALL, probe: { kind: 'exec', command: ['/opt/express/bin/status'] } },
  'probes over HTTP': { ...ALL, probe: { kind: 'http' } },
  prod: environment('prod'),
  staging: environment('staging'),
};

function problems(validate: ValidateFunction, object: K8sObject): string[] {
  const isValid: boolean = validate(object);
  if (isValid) return [];
  const at = `${object.kind}/${object.metadata.name}`;
  return (validate.errors ?? []).map(({ instancePath, message, params }) => `${at}${instancePath}: ${message} ${JSON.stringify(params)}`);
}

(FOLDER === undefined ? describe.skip : describe)('with the schemas of upstream', () => {
  test.each(Object.entries(CRDS))('%s is valid by the full CRD, with no field that it does not know', (kind, file) => {
    const objects = Object.values(INSTALLATIONS).flatMap((change) => [...new Installation(change).of(kind)]);
    expect(objects.length).toBeGreaterThan(2);
    const validate = ofCrd(file, objects);
    for (const object of objects) expect(problems(validate, object)).toEqual([]);
    // A field that is misspelt is seen.
    const misspelt = { ...objects[0], spec: { ...(objects[0] as unknown as { spec: Json }).spec, templatez: [] } } as unknown as K8sObject;
    expect(problems(validate, misspelt).join()).toContain('templatez');
  });

  test.each(['1.27', '1.36'])('everything else is valid by Kubernetes %s, with no field that it does not know', (version) => {
    const validatorOf = ofKubernetes(version);
    for (const change of Object.values(INSTALLATIONS))
      for (const object of new Installation(change).objects) {
        if (object.kind in CRDS) continue;
        const validate = validatorOf(object);
        expect(validate === undefined ? `no schema of ${object.kind}` : problems(validate, object)).toEqual([]);
      }
  });
});
