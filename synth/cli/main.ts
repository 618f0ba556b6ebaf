import yargs from 'yargs';
import type { HelmChart } from '../chart.js';
import { ChartError } from '../chart-error.js';
import { ValuesError } from '../values/read-values.js';
import { UsageError, Workspace } from '../workspace.js';
import { diff } from './diff.js';
import { render } from './render.js';
import { getValues, setValues, valuesHistory } from './values.js';
import { writeCharts } from './write-charts.js';

export interface MainOptions {
  /** The repository: charts/ and docs/ are below it. */
  readonly root: string;
  readonly charts: readonly HelmChart[];
  readonly say: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** The command line of the bundle. Exit code: 0 fine; 1 drift, or `diff` differs; 2 wrong usage, values or chart. */
export async function main(args: readonly string[], { root, charts, say, complain }: MainOptions): Promise<number> {
  const workspace = new Workspace(root, charts);
  let code = 0;
  const env = { type: 'string', demandOption: true, describe: 'environment: charts/<chart>/env/<name>.yaml' } as const;
  const chart = { type: 'string', demandOption: true, describe: 'chart, e.g. sre-router' } as const;
  const cli = yargs()
    .scriptName('npm run')
    .command(
      'synth',
      'write the generated files of all charts',
      (y) => y.option('check', { type: 'boolean', default: false, describe: 'write nothing; exit 1 and name what is out of date' }),
      ({ check }) => {
        code = writeCharts(workspace, { check, say });
      },
    )
    .command(
      'render <chart>',
      'the objects of one environment as plain YAML',
      (y) =>
        y
          .positional('chart', chart)
          .option('env', env)
          .option('out', { type: 'string', describe: 'folder for one file an object; default: print' })
          .option('release', { type: 'string', describe: 'release name; default: the chart' })
          .option('namespace', { type: 'string', describe: 'namespace of the release; default: the chart' }),
      ({ chart: name, env: environment, out, release, namespace }) => {
        const given = { ...(release === undefined ? {} : { name: release }), ...(namespace === undefined ? {} : { namespace }) };
        code = render(workspace, { chart: name, environment, release: given, out, say });
      },
    )
    .command(
      'diff',
      'what changes in every environment of every chart',
      (y) =>
        y
          .option('base', { type: 'string', demandOption: true, describe: 'git ref to compare with, e.g. origin/main' })
          .option('format', { choices: ['text', 'json', 'markdown'] as const, default: 'text' as const }),
      ({ base, format }) => {
        code = diff(workspace, { base, format, say });
      },
    )
    .command('values', 'read and change values', (y) =>
      y
        .command(
          'set <chart> <assignments..>',
          'set path=value, or path- for the default',
          (z) =>
            z.positional('chart', chart).positional('assignments', { type: 'string', array: true, demandOption: true }).option('env', env),
          ({ chart: name, env: environment, assignments }) => {
            code = setValues(workspace, assignments, { chart: name, environment, say });
          },
        )
        .command(
          'get <chart> [paths..]',
          'what holds, and where it comes from',
          (z) =>
            z
              .positional('chart', chart)
              .positional('paths', { type: 'string', array: true, default: [] as string[] })
              .option('env', env),
          ({ chart: name, env: environment, paths }) => {
            code = getValues(workspace, paths, { chart: name, environment, say });
          },
        )
        .command(
          'history <chart> <path>',
          'who set it when, from what to what',
          (z) => z.positional('chart', chart).positional('path', { type: 'string', demandOption: true }).option('env', env),
          ({ chart: name, env: environment, path }) => {
            code = valuesHistory(workspace, path, { chart: name, environment, say });
          },
        )
        .demandCommand(1),
    )
    .demandCommand(1)
    .strict()
    .parserConfiguration({ 'parse-numbers': false, 'parse-positional-numbers': false })
    .exitProcess(false)
    .fail((message, error) => {
      throw error ?? new UsageError(message);
    });
  try {
    await cli.parseAsync([...args], {}, (_, __, output) => {
      if (output) say(output);
    });
    return code;
  } catch (error) {
    const isExpected = error instanceof UsageError || error instanceof ValuesError || error instanceof ChartError;
    complain(isExpected ? error.message : String(error instanceof Error ? error.stack : error));
    return 2;
  }
}
