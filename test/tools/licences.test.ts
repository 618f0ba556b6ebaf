import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

const file = new URL('../../tools/ship/licences.mjs', import.meta.url).pathname;
const { isAllowed, refusedLicences } = (await import(pathToFileURL(file).href)) as {
  isAllowed(expression: string, allowed: readonly string[]): boolean;
  refusedLicences(lock: object): string[];
};

test.each([
  ['MIT', true],
  ['GPL-3.0-only', false],
  ['(MIT OR GPL-3.0-only)', true],
  ['GPL-3.0-only OR MIT', true],
  ['MIT AND GPL-3.0-only', false],
  ['MIT AND (GPL-3.0-only OR ISC)', true],
  ['GPL-3.0-only OR MIT AND ISC', true],
  ['(GPL-3.0-only OR MIT) AND AGPL-3.0-only', false],
  ['SEE LICENSE IN LICENSE.md', false],
  ['UNLICENSED', false],
  ['', false],
])('the licence "%s" is allowed: %s', (expression, expected) => {
  expect(isAllowed(expression, ['MIT', 'ISC'])).toBe(expected);
});

test('a package without a licence, or with one that only builds may have, is refused by name', () => {
  const packages = {
    '': { license: 'GPL-3.0-only' },
    'node_modules/fine': { version: '1.0.0', license: 'MIT' },
    'node_modules/a/node_modules/@b/none': { version: '2.0.0' },
    'node_modules/data': { version: '3.0.0', license: 'CC-BY-4.0' },
    'node_modules/data-of-a-tool': { version: '3.0.0', license: 'CC-BY-4.0', dev: true },
    'node_modules/ours': { link: true },
  };
  expect(refusedLicences({ packages })).toEqual(['@b/none 2.0.0: no licence told', 'data 3.0.0: CC-BY-4.0']);
});
