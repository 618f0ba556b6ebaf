import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Marks } from '#synth/compiler/marks.js';
import { TemplateChart } from '#synth/template/template-chart.js';
import { join, json, jsonMembers, portion, product, withProbe } from '#synth/twins.js';
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

test('product is the same in TypeScript and in Helm', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1_000_000 }), fc.integer({ min: 0, max: 1_000_000_000 }), (n, factor) => {
      const mark = withProbe(marks, () => product(marked('num'), factor));
      expect(rendered(mark, { num: n })).toBe(product(n, factor));
    }),
  );
});

const printable = fc.string({ unit: 'grapheme-ascii' });
const maps = fc.dictionary(
  printable.filter((key) => key !== '__proto__'),
  fc.oneof(printable, fc.integer(), fc.boolean(), fc.array(printable), fc.dictionary(printable, printable)),
);

test('json is the same in TypeScript and in Helm, and gives the value back', () => {
  fc.assert(
    fc.property(printable, maps, (text, map) => {
      expect(
        rendered(
          withProbe(marks, () => json(marked('s'))),
          { s: text },
        ),
      ).toBe(json(text));
      expect(
        rendered(
          withProbe(marks, () => json(marked('any'))),
          { any: map },
        ),
      ).toBe(json(map));
      expect(JSON.parse(json(map))).toEqual({ ...map });
    }),
  );
});

test('jsonMembers is the same in TypeScript and in Helm, and gives the entries back', () => {
  fc.assert(
    fc.property(maps, (map) => {
      expect(
        rendered(
          withProbe(marks, () => jsonMembers(marked('any'))),
          { any: map },
        ),
      ).toBe(jsonMembers(map));
      expect(JSON.parse(`{${jsonMembers(map)}}`)).toEqual({ ...map });
    }),
  );
});

test('json escapes what Go escapes, and orders keys by their bytes', () => {
  expect(json({ b: '<&>', a: 'é', '\uffff': 1, '😀': 2 })).toBe('{"a":"é","b":"\\u003c\\u0026\\u003e","\uffff":1,"😀":2}');
});

test('on constants twins give constants, also while the code is probed', () => {
  expect(withProbe(marks, () => [join(['a', 'b'], '-'), portion(10, 25)])).toEqual(['a-b', 3]);
});
