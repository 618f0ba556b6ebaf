import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from '#synth/chart.js';
import { readValues } from '#synth/values/read-values.js';
import { exampleChart } from '#test/synth/example/chart.js';

/**
 * 100 environments: one process that renders both ends of each and compares, against `helm template` once an environment. Prints, never
 * gates.
 */
const COUNT = 100;
const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const example = join(root, 'test/synth/example/charts/example');
const helm = process.env.HELM3_BIN ?? 'helm';
const dir = mkdtempSync(join(tmpdir(), 'sre-router-bench-'));
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function seconds(run: () => void): number {
  const startedMs = performance.now();
  run();
  return (performance.now() - startedMs) / 1000;
}

try {
  cpSync(example, join(dir, 'charts/example'), { recursive: true });
  const chart = join(dir, 'charts/example');
  const prod = readFileSync(join(chart, 'env/prod.yaml'), 'utf8');
  const environments = Array.from({ length: COUNT }, (_, index) => `env-${index}`);
  environments.forEach((name, index) => {
    writeFileSync(join(chart, 'env', `${name}.yaml`), prod.replace('replicas: 12', `replicas: ${2 + (index % 90)}`));
  });
  const git = (...args: string[]): void => void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: dir });
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '-m', 'all');

  const templates = seconds(() => {
    for (const name of environments) {
      const { status, stderr } = spawnSync(helm, ['template', 'rel', chart, '--values', join(chart, 'env', `${name}.yaml`)], {
        maxBuffer: 1 << 26,
      });
      if (status !== 0) throw new Error(String(stderr));
    }
  });
  const renders = seconds(() => {
    for (const name of environments)
      bundle(
        exampleChart,
        readValues(exampleChart, name, readFileSync(join(chart, 'env', `${name}.yaml`), 'utf8')).values,
        exampleChart.release,
      );
  });
  const diff = seconds(() => {
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'test/dist/synth/example/main.js'), dir, 'diff', '--base', 'HEAD']);
    if (status !== 0) throw new Error(String(stderr));
  });
  say(`${COUNT} × helm template: ${templates.toFixed(2)} s`);
  say(`${COUNT} environments rendered in this process: ${renders.toFixed(2)} s, ${(templates / renders).toFixed(1)} times faster`);
  say(
    `${COUNT} environments rendered at both ends and compared, start of the process included: ${diff.toFixed(2)} s, ${(templates / diff).toFixed(1)} times faster`,
  );
} finally {
  rmSync(dir, { recursive: true, force: true });
}
