import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

const root = resolve(fileURLToPath(import.meta.url), '../../..');
let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sre-router-bundle-'));
  cpSync(join(root, 'test/synth/example'), dir, { recursive: true });
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Exit code and output of a Node script in the test's folder. */
function run(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly code: number | null; readonly text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, script), ...args], {
    cwd: dir,
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: dir, ...env },
  });
  return { code: status, text: stdout + stderr };
}

test('npx cdk8s synth writes plain YAML of every environment to dist/, and nothing to charts/', () => {
  const app = join(root, 'test/dist/synth/example/cdk8s-main.js');
  writeFileSync(join(dir, 'cdk8s.yaml'), `language: typescript\napp: '"${process.execPath}" "${app}" .'\noutput: dist\n`);
  const { code, text } = run('node_modules/.bin/cdk8s', ['synth', '--check-upgrade=false']);
  expect([code, text]).toEqual([0, expect.stringContaining('dist/example-prod.k8s.yaml')]);
  expect(readdirSync(join(dir, 'dist')).sort()).toEqual(['example-prod.k8s.yaml', 'example-staging.k8s.yaml']);
  const documents = parseAllDocuments(readFileSync(join(dir, 'dist/example-staging.k8s.yaml'), 'utf8'));
  expect(documents.map((document) => (document.toJS() as { kind: string }).kind).sort()).toEqual([
    'ConfigMap',
    'Deployment',
    'PodDisruptionBudget',
    'Service',
  ]);
  expect(readdirSync(join(dir, 'charts/example')).sort()).toEqual(['Chart.yaml', 'env', 'templates', 'values.schema.json', 'values.yaml']);
}, 60_000);

test('the cdk8s.yaml of the repository empties dist/, never charts/', () => {
  expect(readFileSync(join(root, 'cdk8s.yaml'), 'utf8')).toMatch(/^app: .* node synth\/dist\/cdk8s-main\.js\noutput: dist$/m);
});

test('the command line ends with 0, 1 or 2 as it says, and the generated files are the same whatever CDK8S_* is set', () => {
  const example = 'test/dist/synth/example/main.js';
  expect(run(example, ['.', 'synth', '--check'], { CDK8S_DISABLE_SORT: '1', CDK8S_OUTDIR: 'elsewhere', CDK8S_FILE_ASSETS: '1' }).code).toBe(
    0,
  );
  writeFileSync(join(dir, 'charts/example/values.yaml'), '');
  expect(run(example, ['.', 'synth', '--check']).code).toBe(1);
  expect(run(example, ['.', 'values', 'get', 'example', '--env', 'nope']).code).toBe(2);
}, 60_000);
