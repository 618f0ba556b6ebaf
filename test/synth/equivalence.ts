import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { bundle, type HelmChart, type Release } from '#synth/chart.js';
import { type CompiledFile, compile } from '#synth/compiler/compile.js';
import { canonicalJson, idOf, type K8sObject } from '#synth/k8s-object.js';
import { knobsOf } from '#synth/knob.js';
import { Refusal } from '#synth/template/functions.js';
import { TemplateChart } from '#synth/template/template-chart.js';
import { deepMerge, defaultValues, parseValues } from '#synth/values/parse-values.js';
import { valuesSchemaJson } from '#synth/values/values-schema.js';
import { drawValues, nastyValues, pairValues, type Tree } from './draw-values.js';
import { mutationsOf, nullsOf } from './mutate-values.js';

const RELEASE: Release = { name: 'rel', namespace: 'alerts' };
const LONG = process.env.LONG === '1';

/** Objects in one order, for deep equality; checksums in place of which `sums` stand, if given. */
export function canonicalObjects(objects: readonly K8sObject[], sum?: string): unknown[] {
  const text = canonicalJson([...objects].sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1)));
  return JSON.parse(sum === undefined ? text : text.replace(/("checksum\/[^"]+":)"[0-9a-f]{64}"/g, `$1"${sum}"`)) as unknown[];
}

/** All values that an equivalence is checked at. */
export function valuesToCheck(chart: HelmChart, count: number): Tree[] {
  return [...pairValues(chart), ...nastyValues(chart), ...drawValues(chart, count, 42)];
}

/** Is a values file taken by zod and the rules? */
export function isTakenByZod(chart: HelmChart, given: unknown): boolean {
  return 'values' in parseValues(chart, deepMerge(defaultValues(chart), given) as Tree);
}

/**
 * What every chart must hold, without Helm (for the unit tier): the generated templates, evaluated by our own reader of them, say what the
 * chart's code says. `testHelmEquivalence` of test/bundle says the same of real Helm.
 */
export function testEquivalence(chart: HelmChart): void {
  describe(`the templates of ${chart.name}`, () => {
    let compiled: ReadonlyMap<string, CompiledFile> | undefined;
    const files = (): ReadonlyMap<string, CompiledFile> => (compiled ??= compile(chart));
    const templates = (): TemplateChart => new TemplateChart(new Map([...files()].map(([file, { text }]) => [file, text])));

    test('say what the code says, at every pair of finite values, every nasty text and values drawn from the schema', () => {
      const rendered = templates();
      for (const values of valuesToCheck(chart, LONG ? 3_000 : 150))
        expect(canonicalObjects(rendered.render(values, RELEASE))).toEqual(canonicalObjects(bundle(chart, values, RELEASE)));
    }, 120_000);

    test('do not depend on the random choices, on the environments, or on values that they do not read', () => {
      const idle = Object.fromEntries(IDLE.map((name) => [name, false]));
      const seeds = drawValues(chart, 3, 9).map((values) => ({ ...values, ...idle }));
      const other = compile(withIdleValues(chart), { seed: 1_000, seeds });
      const texts = [...other].flatMap(([file, { text }]) => (file === 'idle.yaml' ? [] : [[file, text] as const]));
      expect(texts).toEqual([...files()].map(([file, { text }]) => [file, text]));
    }, 120_000);

    test('and the values schema refuse what zod and the rules refuse, and take what they take', () => {
      const isValid = new Ajv({ strict: false, unicodeRegExp: true }).compile(JSON.parse(valuesSchemaJson(chart)) as object);
      const rendered = templates();
      for (const { label, given } of mutationsOf(chart, LONG ? 10_000 : 800)) {
        const merged = deepMerge(defaultValues(chart), given) as Tree;
        expect(`${label}: ${isValid(merged) && isRendered(rendered, merged)}`).toBe(`${label}: ${isTakenByZod(chart, given)}`);
      }
      for (const { label, given } of nullsOf(chart))
        expect(`${label}: ${isValid(deepMerge(defaultValues(chart), given))}`).toBe(`${label}: false`);
    }, 120_000);

    test('render the defaults', () => {
      expect(bundle(chart, defaultValues(chart), RELEASE).length).toBeGreaterThan(0);
    });
  });
}

function isRendered(templates: TemplateChart, values: Tree): boolean {
  try {
    templates.render(values, RELEASE);
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

const IDLE = ['idle0', 'idle1', 'idle2', 'last'];

/** The same chart with more values, which only a file of their own reads. */
function withIdleValues(chart: HelmChart): HelmChart {
  const flag = { type: 'boolean', default: false };
  const [last = '', ...first] = IDLE.toReversed();
  const properties = Object.fromEntries(first.map((name) => [name, flag]));
  const more = {
    ...chart.jsonSchema,
    properties: { ...properties, ...chart.jsonSchema.properties, [last]: flag },
    required: [...(chart.jsonSchema.required ?? []), ...IDLE],
  };
  const read = (values: unknown): K8sObject[] => [
    { apiVersion: 'v1', kind: 'Idle', metadata: { name: 'idle' }, values: IDLE.map((name) => (values as Tree)[name]) },
  ];
  return { ...chart, knobs: knobsOf(more), templates: new Map([...chart.templates, ['idle.yaml', read]]) };
}
