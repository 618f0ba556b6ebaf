import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = new URL('../', import.meta.url).pathname;
const page = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
const rows = (page.split('## What stops it')[1]?.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| (?!attacker|---)/.test(line));

test('every threat of the model names the test that shows what stops it', () => {
  expect(rows.length).toBeGreaterThan(30);
  const wrong = rows.filter((row) => {
    const shown = /\| `(test\/[^`]+\.ts)` "([^"]+)" \|$/.exec(row);
    const file = join(ROOT, shown?.[1] ?? 'none');
    return shown === null || !existsSync(file) || !readFileSync(file, 'utf8').includes(shown[2] ?? '');
  });
  expect(wrong).toEqual([]);
});

test('each kind of attacker of the design is in the model', () => {
  for (const attacker of [
    'stranger',
    'hostile alert',
    'hostile mapping author',
    'stolen ingest token',
    'malicious destination',
    'supply chain',
  ])
    expect(rows.filter((row) => row.startsWith(`| ${attacker}`)).length).toBeGreaterThanOrEqual(2);
});
