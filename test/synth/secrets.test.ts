import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import { createAuthorise } from '#runtime/http/auth.js';
import type { HelmChart, SecretDoc } from '#synth/chart.js';
import { CHARTS } from '#synth/charts.js';
import { valueAt } from '#synth/knob.js';
import { defaultValues } from '#synth/values/parse-values.js';

const dir = mkdtempSync(join(tmpdir(), 'sre-router-secrets-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** A kubectl that keeps what it is told, one JSON list a call. */
function runWithStandIn(script: string): string[][] {
  writeFileSync(
    join(dir, 'kubectl'),
    `#!${process.execPath}\nrequire('node:fs').appendFileSync('calls', JSON.stringify(process.argv.slice(2)) + '\\n');\n`,
  );
  chmodSync(join(dir, 'kubectl'), 0o755);
  execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: dir,
    stdio: 'ignore',
    env: { PATH: `${dir}:${process.env.PATH}`, TOKEN: 's3cret', PASSWORD: 'p' },
  });
  const calls = readFileSync(join(dir, 'calls'), 'utf8').trim().split('\n');
  return calls.map((line) => JSON.parse(line) as string[]);
}

/** Name of the Secret → its keys, over all calls. */
function madeBy(calls: readonly (readonly string[])[]): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const made = new Map<string, Map<string, string>>();
  for (const [, , type, name = '', ...rest] of calls) {
    const keys = made.get(name) ?? new Map<string, string>();
    made.set(name, keys);
    if (type === 'docker-registry') keys.set('.dockerconfigjson', '');
    for (const arg of rest) {
      const [, file = ''] = /^--from-file=([^=]+)(?:=.*)?$/.exec(arg) ?? [];
      const [, key = '', value = ''] = /^--from-literal=([^=]+)=(.*)$/s.exec(arg) ?? [];
      if (file !== '') keys.set(file, '');
      if (key !== '') keys.set(key, value);
    }
  }
  return made;
}

/** The name that stands in the defaults, where one does. */
function nameOf(chart: HelmChart, { value }: SecretDoc): string | undefined {
  const found = valueAt(defaultValues(chart), value.split('.'));
  const name = typeof found === 'object' && found !== null && 'name' in found ? found.name : found;
  return typeof name === 'string' && name !== '' ? name : undefined;
}

test('the commands of docs/values.md make the Secrets that the charts read', () => {
  const page = readFileSync('docs/values.md', 'utf8');
  for (const chart of CHARTS.filter(({ secrets }) => secrets.length > 0)) {
    const lines = chart.secrets.flatMap(({ create }) => create || []);
    expect(page).toContain(lines.join('\n'));
    const made = madeBy(runWithStandIn(lines.join('\n')));
    for (const secret of chart.secrets) {
      const name = nameOf(chart, secret);
      if (name === undefined) continue;
      const keys = [...(made.get(name)?.keys() ?? [])];
      expect([secret.value, name, keys]).toEqual([secret.value, name, expect.arrayContaining(Object.keys(secret.keys))]);
    }
  }
});

test('the router takes the tokens.json that docs/values.md makes, and the whole header of the Sensor', () => {
  const lines = CHARTS.flatMap(({ secrets }) => secrets.flatMap(({ create }) => create || []));
  const made = madeBy(runWithStandIn(lines.join('\n')));
  const file = join(dir, 'tokens.json');
  writeFileSync(file, made.get('sre-router-tokens')?.get('tokens.json') ?? '', { mode: 0o600 });
  expect(() => createAuthorise(file, () => undefined)).not.toThrow();
  const [, token = ''] = /^Bearer (\S+)$/.exec(made.get('sre-router-sensor')?.get('authorization') ?? '') ?? [];
  const [known] = JSON.parse(readFileSync(file, 'utf8')) as { sha256: string; roles: string[] }[];
  expect(known).toMatchObject({ sha256: createHash('sha256').update(token).digest('hex'), roles: expect.arrayContaining(['ingest']) });
});
