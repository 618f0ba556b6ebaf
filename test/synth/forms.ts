import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-27';
import { addFields } from '#synth/newer-fields.js';
import { join, json, jsonMembers, portion, product } from '#synth/twins.js';
import { configMap, object, pod, type templateOf } from './small-chart.js';

export type Code = Parameters<typeof templateOf>[0];
/** What stands before the fields of `object`. */
export const HEAD = '---\napiVersion: v1\nkind: Thing\nmetadata:\n  name: thing\n';
const CONFIG = '---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: config\ndata:\n';

/** What authors may write, and what it becomes. */
export const FORMS: readonly (readonly [rule: string, code: Code, text: string])[] = [
  ['a number is passed on', object((v) => ({ a: v.num })), `${HEAD}a: {{ .Values.num | int64 }}\n`],
  ['a name is passed on, in quotes that it cannot leave', object((v) => ({ a: v.name })), `${HEAD}a: {{ .Values.name | quote }}\n`],
  ['any text is passed on by way of JSON', object((v) => ({ a: v.s })), `${HEAD}a: {{ .Values.s | toJson }}\n`],
  [
    'a narrow text may stand inside a text',
    object((v) => ({ a: `${v.name}:${v.num}` })),
    `${HEAD}a: "{{ .Values.name }}:{{ .Values.num | int64 }}"\n`,
  ],
  [
    'any text inside a text goes by way of printf',
    object((v) => ({ a: `100% ${v.s}` })),
    `${HEAD}a: {{ printf "100%% %s" .Values.s | toJson }}\n`,
  ],
  [
    'the release stands in names',
    object((v) => ({ a: `${v.release.name}-web`, b: v.release.namespace })),
    `${HEAD}a: {{ .Release.Name }}-web\nb: {{ .Release.Namespace | quote }}\n`,
  ],
  ['a number in a text stays a text', object((v) => ({ a: String(v.num) })), `${HEAD}a: "{{ .Values.num | int64 }}"\n`],
  ['a flag is passed on', object((v) => ({ a: v.b, b: !v.c })), `${HEAD}a: {{ .Values.b }}\nb: {{ not .Values.c }}\n`],
  ['a flag as a text is a text', object((v) => ({ a: String(v.b) })), `${HEAD}a: "{{ .Values.b }}"\n`],
  [
    'an enum is passed on',
    object((v) => ({ a: v.e, b: `--log=${v.e}` })),
    `${HEAD}a: {{ .Values.e | quote }}\nb: "--log={{ .Values.e }}"\n`,
  ],
  ['two enums in one text are passed on', object((v) => ({ a: `${v.e}/${v.t}` })), `${HEAD}a: "{{ .Values.e }}/{{ .Values.t }}"\n`],
  [
    'a constant that the schema names is passed on',
    object((v) => ({ a: v.zero, b: `x-${v.empty}` })),
    `${HEAD}a: {{ .Values.zero | int64 }}\nb: "x-{{ .Values.empty }}"\n`,
  ],
  [
    'a constant that the schema names switches',
    object((v) => ({ a: v.zero === 0 ? 'none' : 'some', b: v.empty === '' ? 'own' : v.empty })),
    `${HEAD}a: {{ if .Values.zero }}some{{ else }}none{{ end }}\nb: {{ if .Values.empty }}{{ .Values.empty | quote }}{{ else }}own{{ end }}\n`,
  ],
  [
    'a flag switches a leaf',
    object((v) => ({ a: v.b ? v.num : 0 })),
    `${HEAD}a: {{ if .Values.b }}{{ .Values.num | int64 }}{{ else }}0{{ end }}\n`,
  ],
  [
    'an optional value that is absent leaves its key out',
    object((v) => ({ a: v.opt })),
    `${HEAD}{{- if .Values.opt }}\na: {{ .Values.opt | toJson }}\n{{- end }}\n`,
  ],
  [
    'an optional value that may be empty is told from one that is absent',
    object((v) => ({ a: v.optEmpty ?? 'none' })),
    `${HEAD}a: {{ if hasKey .Values "optEmpty" }}{{ .Values.optEmpty | toJson }}{{ else }}none{{ end }}\n`,
  ],
  [
    'an enum switches in arms',
    object((v) => ({ a: { http: 1, kafka: 2, bus: 3 }[v.e] })),
    `${HEAD}{{- if eq .Values.e "http" }}\na: 1\n{{- else if eq .Values.e "kafka" }}\na: 2\n{{- else }}\na: 3\n{{- end }}\n`,
  ],
  [
    'neighbours under one condition share one if, what asks for more stands inside',
    object((v) => ({ a: 1, ...(v.b ? { b: 2, c: 3 } : {}), ...(v.b && v.c ? { d: 4 } : {}) })),
    `${HEAD}a: 1\n{{- if .Values.b }}\nb: 2\nc: 3\n{{- if .Values.c }}\nd: 4\n{{- end }}\n{{- end }}\n`,
  ],
  [
    'opposite conditions are if and else',
    object((v) => (v.b ? { a: 1 } : { b: 2 })),
    `${HEAD}{{- if .Values.b }}\na: 1\n{{- else }}\nb: 2\n{{- end }}\n`,
  ],
  [
    'a sub-tree hangs on two enums',
    object((v) => (v.e === 'kafka' && v.t === 'split' ? { a: 1 } : {})),
    `${HEAD}{{- if and (eq .Values.e "kafka") (eq .Values.t "split") }}\na: 1\n{{- end }}\n`,
  ],
  [
    'either of two flags is enough',
    object((v) => (v.b || v.c ? { a: 1 } : {})),
    `${HEAD}{{- if or .Values.b .Values.c }}\na: 1\n{{- end }}\n`,
  ],
  ['a list passes through whole', object((v) => ({ a: v.list })), `${HEAD}a: {{ toJson .Values.list }}\n`],
  [
    'a list is spliced between own items',
    object((v) => ({ a: ['first', ...v.list, 'last'] })),
    `${HEAD}a:\n  - first\n  {{- range .Values.list }}\n  - {{ toJson . }}\n  {{- end }}\n  - last\n`,
  ],
  [
    'two lists become one',
    object((v) => ({ a: [...v.list, ...v.names] })),
    `${HEAD}a: {{ toJson (concat .Values.list .Values.names | default list) }}\n`,
  ],
  [
    'an empty list may leave its key out',
    object((v) => (v.list.length > 0 ? { a: v.list } : {})),
    `${HEAD}{{- if .Values.list }}\na: {{ toJson .Values.list }}\n{{- end }}\n`,
  ],
  [
    'a map is spliced beside own entries, which win',
    object((v) => ({ a: { ...v.map, own: 'x' } })),
    `${HEAD}a:\n  own: x\n  {{- range $key, $value := omit .Values.map "own" }}\n  {{ toJson $key }}: {{ toJson $value }}\n  {{- end }}\n`,
  ],
  [
    'own entries that come and go hide a value only while they are there',
    object((v) => ({ a: { ...v.map, own: 'x', ...(v.b ? { more: 'y' } : {}) } })),
    `${HEAD}a:\n  {{- if .Values.b }}\n  more: "y"\n  own: x\n  {{- range $key, $value := omit .Values.map "more" "own" }}\n  {{ toJson $key }}: {{ toJson $value }}\n  {{- end }}\n  {{- else }}\n  own: x\n  {{- range $key, $value := omit .Values.map "own" }}\n  {{ toJson $key }}: {{ toJson $value }}\n  {{- end }}\n  {{- end }}\n`,
  ],
  [
    'a list that may lose all its items is never null',
    object((v) => ({ a: [...(v.b ? ['x'] : []), ...(v.c ? ['z'] : [])] })),
    `${HEAD}a:\n  {{- if or .Values.b .Values.c }}\n  {{- if .Values.b }}\n  - x\n  {{- end }}\n  {{- if .Values.c }}\n  - z\n  {{- end }}\n  {{- else }}\n  []\n  {{- end }}\n`,
  ],
  [
    'items of a list switch by name',
    pod((v) => ({ volumes: [{ name: 'a', emptyDir: {} }, ...(v.b ? [{ name: 'b', secret: { secretName: v.name } }] : [])] })),
    '---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\nspec:\n  containers:\n    - name: a\n  volumes:\n    - name: a\n      emptyDir: {}\n    {{- if .Values.b }}\n    - name: b\n      secret:\n        secretName: {{ .Values.name | quote }}\n    {{- end }}\n',
  ],
  [
    'environment of the values stands beside own variables',
    pod((v) => ({ containers: [{ name: 'a', env: [{ name: 'A', value: 'x' }, ...v.env] }] })),
    '---\napiVersion: v1\nkind: Pod\nmetadata:\n  name: pod\nspec:\n  containers:\n    - name: a\n      env:\n        - name: A\n          value: x\n        {{- range .Values.env }}\n        - {{ toJson . }}\n        {{- end }}\n',
  ],
  [
    'an argument that carries an enum is one argument',
    object((v) => ({ args: ['serve', ...(v.b ? ['--fast'] : []), `--log=${v.e}`] })),
    `${HEAD}args:\n  - serve\n  {{- if .Values.b }}\n  - "--fast"\n  {{- end }}\n  - "--log={{ .Values.e }}"\n`,
  ],
  [
    'lines of a text switch, blank ones with them',
    configMap((v) => ({ 'a.ini': `[a]\nx = ${v.num}\n${v.b ? `\n[b]\ny = ${v.name}\n` : ''}\n[c]\nlevel = ${v.e}\n` })),
    `${CONFIG}  a.ini: |\n    [a]\n    x = {{ .Values.num | int64 }}\n    {{- if .Values.b }}\n\n    [b]\n    y = {{ .Values.name }}\n    {{- end }}\n\n    [c]\n    level = {{ .Values.e }}\n`,
  ],
  [
    'a text with any text in it goes by way of printf',
    configMap((v) => ({ a: `x: 1\ny: ${v.s}\n` })),
    `${CONFIG}  a: {{ printf "x: 1\\ny: %s\\n" .Values.s | toJson }}\n`,
  ],
  [
    'a line that ends in a blank keeps it: the text goes whole, for a condition behind it would trim the blank',
    configMap((v) => ({ a: `x \n${v.b ? 'y\n' : ''}` })),
    `${CONFIG}  a: {{ if .Values.b }}"x \\ny\\n"{{ else }}"x \\n"{{ end }}\n`,
  ],
  [
    'literal braces of others survive',
    configMap(() => ({ a: '{{ .Input.body | quote }}', b: 'x ${{ data.a }}\n{{\n' })),
    `${CONFIG}  a: "{{\`{{ .Input.body | quote }}\`}}"\n  b: |\n    x \${{\`{{ data.a }}\`}}\n    {{\`{{\`}}\n`,
  ],
  [
    'keys and texts that YAML would misread are quoted',
    object(() => ({ y: 'no', '1': '010', a: 'a: b', b: '1e3', c: '10Gi', d: '' })),
    `---\n"1": "010"\napiVersion: v1\nkind: Thing\nmetadata:\n  name: thing\na: "a: b"\nb: "1e3"\nc: 10Gi\nd: ""\n"y": "no"\n`
      .replace('---\n"1": "010"\n', '---\n')
      .replace('a: "a: b"', '"1": "010"\na: "a: b"'),
  ],
  [
    'documents switch',
    (chart, v) => {
      for (const [kind, isOn] of [
        ['A', v.b],
        ['B', v.c],
        ['C', true],
      ] as const)
        if (isOn) new ApiObject(chart, kind, { apiVersion: 'v1', kind, metadata: { name: kind } });
    },
    '{{- if .Values.b }}\n---\napiVersion: v1\nkind: A\nmetadata:\n  name: A\n{{- end }}\n{{- if .Values.c }}\n---\napiVersion: v1\nkind: B\nmetadata:\n  name: B\n{{- end }}\n---\napiVersion: v1\nkind: C\nmetadata:\n  name: C\n',
  ],
  [
    'the checksum of a file rolls pods when the file changes',
    object((_, { checksum }) => ({ a: checksum('x.yaml') })),
    `${HEAD}a: {{ include (print $.Template.BasePath "/x.yaml") . | sha256sum | quote }}\n`,
  ],
  [
    'twins stand where their values stand',
    object((v) => ({ a: portion(v.num, 80), b: `${join(v.names, ',')}!`, c: join([v.name, v.s], '-') })),
    `${HEAD}a: {{ div (add (mul (int64 .Values.num) 80) 99) 100 }}\nb: "{{ join "," .Values.names }}!"\nc: {{ join "-" (list .Values.name .Values.s) | toJson }}\n`,
  ],
  [
    'newer fields enter by name of their list item',
    (chart, v) => {
      const made = new k8s.KubeDeployment(chart, 'd', {
        metadata: { name: 'd' },
        spec: { selector: {}, template: { spec: { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }] } } },
      });
      addFields(made, { spec: { template: { spec: { affinity: v.any, initContainers: [{ name: 'i', restartPolicy: 'Always' }] } } } });
    },
    '---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: d\nspec:\n  selector: {}\n  template:\n    spec:\n      affinity: {{ toJson .Values.any }}\n      containers:\n        - name: a\n      initContainers:\n        - name: i\n          restartPolicy: Always\n',
  ],
  ['a product of a number is a twin', object((v) => ({ a: product(v.num, 1_000) })), `${HEAD}a: {{ mul (int64 .Values.num) 1000 }}\n`],
  [
    'any text, map or list stands in a text as JSON',
    object((v) => ({ a: `s: ${json(v.s)}, m: ${json(v.map)}, n: ${json(v.name)}` })),
    `${HEAD}a: {{ printf "s: %s, m: %s, n: %s" (toJson .Values.s) (toJson .Values.map) (toJson .Values.name) | toJson }}\n`,
  ],
  [
    'entries of a map stand in a text beside others',
    object((v) => ({ a: `{ own: 1, ${jsonMembers(v.map)} }` })),
    `${HEAD}a: {{ printf "{ own: 1, %s }" (toJson .Values.map | trimPrefix "{" | trimSuffix "}") | toJson }}\n`,
  ],
  [
    'several lists and maps switch by being empty, each alone',
    object((v) => ({ a: `${v.list.length > 0 ? 'list' : ''}${Object.keys(v.map).length > 0 ? 'map' : ''}`, b: v.names, c: v.any })),
    `${HEAD}{{- if and .Values.list .Values.map }}\na: listmap\n{{- else if .Values.list }}\na: list\n{{- else if .Values.map }}\na: map\n{{- else }}\na: ""\n{{- end }}\nb: {{ toJson .Values.names }}\nc: {{ toJson .Values.any }}\n`,
  ],
];
