import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import { type Assignments, editValues, readValues, SETTABLE } from '#runtime/dcr/values-edit.js';

const FILE = `# express-7, owned by the cache team
dcr:
  mode: static   # what they run
  runId: "r-6"
farmers:
  # night rebuilds need 40
  enabled: false # by the workflow
  replicas: 20
synchronizer: { enabled: true } # keep
probe:
    kind: thrift
`;
const SCALE_UP: Assignments = { 'farmers.enabled': true, 'synchronizer.enabled': true, 'dcr.runId': 'r-7' };

test('only the values named change; comments, order and spaces stay', () => {
  expect(editValues(FILE, SCALE_UP, 'f')).toBe(FILE.replace('enabled: false #', 'enabled: true #').replace('"r-6"', '"r-7"'));
});

test('values that are so already leave the text as it is', () => {
  expect(editValues(FILE, { 'farmers.enabled': false, 'dcr.runId': 'r-6', 'farmers.replicas': 20 }, 'f')).toBe(FILE);
});

test.each([
  [
    'a value that is not there goes beside its brothers',
    'farmers:\n    replicas: 20 # many\n',
    'farmers:\n    enabled: true\n    replicas: 20 # many\n',
  ],
  ['a map that is not there goes to the end', 'probe:\n  kind: exec\n', 'probe:\n  kind: exec\nfarmers:\n  enabled: true\n'],
  ['an empty file is begun', '', 'farmers:\n  enabled: true\n'],
  ['a file without a last line end is ended first', 'a: 1', 'a: 1\nfarmers:\n  enabled: true\n'],
  ['a key without a value is given one', 'farmers:\n  enabled:\n  replicas: 2\n', 'farmers:\n  enabled: true\n  replicas: 2\n'],
  ['a map without values becomes one', '# c\nfarmers:\nb: 1\n', '# c\nfarmers:\n  enabled: true\nb: 1\n'],
  ['a flow map stays one', 'farmers: { replicas: 2 }\n', 'farmers: { replicas: 2, enabled: true }\n'],
])('%s', (_rule, before, after) => {
  expect(editValues(before, { 'farmers.enabled': true }, 'f')).toBe(after);
});

test.each(['1', 'true', '1e5', '2026-01-31', 'null', '0x10', '08'])('run id %s stays text for whoever reads the file', (run) => {
  expect(parse(editValues(FILE, { 'dcr.runId': run }, 'f'))).toMatchObject({ dcr: { runId: run } });
});

test.each([
  ['no YAML', 'a: [1\n'],
  ['two values of one name', 'farmers: {}\nfarmers: {}\n'],
  ['a list', '- 1\n'],
  ['a map where a value should be', 'farmers:\n  enabled: { yes: 1 }\n'],
  ['a value shared by an anchor', 'farmers: &f\n  enabled: false\nother: *f\n'],
  ['two documents', 'a: 1\n---\nb: 2\n'],
])('%s is refused, not guessed', (_what, text) => {
  expect(() => editValues(text, { 'farmers.enabled': true }, 'env/prod.yaml')).toThrow(/env\/prod\.yaml/);
});

test('what a file says is read, and what it does not say is left to the chart', () => {
  expect(readValues(FILE, 'f')).toEqual({ farmersEnabled: false, farmersReplicas: 20, synchronizerEnabled: true, runId: 'r-6' });
  expect(readValues('dcr: { runId: "" }\n', 'f')).toEqual({
    farmersEnabled: undefined,
    farmersReplicas: undefined,
    synchronizerEnabled: undefined,
    runId: undefined,
  });
});

test('whatever the file, an edit sets the values, keeps all others and every comment, and once more changes nothing', () => {
  const name = fc.constantFrom('a', 'b', 'farmers', 'dcr', 'synchronizer');
  const leaf = fc.oneof(fc.constantFrom('true', 'false', '"x"', "'y'", '7', '~', 'text # note'), fc.constant('{ k: 1, l: [1, 2] } # flow'));
  const block = fc.dictionary(fc.constantFrom('enabled', 'replicas', 'runId', 'z'), leaf, { maxKeys: 4 });
  const file = fc
    .tuple(fc.dictionary(name, block, { maxKeys: 4 }), fc.constantFrom('  ', '    '), fc.boolean())
    .map(([maps, indent, comments]) =>
      Object.entries(maps)
        .filter(([, map]) => Object.keys(map).length > 0)
        .map(
          ([key, map]) =>
            `${comments ? `# about ${key}\n` : ''}${key}:\n${Object.entries(map)
              .map(([k, v]) => `${indent}${k}: ${v}\n`)
              .join('')}`,
        )
        .join('\n'),
    );
  const assignments = fc.record(
    {
      'farmers.enabled': fc.boolean(),
      'farmers.replicas': fc.integer({ min: 2, max: 100 }),
      'synchronizer.enabled': fc.boolean(),
      'dcr.runId': fc.stringMatching(/^[a-z0-9]{1,8}$/),
    },
    { requiredKeys: [] },
  );
  const comments = (text: string): string[] => text.match(/#.*$/gm) ?? [];
  fc.assert(
    fc.property(file, assignments, (text, change) => {
      let edited: string;
      try {
        edited = editValues(text, change as Assignments, 'f');
      } catch {
        // A map stands where a value should be.
        return;
      }
      const before = (parse(text) ?? {}) as Record<string, Record<string, unknown>>;
      const expected = structuredClone(before);
      for (const path of SETTABLE) {
        const [map, key] = path.split('.') as [string, string];
        if (path in change) expected[map] = { ...expected[map], [key]: change[path] };
      }
      expect(parse(edited) ?? {}).toEqual(expected);
      expect(comments(edited).sort()).toEqual(comments(text).sort());
      expect(editValues(edited, change as Assignments, 'f')).toBe(edited);
    }),
    { numRuns: 500 },
  );
});
