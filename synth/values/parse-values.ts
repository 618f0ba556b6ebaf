import { z } from 'zod';
import { type ConfigProblem, didYouMean, problemsOf } from '#runtime/config-problem.js';
import type { HelmChart } from '../chart.js';
import type { JsonSchema } from '../json-schema.js';
import { isRecord } from '../k8s-object.js';
import { valueAt } from '../knob.js';
import { decide, pathsOf } from '../require.js';

export type Checked = { readonly values: Record<string, unknown> } | { readonly problems: readonly ConfigProblem[] };

/** Helm's own keys, which every chart takes and none reads: sub-charts with `condition: <name>.enabled`, and global values. */
const HELM_KEYS = { global: z.record(z.string(), z.unknown()).optional(), enabled: z.boolean().optional() };

/** Complete values (defaults merged in), checked by the schema and then by the rules; all problems at once. */
export function parseValues(chart: HelmChart, merged: Record<string, unknown>): Checked {
  const { global, enabled, ...own } = merged;
  const helm = z.object(HELM_KEYS).safeParse({ global, enabled });
  const parsed = refined(chart).safeParse(own);
  const unpassable = unpassableKey(own, []);
  if (unpassable)
    return {
      problems: [
        {
          path: unpassable.join('.'),
          expected: 'no such key',
          received: `"${unpassable.at(-1)}"`,
          hint: 'JavaScript keeps this name for itself',
        },
      ],
    };
  const issues = [...(helm.error?.issues ?? []), ...(parsed.error?.issues ?? [])];
  if (issues.length === 0) return { values: parsed.data as Record<string, unknown> };
  return { problems: problemsOf(issues, merged, [], (path) => keysAt(chart.jsonSchema, path)) };
}

/** Names of JavaScript's own, which objects in our code and in cdk8s cannot carry as keys; values.schema.json refuses them too. */
export const UNPASSABLE_KEYS: readonly string[] = ['__proto__', 'constructor'];

function unpassableKey(value: unknown, path: readonly string[]): readonly string[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const found = UNPASSABLE_KEYS.includes(key) ? [...path, key] : unpassableKey(child, [...path, key]);
    if (found) return found;
  }
  return undefined;
}

const refinedSchemas = new WeakMap<HelmChart, z.ZodType>();

/** The schema with the rules between values as a refinement: the same data that Helm's `fail` is made from. Built once: zod compiles it. */
function refined(chart: HelmChart): z.ZodType {
  const known = refinedSchemas.get(chart);
  if (known) return known;
  const schema = chart.values.superRefine((values, context) => {
    for (const { condition, reason } of chart.rules)
      if (decide(condition, (path) => valueAt(values, path.split('.'))) === false)
        context.addIssue({ code: 'custom', message: reason, path: pathsOf(condition)[0]?.split('.') ?? [], params: { expected: reason } });
  });
  refinedSchemas.set(chart, schema);
  return schema;
}

/** The keys that may stand at a path. */
function keysAt(schema: JsonSchema, path: readonly PropertyKey[]): readonly string[] {
  const node = path.reduce<JsonSchema | undefined>((at, key) => at?.properties?.[String(key)] ?? at?.items, schema);
  return [...Object.keys(node?.properties ?? {}), ...(path.length === 0 ? Object.keys(HELM_KEYS) : [])];
}

/** The known value that was probably meant: the same key elsewhere, or one nearly written so. */
export function nearestPath(chart: HelmChart, path: string): string | undefined {
  const known = chart.knobs.map(({ id }) => id).filter((id) => !id.startsWith('release.'));
  return known.find((id) => id.endsWith(`.${path.split('.').at(-1)}`)) ?? didYouMean(path, known);
}

/** As Helm merges values: maps key by key, everything else replaced. */
export function deepMerge(base: unknown, over: unknown): unknown {
  if (!isRecord(base) || !isRecord(over)) return over;
  return {
    ...base,
    ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, key in base ? deepMerge(base[key], value) : value])),
  };
}

/** The defaults: what values.yaml says. */
export function defaultValues(chart: HelmChart): Record<string, unknown> {
  return chart.values.parse({}) as Record<string, unknown>;
}
