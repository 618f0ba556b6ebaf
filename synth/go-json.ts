import { isRecord } from './k8s-object.js';

/** JSON as Helm's toJson writes it (Go 1.22 and newer): keys by their bytes; `<`, `>`, `&` and the line separators escaped. */
export function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(',')}]`;
  if (!isRecord(value)) return escaped(value ?? null);
  const byBytes = Object.entries(value).sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return `{${byBytes.map(([key, child]) => `${escaped(key)}:${goJson(child)}`).join(',')}}`;
}

function escaped(scalar: unknown): string {
  return JSON.stringify(scalar).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
