import type { HelmChart } from '../chart.js';
import { isRecord } from '../k8s-object.js';
import { goPattern } from '../pattern.js';
import { UNPASSABLE_KEYS } from './parse-values.js';

/** values.schema.json: what Helm checks before it renders. Patterns are in Go's words, and the file is plain ASCII. */
export function valuesSchemaJson({ name, jsonSchema }: HelmChart): string {
  const helmKeys = {
    global: { type: 'object', description: "Helm's global values; this chart reads none." },
    enabled: { type: 'boolean', description: "For a parent chart's `condition`; this chart does not read it." },
  };
  const schema = { title: `Values of the chart ${name}`, ...jsonSchema, properties: { ...jsonSchema.properties, ...helmKeys } };
  const text = JSON.stringify(schema, inHelmsWords, 2);
  return `${text.replace(/[\u007f-\uffff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}

function inHelmsWords(key: string, value: unknown): unknown {
  if (key === 'pattern' && typeof value === 'string') return goPattern(value);
  return key === 'propertyNames' && isRecord(value) ? { ...value, not: { enum: UNPASSABLE_KEYS } } : value;
}
