import { ApiObject } from 'cdk8s';
import { chartError } from './chart-error.js';
import { isRecord, type K8sObject, labelOf } from './k8s-object.js';

/**
 * The one door for fields that the types of Kubernetes 1.27 (cdk8s-plus-27) do not know, or through which they lose a map of values.
 * A path names map keys; `*` is every item of a list. Beside it: the Kubernetes release in which the field is on by default, or why.
 */
const FIELDS: Readonly<Record<string, string>> = {
  'spec.template.spec.initContainers.*.restartPolicy': '1.29: sidecar containers',
  'spec.template.spec.containers.*.lifecycle.stopSignal': '1.33, alpha',
  'spec.template.spec.resources': '1.34: resources of the whole pod',
  'spec.template.spec.affinity': 'a map of values; the types keep only the fields they know',
  'spec.trafficDistribution': '1.31: Services',
  'spec.podReplacementPolicy': '1.29: Jobs',
};

const added = new WeakMap<object, unknown[]>();

/**
 * Adds fields to an object behind the back of its 1.27 type: `fields` is merged in, items of lists by `name`. Only what FIELDS lists is
 * taken: addJsonPatch() of cdk8s cannot do it, for patches run before the conversion that drops what it does not know.
 */
export function addFields(object: ApiObject, fields: Readonly<Record<string, unknown>>): void {
  const place = { object: `${object.kind}/${object.name}` };
  for (const path of leafPaths(fields, ''))
    if (!Object.keys(FIELDS).some((known) => matches(known, path)))
      throw chartError(
        { ...place, path },
        'is not listed in synth/newer-fields.ts',
        'add it there with the Kubernetes release that has it, or use the typed property',
      );
  added.set(object, [...(added.get(object) ?? []), fields]);
}

/**
 * The object as Kubernetes takes it. `guarded`: throws a ChartError when the conversion of its type dropped a field that the chart gave.
 */
export function jsonOf(object: ApiObject, guarded: boolean): K8sObject {
  const json = object.toJson() as K8sObject;
  const lost = guarded ? droppedPath(ApiObject.prototype.toJson.call(object), json, '') : undefined;
  if (lost !== undefined)
    throw chartError(
      { object: labelOf(json), path: lost },
      'the Kubernetes 1.27 type does not know this field and would drop it silently',
      'mend the name, or let the field in through addFields() of synth/newer-fields.ts',
    );
  return (added.get(object) ?? []).reduce<K8sObject>((tree, fields) => merged(tree, fields) as K8sObject, json);
}

const plainName = (key: string): string => key.toLowerCase().replace(/^\$/, '');

/** The first path of `given` that `kept` no longer has; the types spell some keys otherwise (clusterIp) and unwrap { value }. */
function droppedPath(given: unknown, kept: unknown, path: string): string | undefined {
  if (given === undefined || given === null) return undefined;
  if (kept === undefined) return path;
  if (Array.isArray(given) && Array.isArray(kept))
    return given.map((item, index) => droppedPath(item, kept[index], `${path}.${index}`)).find((lost) => lost !== undefined);
  if (!isRecord(given) || !isRecord(kept)) return undefined;
  const names = new Map(Object.keys(kept).map((key) => [plainName(key), key]));
  return Object.entries(given)
    .map(([key, child]) => droppedPath(child, kept[names.get(plainName(key)) ?? key], path ? `${path}.${key}` : key))
    .find((lost) => lost !== undefined);
}

function leafPaths(fields: unknown, path: string): string[] {
  if (Array.isArray(fields)) return fields.flatMap((item) => leafPaths(item, `${path}.*`));
  if (!isRecord(fields) || Object.keys(FIELDS).includes(path)) return [path];
  return Object.entries(fields).flatMap(([key, child]) =>
    key === 'name' && path.endsWith('*') ? [] : leafPaths(child, path ? `${path}.${key}` : key),
  );
}

function matches(known: string, path: string): boolean {
  return path === known || path.startsWith(`${known}.`);
}

function merged(tree: unknown, fields: unknown): unknown {
  if (Array.isArray(tree) && Array.isArray(fields)) {
    const extra = new Map(fields.filter(isRecord).map((item) => [item.name, item]));
    const names = tree.map((item: unknown) => (isRecord(item) ? item.name : undefined));
    const lost = [...extra.keys()].find((name) => !names.includes(name));
    if (lost !== undefined) throw chartError({}, `addFields(): no item is called ${String(lost)}; there are ${names.join(', ')}`);
    return tree.map((item: unknown, index) => (extra.has(names[index]) ? merged(item, extra.get(names[index])) : item));
  }
  if (!isRecord(fields)) return fields;
  const base = isRecord(tree) ? tree : {};
  return {
    ...base,
    ...Object.fromEntries(Object.entries(fields).map(([key, child]) => [key, key in base ? merged(base[key], child) : child])),
  };
}
