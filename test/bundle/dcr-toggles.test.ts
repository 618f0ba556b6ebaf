import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { editValue } from '#synth/values/edit-values.js';
import { differences } from '#test/dcr/chart/differences.js';
import { HELMS, helmTemplate, objectsOf } from '#test/support/helm.js';

const CHART = new URL('../../charts/dcr', import.meta.url).pathname;
const PROD = readFileSync(join(CHART, 'env/prod.yaml'), 'utf8');

const dir = mkdtempSync(join(tmpdir(), 'sre-router-toggles-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The committed chart, as Argo CD renders it with env/prod.yaml in which these values are changed. */
function prod(binary: string, change: Readonly<Record<string, unknown>>) {
  const text = Object.entries(change).reduce((values, [path, value]) => editValue(values, path.split('.'), value), PROD);
  const file = join(dir, `${Object.entries(change).join('-').replaceAll(/\W/g, '_')}.yaml`);
  writeFileSync(file, text);
  return helmTemplate(binary, CHART, file, { name: 'dcr', namespace: 'dcr' });
}

describe.each(Object.entries(HELMS))('the committed chart in %s', (_, binary) => {
  const diff = async (change: Readonly<Record<string, unknown>>): Promise<string[]> => {
    const [before, after] = [await prod(binary, {}), await prod(binary, change)];
    expect([before.error, after.error]).toEqual(['', '']);
    return differences(objectsOf(before.text ?? '', '1.2'), objectsOf(after.text ?? '', '1.2'));
  };

  test('farmers.enabled changes one field; back, and nothing is left', async () => {
    expect(await diff({ 'farmers.enabled': true })).toEqual(['StatefulSet/dcr-farmer.spec.replicas: 0 → 20']);
    expect(await diff({ 'farmers.enabled': false })).toEqual([]);
  });

  test('the scale-up of a run changes replicas and what the nodes read, and no pod', async () => {
    const lines = await diff({ 'farmers.enabled': true, 'farmers.replicas': 40, 'synchronizer.enabled': true, 'dcr.runId': 'r-7' });
    expect(lines.map((line) => line.split(': ')[0])).toEqual([
      'ConfigMap/dcr-properties.data.dcr.json',
      'StatefulSet/dcr-farmer.spec.replicas',
    ]);
  });

  test('synchronizer.enabled: false keeps the objects and runs 0 pods; farmers.replicas: 0 is 0', async () => {
    expect(await diff({ 'synchronizer.enabled': false })).toEqual(['StatefulSet/dcr-synchronizer.spec.replicas: 1 → 0']);
    expect(await diff({ 'farmers.enabled': true, 'farmers.replicas': 0 })).toEqual([
      expect.stringMatching(/^ConfigMap\/dcr-properties\.data/),
    ]);
  });

  test.each([
    ['farmers.replicas', 1, /replicas/],
    ['farmers.replicas', 4, /farmers\.replicas must be 0 or at least dcr\.minFarmers/],
    ['farmers.replicas', '20', /replicas/],
    ['dcr.onInsufficientFarmers', 'fallback', /onInsufficientFarmers/],
    ['farmers.heapGi', 90, /heapGi must be at most 80 %/],
    ['farmers.replica', 4, /replica/],
  ])('%s: %p is not rendered at all', async (path, value, why) => {
    const { text, error } = await prod(binary, { [path]: value });
    expect(text).toBeUndefined();
    expect(error).toMatch(why);
  });
});
