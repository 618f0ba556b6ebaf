import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Marks } from '#synth/compiler/marks.js';
import { TemplateChart } from '#synth/template/template-chart.js';
import { join, portion, withProbe } from '#synth/twins.js';
import { NASTY } from './draw-values.js';
import { object, smallChart } from './small-chart.js';

const { knobs } = smallChart(object(() => ({})));
const marks = new Marks(knobs);
const marked = (id: string): never => marks.valueOf(knobs.find((knob) => knob.id === id) ?? fail(id)) as never;
const fail = (id: string): never => {
  throw new Error(`no value ${id}`);
};

/** What Helm makes of the expression of a twin, at values; test/bundle/ asks the real ones. */
function rendered(mark: string | number, values: unknown): unknown {
  const [ref] = marks.pieces(String(mark));
  const shown = typeof ref === 'object' ? ref.shown : marks.refOf(Number(mark))?.shown;
  const chart = new TemplateChart(new Map([['x.yaml', `a: {{ ${shown} | toJson }}\n`]]));
  return (chart.render(values, { name: 'r', namespace: 'n' })[0] as unknown as { a: unknown }).a;
}

test('join is the same in TypeScript and in Helm', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string())), fc.string({ maxLength: 3 }), (list, separator) => {
      const mark = withProbe(marks, () => join(marked('list'), separator));
      expect(rendered(mark, { list })).toBe(join(list, separator));
    }),
  );
});

test('portion is the same in TypeScript and in Helm', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000_000 }), fc.integer({ min: 0, max: 400 }), (n, percent) => {
      const mark = withProbe(marks, () => portion(marked('num'), percent));
      expect(rendered(mark, { num: n })).toBe(portion(n, percent));
    }),
  );
});

test('on constants twins give constants, also while the code is probed', () => {
  expect(withProbe(marks, () => [join(['a', 'b'], '-'), portion(10, 25)])).toEqual(['a-b', 3]);
});
