import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { bundle, type HelmChart, type Release } from '#synth/chart.js';
import { type CompiledFile, compile } from '#synth/compiler/compile.js';
import { canonicalJson, type K8sObject } from '#synth/k8s-object.js';
import { valueAt } from '#synth/knob.js';
import { decide } from '#synth/require.js';
import { defaultValues } from '#synth/values/parse-values.js';
import { HELMS, type HelmAnswer, HelmFolder, helmTemplate, inPairs, objectsOf } from '#test/support/helm.js';
import type { Tree } from '#test/synth/draw-values.js';
import { canonicalObjects, isTakenByZod, valuesToCheck } from '#test/synth/equivalence.js';
import { mutationsOf, nullsOf } from '#test/synth/mutate-values.js';

const RELEASE: Release = { name: 'rel', namespace: 'alerts' };
const LONG = process.env.LONG === '1';
/** What a reader of YAML 1.1 in JavaScript takes for a number, and Go does not: compared by YAML 1.2 alone. */
const MISREAD = /^[-+]?\.?[eE]?[-+]?\.?$/;

/** What every chart must hold with the real Helms: one line a chart in a file of test/bundle/. */
export function testHelmEquivalence(chart: HelmChart): void {
  describe.each(Object.entries(HELMS))(`${chart.name} in %s`, (_, binary) => {
    const folder = new HelmFolder();
    let files: ReadonlyMap<string, CompiledFile> = new Map();
    let path = '';
    beforeAll(() => {
      files = compile(chart);
      path = folder.write(chart, files);
    });
    afterAll(() => folder.close());

    test('is what the code says, at every pair of finite values, every nasty text and values drawn from the schema', async () => {
      const sums = new Sums();
      await inPairs(valuesToCheck(chart, LONG ? 1_000 : 60), async (values) => {
        const { text, error } = await helmTemplate(binary, path, folder.values(values), RELEASE);
        expect(error).toBe('');
        const wanted = canonicalObjects(bundle(chart, values, RELEASE), 'sum');
        const versions = JSON.stringify(values)
          .split('"')
          .some((word) => MISREAD.test(word))
          ? (['1.2'] as const)
          : (['1.1', '1.2'] as const);
        for (const version of versions) expect(canonicalObjects(objectsOf(text ?? '', version), 'sum')).toEqual(wanted);
        sums.add(bundle(chart, values, RELEASE), objectsOf(text ?? '', '1.2'));
      });
      sums.expectPaired();
    }, 300_000);

    test('takes the values that zod, the rules and render take, and no others', async () => {
      await inPairs(mutationsOf(chart, LONG ? 2_000 : 150), async ({ label, given }) => {
        const { text } = await helmTemplate(binary, path, folder.values(given), RELEASE);
        expect(`${label}: ${text !== undefined}`).toBe(`${label}: ${isTakenByZod(chart, given)}`);
      });
      await inPairs(nullsOf(chart).slice(0, LONG ? undefined : 12), async ({ label, given }) => {
        const { text, error } = await helmTemplate(binary, path, folder.values(given), RELEASE);
        // Some versions drop the null and take the default, none may make 0 or '' of it.
        if (text !== undefined)
          expect(canonicalObjects(objectsOf(text, '1.2'), 'sum')).toEqual(
            canonicalObjects(bundle(chart, defaultValues(chart), RELEASE), 'sum'),
          );
        else expect(`${label}: ${error}`).toMatch(/null|required|missing|schema/);
      });
    }, 300_000);

    test('refuses what breaks a rule, with the reason of the rule', async () => {
      await inPairs([...breaking(chart)], async ([reason, values]) => {
        const { error } = await helmTemplate(binary, path, folder.values(values), RELEASE);
        expect(error).toContain(reason);
      });
    }, 180_000);

    test('can be a sub-chart with a condition and global values', async () => {
      const parent = dirname(
        folder.put(
          'parent/Chart.yaml',
          `apiVersion: v2\nname: parent\nversion: 0.1.0\ndependencies:\n  - { name: ${chart.name}, version: 0.1.0, condition: ${chart.name}.enabled }\n`,
        ),
      );
      cpSync(path, join(parent, 'charts', chart.name), { recursive: true });
      const render = (enabled: boolean): Promise<HelmAnswer> =>
        helmTemplate(binary, parent, folder.values({ global: { a: 1 }, [chart.name]: { enabled } }), RELEASE);
      const [on, off] = [await render(true), await render(false)];
      expect(on.error).toBe('');
      expect(canonicalObjects(objectsOf(on.text ?? '', '1.2'), 'sum')).toEqual(
        canonicalObjects(bundle(chart, defaultValues(chart), RELEASE), 'sum'),
      );
      expect(objectsOf(off.text ?? '', '1.2')).toEqual([]);
    }, 60_000);

    test('prints the notes that the code says', async () => {
      const { notes } = chart;
      if (!notes) return;
      // Helm 3 shows notes only with a cluster at hand; a template that includes them shows them without.
      const probe = { text: 'notes: {{ include (print $.Template.BasePath "/NOTES.txt") . | toJson }}\n' };
      const renamed = { ...chart, name: `${chart.name}-notes` };
      const at = folder.write(renamed, new Map<string, { readonly text: string }>([...files, ['notes.yaml', probe]]));
      const { text, error } = await helmTemplate(binary, at, folder.values({}), RELEASE);
      expect(error).toBe('');
      const shown = objectsOf(text ?? '', '1.2').find((object) => 'notes' in object)?.notes;
      expect(String(shown).trim()).toBe(notes({ ...defaultValues(chart), release: RELEASE }).trim());
    }, 60_000);
  });
}

/** For each rule values that break it alone, and no schema. */
function breaking(chart: HelmChart): Map<string, Tree> {
  const drawn = valuesToCheck({ ...chart, rules: [] }, 400);
  const found = new Map<string, Tree>();
  for (const values of drawn) {
    const broken = chart.rules.filter(({ condition }) => decide(condition, (path) => valueAt(values, path.split('.'))) === false);
    if (broken.length === 1 && broken[0]) found.set(broken[0].reason, values);
  }
  expect([...found.keys()].sort()).toEqual(chart.rules.map(({ reason }) => reason).sort());
  return found;
}

/** Checksums of both back ends: equal on one side exactly where they are equal on the other. */
class Sums {
  readonly #pairs: (readonly [string, string])[] = [];

  add(ours: readonly K8sObject[], helms: readonly K8sObject[]): void {
    const of = (objects: readonly K8sObject[]): string[] => {
      const sorted = JSON.stringify(canonicalObjects(objects));
      return [...sorted.matchAll(/"checksum\/[^"]+":"([0-9a-f]{64})"/g)].map(([, sum]) => sum ?? '');
    };
    const [one, two] = [of(ours), of(helms)];
    expect(one).toHaveLength(two.length);
    one.forEach((sum, index) => {
      this.#pairs.push([sum, two[index] ?? '']);
    });
  }

  expectPaired(): void {
    const byOurs = new Map(this.#pairs);
    const byHelms = new Map(this.#pairs.map(([ours, helms]) => [helms, ours]));
    for (const [ours, helms] of this.#pairs)
      expect(canonicalJson([byOurs.get(ours), byHelms.get(helms)])).toBe(canonicalJson([helms, ours]));
  }
}
