import { ApiObject, type Chart } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { z } from 'zod';
import { defineChart, type HelmChart, type Template, type TemplateContext, type Values } from '#synth/chart.js';
import { compileFile } from '#synth/compiler/compile.js';
import type { Rule } from '#synth/require.js';
import { anyList, anyMap, dnsLabel, extraEnv, text } from '#synth/value-types.js';

/** One value of each kind, under short names: for tests of one rule each. */
export const SmallValues = z.strictObject({
  num: z.int().min(0).max(100).default(3).describe('a number'),
  m: z.int().min(2).max(100).default(20).describe('another'),
  zero: z
    .union([z.literal(0), z.int().min(2).max(100)])
    .default(0)
    .describe('0 is special'),
  b: z.boolean().default(true).describe('a flag'),
  c: z.boolean().default(false).describe('another'),
  e: z.enum(['http', 'kafka', 'bus']).default('http').describe('three ways'),
  t: z.enum(['single', 'split']).default('single').describe('two ways'),
  s: text().default('x').describe('any text'),
  name: dnsLabel().default('cluster').describe('a name'),
  empty: z
    .union([z.literal(''), dnsLabel()])
    .default('')
    .describe('empty is special'),
  opt: text().min(1).optional().describe('perhaps'),
  optEmpty: text().optional().describe('perhaps, perhaps empty'),
  list: z.array(text()).default([]).describe('texts'),
  names: z.array(dnsLabel()).default(['a']).describe('names'),
  env: extraEnv().default([]).describe('environment'),
  map: z.record(dnsLabel(), text()).default({}).describe('texts by name'),
  any: anyMap().default({}).describe('anything'),
  anys: anyList().default([]).describe('anything'),
});
export type V = Values<typeof SmallValues>;
type SmallTemplate = Template<typeof SmallValues>;

/** An object whose fields are what the function says. */
export const object =
  (fields: (v: V, context: TemplateContext) => Record<string, unknown>): SmallTemplate =>
  (chart, v, context) => {
    new ApiObject(chart, 'object', { apiVersion: 'v1', kind: 'Thing', metadata: { name: 'thing' }, ...fields(v, context) });
  };

export const configMap =
  (data: (v: V) => Record<string, string>): SmallTemplate =>
  (chart, v) => {
    new k8s.KubeConfigMap(chart, 'config', { metadata: { name: 'config' }, data: data(v) });
  };

export const pod =
  (spec: (v: V) => Partial<k8s.PodSpec>): SmallTemplate =>
  (chart: Chart, v) => {
    new k8s.KubePod(chart, 'pod', { metadata: { name: 'pod' }, spec: { containers: [{ name: 'a' }], ...spec(v) } });
  };

/** A chart of the one template. */
export function smallChart(template: SmallTemplate, rules: readonly Rule[] = []): HelmChart {
  return defineChart({ name: 'small', values: SmallValues, rules: rules as never, templates: { 'x.yaml': template } });
}

/** The text that the one template becomes, without the line that every template begins with. */
export function templateOf(template: SmallTemplate, rules: readonly Rule[] = []): string {
  return compileFile(smallChart(template, rules), 'x.yaml').text.replace(/^.*\n/, '');
}
