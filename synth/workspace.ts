import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { didYouMean } from '#runtime/config-problem.js';
import type { HelmChart } from './chart.js';
import { readValues, type ValuesFile } from './values/read-values.js';

/** What the command cannot do as it was asked: exit code 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** The charts of a repository: their code, and the files people keep beside it. */
export class Workspace {
  constructor(
    readonly root: string,
    readonly charts: readonly HelmChart[],
  ) {}

  chart(name: string): HelmChart {
    const known = this.charts.map((chart) => chart.name);
    const meant = didYouMean(name, known);
    return (
      this.charts.find((chart) => chart.name === name) ??
      fail(`no chart ${name}; ${meant ? `did you mean ${meant}?` : `charts: ${known.join(', ') || 'none'}`}`)
    );
  }

  /** Names of the environments of a chart: charts/<chart>/env/<name>.yaml. */
  environments({ name }: HelmChart): string[] {
    const folder = join(this.root, 'charts', name, 'env');
    const files = existsSync(folder) ? readdirSync(folder) : [];
    return files
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => file.slice(0, -'.yaml'.length))
      .sort();
  }

  /** From the root, for messages and for git. */
  environmentFile({ name }: HelmChart, environment: string): string {
    return `charts/${name}/env/${environment}.yaml`;
  }

  read(chart: HelmChart, environment: string): ValuesFile & { readonly file: string; readonly text: string } {
    const file = this.environmentFile(chart, environment);
    const known = this.environments(chart);
    if (!known.includes(environment))
      return fail(`no environment ${environment} of ${chart.name}: there is no ${file}; environments: ${known.join(', ') || 'none'}`);
    const text = readFileSync(join(this.root, file), 'utf8');
    return { ...readValues(chart, file, text), file, text };
  }
}

function fail(problem: string): never {
  throw new UsageError(problem);
}
