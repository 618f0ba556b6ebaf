import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const file = new URL('../../tools/ship/release.mjs', import.meta.url).pathname;
const { nextVersion, release } = (await import(pathToFileURL(file).href)) as {
  nextVersion(version: string, wanted?: string): string;
  release(root: string, args: readonly string[], day: string): number;
};
const DAY = '2026-02-03';
let root: string;
const git = (...args: string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim();
const json = (name: string): unknown => JSON.parse(readFileSync(join(root, name), 'utf8'));
const put = (name: string, content: unknown): void =>
  writeFileSync(join(root, name), typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sre-router-release-'));
  for (const folder of ['runtime', 'charts/sre-router']) mkdirSync(join(root, folder), { recursive: true });
  put('package.json', { name: 'w', version: '0.1.0' });
  put('runtime/package.json', { name: 'sre-router', version: '0.1.0', dependencies: { a: '0.1.0' } });
  put('package-lock.json', {
    version: '0.1.0',
    packages: { '': { version: '0.1.0' }, runtime: { version: '0.1.0' }, 'node_modules/a': {} },
  });
  put('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n* [FEATURE] a: b.\n\n## 0.1.0 (2026-01-01)\n\n* [FEATURE] first.\n');
  put('charts/sre-router/Chart.yaml', 'name: sre-router\nversion: 0.1.0\nappVersion: 0.1.0\nkubeVersion: ">=1.27.0-0"\n');
  git('init', '--quiet');
  git('config', 'user.name', 'someone');
  git('config', 'user.email', 'someone@example.com');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
});
afterEach(() => rmSync(root, { recursive: true }));

test.each([
  ['patch', '1.2.4'],
  ['minor', '1.3.0'],
  ['major', '2.0.0'],
  ['1.10.0', '1.10.0'],
])('after 1.2.3, %s is %s', (wanted, next) => expect(nextVersion('1.2.3', wanted)).toBe(next));

test.each([['1.2.3'], ['1.2.2'], ['0.9.9'], ['v1.3.0'], ['1.3.0-rc.1'], [undefined]])('after 1.2.3, %s is refused', (wanted) =>
  expect(() => nextVersion('1.2.3', wanted)).toThrow(/does not come after|expected patch/),
);

test('one command writes the version everywhere, dates the CHANGELOG, commits and tags', () => {
  expect(release(root, ['minor'], DAY)).toBe(0);
  expect(json('package.json')).toMatchObject({ version: '0.2.0' });
  expect(json('runtime/package.json')).toEqual({ name: 'sre-router', version: '0.2.0', dependencies: { a: '0.1.0' } });
  expect(json('package-lock.json')).toEqual({
    version: '0.2.0',
    packages: { '': { version: '0.2.0' }, runtime: { version: '0.2.0' }, 'node_modules/a': {} },
  });
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toBe(
    '# Changelog\n\n## Unreleased\n\n## 0.2.0 (2026-02-03)\n\n* [FEATURE] a: b.\n\n## 0.1.0 (2026-01-01)\n\n* [FEATURE] first.\n',
  );
  expect(readFileSync(join(root, 'charts/sre-router/Chart.yaml'), 'utf8')).toBe(
    'name: sre-router\nversion: 0.2.0\nappVersion: 0.2.0\nkubeVersion: ">=1.27.0-0"\n',
  );
  expect([git('log', '-1', '--format=%s'), git('tag', '--points-at', 'HEAD'), git('status', '--porcelain')]).toEqual([
    'release: 0.2.0',
    'v0.2.0',
    '',
  ]);
});

test('a first release keeps the lines of a CHANGELOG that has no other', () => {
  put('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n* one $& two.\n');
  git('commit', '--quiet', '-am', 'log');
  expect(release(root, ['0.1.1'], DAY)).toBe(0);
  expect(readFileSync(join(root, 'CHANGELOG.md'), 'utf8')).toBe('# Changelog\n\n## Unreleased\n\n## 0.1.1 (2026-02-03)\n\n* one $& two.\n');
});

test.each<[string, () => void, string[]]>([
  ['a work tree with changes', () => put('new.txt', 'x'), ['patch']],
  ['a tag that is there', () => git('tag', 'v0.1.1'), ['patch']],
  [
    'nothing under Unreleased',
    () => {
      put('CHANGELOG.md', '# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-01-01)\n\n* x\n');
      git('commit', '--quiet', '-am', 'log');
    },
    ['patch'],
  ],
  ['an unknown word', () => undefined, ['bigger']],
])('%s is refused and nothing is changed', (_, before, args) => {
  before();
  const head = git('rev-parse', 'HEAD');
  const status = git('status', '--porcelain');
  expect(release(root, args, DAY)).toBe(2);
  expect([git('rev-parse', 'HEAD'), git('status', '--porcelain')]).toEqual([head, status]);
});
