import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { checkMappings } from '#runtime/mapper/check.js';
import { loadMappings, readMappingFolder } from '#runtime/mapper/load.js';
import { mappingJsonSchema } from '#runtime/mapper/mapping-file.js';
import { testCatalog } from '#test/mapper/test-catalog.js';

test('the mappings in this repository have no findings and pass their own tests', async () => {
  expect(checkMappings(await readMappingFolder('mappings'), testCatalog)).toEqual([]);
});

test('the committed JSON Schema is the generated one', () => {
  expect(readFileSync('mappings/mapping.schema.json', 'utf8')).toBe(mappingJsonSchema());
});

test('files are tried in the order of their names', async () => {
  const { routes } = loadMappings(await readMappingFolder('mappings'), testCatalog);
  expect(routes.map((route) => route.name)).toEqual([
    'adhoc-task',
    'alert-to-channel',
    'canary',
    'watchdog',
    'dcr-run',
    'mac-cluster-down',
  ]);
});
