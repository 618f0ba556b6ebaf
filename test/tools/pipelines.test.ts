import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url).pathname;
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

/** Each `stage('…')` with the commands of its `sh` steps, in order. */
function stagesOf(text: string): Record<string, string[]> {
  const parts = text.split(/\bstage\('/).slice(1);
  return Object.fromEntries(
    parts.map((part) => [
      part.slice(0, part.indexOf("'")),
      [...(part.split('\n  post {')[0] ?? '').matchAll(/\bsh '([^']+)'/g)].map(([, command]) => command ?? ''),
    ]),
  );
}

const PIPELINES = ['Jenkinsfile.package', 'Jenkinsfile.image'];
const commands = PIPELINES.flatMap((file) => Object.values(stagesOf(read(file))).flat());

test('the package is installed, checked, packed and published, in this order', () => {
  expect(stagesOf(read('Jenkinsfile.package'))).toEqual({
    Install: ['npm ci --no-audit --no-fund'],
    Check: ['npm test', 'node tools/ship/licences.mjs', 'node tools/ship/signatures.mjs'],
    Pack: ['node tools/ship/pack.mjs'],
    Publish: ['node tools/ship/publish.mjs --index "$INDEX"'],
  });
});

test('images are built and scanned before anything is pushed', () => {
  const stages = stagesOf(read('Jenkinsfile.image'));
  expect(Object.keys(stages)).toEqual(['Build', 'Scan', 'Push']);
  expect(stages.Scan).toEqual(['$SCAN "$TO/sre-router:$VERSION"', '$SCAN "$TO/dcrctl:$VERSION"']);
  expect(stages.Push?.join('\n')).toMatch(/images\.mjs push[\s\S]*charts\.mjs/);
});

test('every command of a stage exists, and takes the options it is given', () => {
  const tools = commands.filter((command) => command.includes('tools/'));
  expect(tools.length).toBeGreaterThan(5);
  for (const command of tools) {
    const script = /node (tools\/\S+\.mjs)/.exec(command)?.[1] ?? '';
    expect({ command, exists: existsSync(join(ROOT, script)) }).toEqual({ command, exists: true });
    const unknown = [...command.matchAll(/ --([a-z-]+)/g)]
      .map(([, name]) => name ?? '')
      .filter((name) => !new RegExp(`\\b${name}: \\{`).test(read(script)));
    expect({ command, unknown }).toEqual({ command, unknown: [] });
  }
  for (const name of commands.flatMap((command) => /^npm (?:run )?(test|[a-z]+)$/.exec(command)?.[1] ?? []))
    expect(scripts).toHaveProperty(name);
});

test('every variable of a command is a parameter, a credential or set by the stage', () => {
  for (const file of PIPELINES) {
    const text = read(file);
    const known = [...text.matchAll(/string\(name: '(\w+)'|variable: '(\w+)'/g)].map(([, parameter, variable]) => parameter ?? variable);
    const used = Object.values(stagesOf(text))
      .flat()
      .flatMap((command) => [...command.matchAll(/\$(\w+)/g)].map(([, name]) => name));
    expect(used.filter((name) => !known.includes(name))).toEqual([]);
  }
});
