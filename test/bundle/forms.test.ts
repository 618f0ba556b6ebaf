import { afterAll, expect, test } from '@jest/globals';
import { defineChart } from '#synth/chart.js';
import { compileFile } from '#synth/compiler/compile.js';
import { canonicalJson } from '#synth/k8s-object.js';
import { HELMS, HelmFolder, helmTemplate, inPairs, objectsOf } from '#test/support/helm.js';
import { drawValues, nastyValues, pairValues } from '#test/synth/draw-values.js';
import { FORMS } from '#test/synth/forms.js';
import { SmallValues } from '#test/synth/small-chart.js';

const folder = new HelmFolder();
afterAll(() => folder.close());

const forms = FORMS.filter(([, , text]) => !text.includes('include'));
const chart = defineChart({
  name: 'forms',
  values: SmallValues,
  templates: Object.fromEntries(forms.map(([, code], index) => [`f${index}.yaml`, code])),
});
const path = folder.write(chart, new Map([...chart.templates.keys()].map((file) => [file, compileFile(chart, file)])));

test.each(Object.entries(HELMS))(
  'every form that authors may write is rendered by %s as the code says',
  async (_, binary) => {
    const release = { name: 'rel', namespace: 'ns' };
    const values = [...pairValues(chart), ...nastyValues(chart), ...drawValues(chart, 60, 11)];
    await inPairs(values, async (one) => {
      const { text, error } = await helmTemplate(binary, path, folder.values(one), release);
      expect(error).toBe('');
      const byFile = new Map<string, unknown[]>();
      for (const part of (text ?? '').split(/^---\n(?=# Source: )/m).slice(1)) {
        const file = /^# Source: forms\/templates\/(.*)\n/.exec(part)?.[1] ?? '';
        byFile.set(file, [...(byFile.get(file) ?? []), ...objectsOf(part, '1.2')]);
      }
      for (const [file, render] of chart.templates) {
        const wanted = render({ ...one, release }, { checksum: () => '' });
        const sorted = (objects: readonly unknown[]): string[] => objects.map(canonicalJson).sort();
        expect([forms[Number(file.slice(1, -5))]?.[0], sorted(byFile.get(file) ?? [])]).toEqual([
          forms[Number(file.slice(1, -5))]?.[0],
          sorted(wanted),
        ]);
      }
    });
  },
  120_000,
);
