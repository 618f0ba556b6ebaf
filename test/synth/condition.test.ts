import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { conditionOf, type TruthRow } from '#synth/compiler/condition.js';
import { TemplateChart } from '#synth/template/template-chart.js';
import { object, smallChart } from './small-chart.js';

const knobs = smallChart(object(() => ({}))).knobs.filter(({ id }) => ['b', 'c', 'e', 'zero'].includes(id));
const values: Readonly<Record<string, readonly unknown[]>> = {
  b: [true, false],
  c: [true, false],
  e: ['http', 'kafka', 'bus'],
  zero: [7, 0],
};

test('a condition holds exactly where its truth table says, in TypeScript and as a template', () => {
  const size = knobs.reduce((product, { cases }) => product * cases.length, 1);
  const rows = Array.from({ length: size }, (_, number) => {
    let rest = number;
    return knobs.map(({ cases }) => {
      const index = rest % cases.length;
      rest = Math.floor(rest / cases.length);
      return index;
    });
  });
  fc.assert(
    fc.property(fc.array(fc.constantFrom(true, false, undefined), { minLength: size, maxLength: size }), (truth) => {
      fc.pre(truth.includes(true) && truth.includes(false));
      const table: TruthRow[] = rows.map((cases, index) => ({ cases, holds: truth[index] }));
      const condition = conditionOf(knobs, table);
      const chart = new TemplateChart(new Map([['x.yaml', `a: {{ if ${condition.text} }}1{{ else }}0{{ end }}\n`]]));
      for (const { cases, holds } of table) {
        if (holds === undefined) continue;
        expect(condition.holds((knob) => cases[knobs.indexOf(knob)] ?? 0)).toBe(holds);
        const at = Object.fromEntries(knobs.map(({ id }, index) => [id, values[id]?.[cases[index] ?? 0]]));
        expect((chart.render(at, { name: 'r', namespace: 'n' })[0] as unknown as { a: number }).a).toBe(holds ? 1 : 0);
      }
    }),
    { numRuns: 200 },
  );
});
