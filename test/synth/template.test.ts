import { expect, test } from '@jest/globals';
import { Refusal } from '#synth/template/functions.js';
import { TemplateError } from '#synth/template/parse-template.js';
import { TemplateChart } from '#synth/template/template-chart.js';

const render = (text: string, values: unknown = {}): unknown =>
  new TemplateChart(new Map([['x.yaml', text]])).render(values, { name: 'r', namespace: 'n' });

test.each([
  ['a block that our charts do not have', '{{ with .Values }}a{{ end }}', 'x.yaml:1: {{ with }} is not known'],
  ['a function that our charts do not use', 'a: b\nb: {{ tpl "x" . }}', 'x.yaml:2: the function tpl is not known'],
  ['a block without end', '{{ if true }}a: b', 'x.yaml:1: no {{ end }}'],
  ['an end too many', 'a: b\n{{ end }}', 'x.yaml:2: {{ end }} closes nothing'],
  ['an assignment', '{{ $x := 1 }}', 'x.yaml:1:'],
  ['a key of nothing', 'a: {{ .Values.a.b.c }}', 'x.yaml:1: nothing has the key b'],
  ['what renders no YAML', 'a: b: c', 'x.yaml: renders no YAML'],
])('%s is refused with its place, not guessed', (_, text, says) => {
  expect(() => render(text)).toThrow(TemplateError);
  expect(() => render(text)).toThrow(says);
});

test('a fail of the chart is a refusal with its reason', () => {
  expect(() => render('{{- if not .Values.a }}\n{{- fail "a must be" }}\n{{- end }}\n')).toThrow(new Refusal('a must be'));
});

test('white space is trimmed as in Go, also around comments and inside strings with braces', () => {
  expect(
    render('{{- /* a\n }} b */ -}}\n\na:\n  {{- if .Values.x }}\n  - {{ "}}" | quote }}\n  {{- end }}\n  - "{{`{{ y }}`}}z"\n', {
      x: true,
    }),
  ).toEqual([{ a: ['}}', '{{ y }}z'] }]);
});
