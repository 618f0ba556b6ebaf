import { canonicalJson, idOf, isRecord, type K8sObject, labelOf } from '../k8s-object.js';

/** One field that differs; `from` or `to` is undefined where it is not there. */
export interface FieldChange {
  /** Dotted; items of lists by name where they have one: spec.template.spec.containers[router].image. */
  readonly path: string;
  readonly from: unknown;
  readonly to: unknown;
}

export interface ObjectChange {
  readonly kind: 'added' | 'removed' | 'changed';
  /** apiVersion/kind[/namespace]/name. */
  readonly id: string;
  /** Kind/name, for people. */
  readonly label: string;
  readonly before: K8sObject | undefined;
  readonly after: K8sObject | undefined;
  /** Empty for added and removed objects. */
  readonly fields: readonly FieldChange[];
}

/** What differs between two renders, by object; the order of keys and of objects does not count. */
export function compareObjects(before: readonly K8sObject[], after: readonly K8sObject[]): ObjectChange[] {
  const [old, now] = [new Map(before.map((object) => [idOf(object), object])), new Map(after.map((object) => [idOf(object), object]))];
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((id) => {
    const [was, is] = [old.get(id), now.get(id)];
    const fields = was && is ? compareValues(was, is, '') : [];
    if (was && is && fields.length === 0) return [];
    const kind = !was ? ('added' as const) : !is ? ('removed' as const) : ('changed' as const);
    return [{ kind, id, label: labelOf((is ?? was) as K8sObject), before: was, after: is, fields }];
  });
}

function compareValues(from: unknown, to: unknown, path: string): FieldChange[] {
  if (canonicalJson(from) === canonicalJson(to)) return [];
  if (isRecord(from) && isRecord(to))
    return byKey(new Map(Object.entries(from)), new Map(Object.entries(to)), (key) => (path ? `${path}.${step(key)}` : step(key)));
  if (Array.isArray(from) && Array.isArray(to)) {
    const name = NAMES.find((key) => isNamed(from, key) && isNamed(to, key));
    const byName = (list: readonly unknown[]): Map<string, unknown> =>
      new Map(list.map((item) => [String((item as Record<string, unknown>)[name ?? '']), item]));
    const inOrder = (list: readonly unknown[]): Map<string, unknown> => new Map(list.map((item, index) => [String(index), item]));
    if (name !== undefined) {
      const inner = byKey(byName(from), byName(to), (key) => `${path}[${key}]`);
      return inner.length > 0 ? inner : [{ path, from: [...byName(from).keys()], to: [...byName(to).keys()] }];
    }
    if (from.length === to.length) return byKey(inOrder(from), inOrder(to), (key) => `${path}[${key}]`);
  }
  return [{ path, from, to }];
}

const NAMES = ['name', 'mountPath', 'containerPort', 'port', 'alert', 'key'];

function isNamed(list: readonly unknown[], key: string): boolean {
  return (
    list.every((item) => isRecord(item) && key in item) &&
    new Set(list.map((item) => (item as Record<string, unknown>)[key])).size === list.length
  );
}

function step(key: string): string {
  return /^[\w-]+$/.test(key) ? key : `"${key}"`;
}

function byKey(from: ReadonlyMap<string, unknown>, to: ReadonlyMap<string, unknown>, pathOf: (key: string) => string): FieldChange[] {
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((key) => compareValues(from.get(key), to.get(key), pathOf(key)));
}
