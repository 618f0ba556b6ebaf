import type { K8sObject } from '#synth/k8s-object.js';

/** Every leaf that differs, as `Kind/name path: before → after`. */
export function differences(before: readonly K8sObject[], after: readonly K8sObject[]): string[] {
  const leaves = (objects: readonly K8sObject[]): Map<string, string> => {
    const found = new Map<string, string>();
    const walk = (at: string, value: unknown): void => {
      if (typeof value !== 'object' || value === null) found.set(at, JSON.stringify(value));
      else for (const [key, child] of Object.entries(value)) walk(`${at}.${key}`, child);
    };
    for (const object of objects) walk(`${object.kind}/${object.metadata.name}`, object);
    return found;
  };
  const [was, is] = [leaves(before), leaves(after)];
  const keys = [...new Set([...was.keys(), ...is.keys()])].sort();
  return keys.filter((key) => was.get(key) !== is.get(key)).map((key) => `${key}: ${was.get(key) ?? '-'} → ${is.get(key) ?? '-'}`);
}
