import { describe, expect, test } from '@jest/globals';
import { ApiObject } from 'cdk8s';
import { z } from 'zod';
import { bundle, defineChart } from '#synth/chart.js';
import { compile, compileFile } from '#synth/compiler/compile.js';
import { is, not, require } from '#synth/require.js';
import { TemplateChart } from '#synth/template/template-chart.js';
import { drawValues } from './draw-values.js';
import { canonicalObjects } from './equivalence.js';
import { FORMS, HEAD } from './forms.js';
import { object, smallChart, templateOf } from './small-chart.js';

const RELEASE = { name: 'rel', namespace: 'ns' };

describe('templates read as if written by hand, and say what the code says', () => {
  const values = drawValues(smallChart(object(() => ({}))), 40, 5);

  test.each(FORMS)('%s', (_, code, text) => {
    const chart = smallChart(code);
    expect(templateOf(code)).toBe(text);
    if (text.includes('include')) return;
    const rendered = new TemplateChart(new Map([['x.yaml', text]]));
    for (const one of values)
      expect(canonicalObjects(rendered.render(one, RELEASE))).toEqual(canonicalObjects(bundle(chart, one, RELEASE)));
  });
});

test('what the rules exclude need not be followed: the code may throw there, and conditions get shorter', () => {
  const code = object((v) => {
    if (v.e === 'bus' && v.t === 'split') throw new Error('never');
    return v.e === 'bus' && v.t === 'single' ? { a: 1 } : {};
  });
  const rules = [require(not({ all: [is('e', 'bus'), is('t', 'split')] }), 'bus cannot be split')];
  expect(templateOf(code, rules)).toBe(`${HEAD}{{- if eq .Values.e "bus" }}\na: 1\n{{- end }}\n`);
});

test('beyond the limit of paths the template is learnt, and is the same', () => {
  const code = object((v) => ({
    list: [...(v.b ? ['b'] : []), ...(v.c ? ['c'] : []), ...(v.b && v.c && v.t === 'split' ? ['all'] : [])],
    level: v.e,
  }));
  const chart = smallChart(code);
  const every = compileFile(chart, 'x.yaml');
  const learnt = compileFile(chart, 'x.yaml', { maxPaths: 1 });
  expect([every.mode, learnt.mode]).toEqual(['every path', 'learnt']);
  expect(learnt.text).toBe(every.text);
});

test('thirty flags are learnt from few paths', () => {
  const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
  const chart = defineChart({
    name: 'wide',
    values: z.strictObject(Object.fromEntries(names.map((name) => [name, z.boolean().default(false).describe('f')]))),
    templates: {
      'x.yaml': (scope, v) => {
        const args = names.filter((name) => (v as Record<string, unknown>)[name] === true);
        new ApiObject(scope, 'o', {
          apiVersion: 'v1',
          kind: 'X',
          metadata: { name: 'x' },
          args: ['serve', ...args],
          both: v.f3 && v.f4 && v.f5 ? 'all' : 'some',
          mixed: v.f6 && !v.f7 && v.f8 && !v.f9 ? 'found' : 'none',
        });
      },
    },
  });
  const file = compileFile(chart, 'x.yaml');
  expect(file.pathCount).toBeLessThan(1_200);
  expect(file.text).toContain('{{- if .Values.f29 }}\n  - f29\n  {{- end }}');
  expect(file.text).toContain('mixed: {{ if and .Values.f6 (not .Values.f7) .Values.f8 (not .Values.f9) }}found{{ else }}none{{ end }}');
  expect(file.text).toContain('both: {{ if and .Values.f3 .Values.f4 .Values.f5 }}all{{ else }}some{{ end }}');
});

test('the templates are the same whatever CDK8S_* is set', () => {
  const chart = smallChart(object((v) => ({ b: { z: 1, a: v.num }, a: 1 })));
  const before = { ...process.env };
  const plain = compileFile(chart, 'x.yaml').text;
  Object.assign(process.env, { CDK8S_DISABLE_SORT: '1', CDK8S_RECORD_CONSTRUCT_METADATA: '1', CDK8S_FILE_ASSET: 'x' });
  try {
    expect(compileFile(chart, 'x.yaml').text).toBe(plain);
  } finally {
    for (const key of Object.keys(process.env)) if (key.startsWith('CDK8S_') && !(key in before)) delete process.env[key];
  }
});

test('a rule is a fail with its reason, told from the values as they stand', () => {
  const rules = [require(not({ all: [is('e', 'bus'), is('t', 'split')] }), 'bus cannot be split')];
  const text = compile({
    ...smallChart(
      object((v) => ({ ...v, release: undefined })),
      rules,
    ),
  }).get('rules.yaml')?.text;
  expect(text).toContain('{{- if and (eq .Values.e "bus") (eq .Values.t "split") }}\n{{- fail "bus cannot be split" }}\n{{- end }}\n');
});
