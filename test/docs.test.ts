import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '#runtime/config.js';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'runtime/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true }).map((file) => `docs/${String(file)}`),
].filter((file) => file.endsWith('.md'));

function blocks(page: string, language: string): string[] {
  return [...read(page).matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\n\`\`\``, 'g'))].map(([, text]) => text ?? '');
}

const loose = (kinds: readonly string[]): Record<string, z.ZodType> => Object.fromEntries(kinds.map((kind) => [kind, z.looseObject({})]));

test('the configuration in the README is valid', () => {
  const text = blocks('README.md', 'yaml').find((block) => block.includes('destinations:'));
  const kinds = {
    sourceKinds: loose(['alertmanager', 'adhoc', 'cloudevents', 'argo']),
    destinationKinds: loose(['slack', 'jira', 'sre', 'http']),
  };
  expect(Object.keys(parseConfig(parse(text ?? ''), kinds).destinations)).toEqual(['slack', 'jira', 'sre']);
});

test('every JSON and YAML block of a page can be parsed', () => {
  for (const page of pages) {
    for (const text of blocks(page, 'json')) expect(() => JSON.parse(text) as unknown).not.toThrow();
    for (const text of blocks(page, 'yaml')) expect(() => parse(text) as unknown).not.toThrow();
  }
});

test('no page links to a file that is not there', () => {
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, target]) => join(dirname(page), target ?? '')),
  );
  expect(links.filter((target) => !existsSync(join(root, target)))).toEqual([]);
});

test('every runtime dependency says why it is there, and none that is gone does', () => {
  const { dependencies, devDependencies } = JSON.parse(read('runtime/package.json')) as Record<string, Record<string, string>>;
  const runtimePart = read('docs/dependencies.md').split('## Development')[0] ?? '';
  const explained = [...runtimePart.matchAll(/^\| (@?[a-z][\w./-]*) \|/gm)].map(([, name]) => name).filter((name) => name !== 'package');
  expect(explained.sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort());
});

test('the README names the commands that package.json has', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = pages.flatMap((page) => [...read(page).matchAll(/npm run (?:-s )?([a-z]+)/g)].map(([, name]) => name ?? ''));
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
});

test('the published package carries the licence', () => {
  expect(read('runtime/LICENSE')).toBe(read('LICENSE'));
});
