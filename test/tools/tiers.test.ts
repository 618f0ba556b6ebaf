import { readdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';

interface Tier {
  readonly name: string;
  readonly jest?: string;
  readonly not?: readonly string[];
  readonly needs: readonly string[];
  readonly minutes: number;
  readonly ciOnly?: boolean;
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const { TIERS } = (await import(pathToFileURL(`${root}/tools/tiers.mjs`).href)) as { TIERS: readonly Tier[] };

test('every test file is run by exactly one tier, repeats on another Node apart', () => {
  const files = readdirSync(`${root}/test`, { recursive: true })
    .map((file) => `test/${String(file)}`)
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('test/dist/'));
  const takes = (tier: Tier, file: string): boolean =>
    tier.jest !== undefined && new RegExp(tier.jest).test(file) && !(tier.not ?? []).some((pattern) => new RegExp(pattern).test(file));
  const wrong = files.filter((file) => TIERS.filter((tier) => !tier.ciOnly && takes(tier, file)).length !== 1);
  expect(files).toContain('test/tools/tiers.test.ts');
  expect(wrong).toEqual([]);
});

test('no two tiers have one name', () => {
  expect(new Set(TIERS.map((tier) => tier.name)).size).toBe(TIERS.length);
});
