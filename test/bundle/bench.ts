import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, type HelmChart } from '#synth/chart.js';
import { sreRouterChart } from '#synth/charts/sre-router/chart.js';
import { readValues } from '#synth/values/read-values.js';
import { exampleChart } from '#test/synth/example/chart.js';

/**
 * 100 environments: one process that renders both ends of each and compares, against `helm template` once an environment. Prints, never
 * gates.
 */
const COUNT = 100;
const root = resolve(fileURLToPath(import.meta.url), '../../../..');
const helm = process.env.HELM3_BIN ?? 'helm';
const say = (text: string): void => void process.stdout.write(`${text}\n`);

function seconds(run: () => void): number {
  const startedMs = performance.now();
  run();
  return (performance.now() - startedMs) / 1000;
}

/** `from`: its folder. Each environment is its prod with another number of `replicas`. */
function bench(chart: HelmChart, from: string): void {
  const dir = mkdtempSync(join(tmpdir(), 'sre-router-bench-'));
  try {
    const folder = join(dir, 'charts', chart.name);
    cpSync(join(root, from), folder, { recursive: true });
    const prod = readFileSync(join(folder, 'env/prod.yaml'), 'utf8');
    const file = (index: number): string => join(folder, 'env', `env-${index}.yaml`);
    const indexes = [...Array(COUNT).keys()];
    for (const index of indexes) writeFileSync(file(index), prod.replace(/replicas: [0-9]+/, `replicas: ${2 + (index % 90)}`));
    const git = (...args: string[]): void =>
      void execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args], { cwd: dir });
    git('init', '--quiet');
    git('add', '--all');
    git('commit', '--quiet', '-m', 'all');
    const templates = seconds(() => {
      for (const index of indexes) {
        const { status, stderr } = spawnSync(helm, ['template', 'rel', folder, '--kube-version', '1.34.0', '--values', file(index)], {
          maxBuffer: 1 << 26,
        });
        if (status !== 0) throw new Error(String(stderr));
      }
    });
    const renders = seconds(() => {
      for (const index of indexes)
        bundle(chart, readValues(chart, `env-${index}`, readFileSync(file(index), 'utf8')).values, chart.release);
    });
    const diff = seconds(() => {
      const { status, stderr } = spawnSync(process.execPath, [
        join(root, 'test/dist/synth/example/main.js'),
        dir,
        'diff',
        '--base',
        'HEAD',
      ]);
      if (status !== 0) throw new Error(String(stderr));
    });
    const faster = (mine: number): string => `${mine.toFixed(2)} s, ${(templates / mine).toFixed(1)} times faster`;
    say(`${chart.name}: ${COUNT} × helm template: ${templates.toFixed(2)} s`);
    say(`${chart.name}: ${COUNT} environments rendered in this process: ${faster(renders)}`);
    say(`${chart.name}: ${COUNT} environments rendered at both ends and compared, start of the process included: ${faster(diff)}`);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

bench(exampleChart, 'test/synth/example/charts/example');
bench(sreRouterChart, 'charts/sre-router');
