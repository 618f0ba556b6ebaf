import { createHash } from 'node:crypto';

/** A Kubernetes object as JSON. */
export interface K8sObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [key: string]: unknown };
  readonly [key: string]: unknown;
}

/** What makes an object the same one in two renders. */
export function idOf({ apiVersion, kind, metadata }: K8sObject): string {
  return [apiVersion, kind, ...(metadata.namespace === undefined ? [] : [metadata.namespace]), metadata.name].join('/');
}

export function labelOf({ kind, metadata }: K8sObject): string {
  return `${kind}/${metadata.name}`;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equal for equal values, whatever the order of their keys; undefined members do not count. */
export function canonicalJson(value: unknown): string {
  const sorted = (_: string, child: unknown): unknown =>
    isRecord(child) ? Object.fromEntries(Object.entries(child).sort(([a], [b]) => (a < b ? -1 : 1))) : child;
  return JSON.stringify(value, sorted) ?? 'absent';
}

/** What `checksum()` gives outside Helm: it changes exactly when the objects change. */
export function checksumOf(objects: readonly K8sObject[]): string {
  return createHash('sha256').update(canonicalJson(objects)).digest('hex');
}
