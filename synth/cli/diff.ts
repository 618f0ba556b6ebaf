import { bundle } from '../chart.js';
import { BaseCharts } from '../diff/base-charts.js';
import { compareObjects } from '../diff/compare.js';
import { type EnvironmentDiff, jsonReport, markdownReport, textReport } from '../diff/report.js';
import { Git } from '../git.js';
import type { K8sObject } from '../k8s-object.js';
import { Refusal } from '../template/functions.js';
import { TemplateError } from '../template/parse-template.js';
import { UsageError, type Workspace } from '../workspace.js';

export interface DiffOptions {
  readonly base: string;
  readonly format: 'text' | 'json' | 'markdown';
  readonly say: (text: string) => void;
}

const REPORTS = { text: textReport, json: jsonReport, markdown: markdownReport } as const;

/**
 * `npm run diff -- --base <ref>`: every environment of every chart, as committed at the base and as the code here makes it. Exit code 0
 * same, 1 differs.
 */
export function diff(workspace: Workspace, { base, format, say }: DiffOptions): number {
  const diffs = diffAgainst(workspace, base);
  say(REPORTS[format](diffs).replace(/\n$/, ''));
  return diffs.every(({ changes, note }) => changes.length === 0 && note === undefined) ? 0 : 1;
}

function diffAgainst(workspace: Workspace, ref: string): EnvironmentDiff[] {
  const base = openBase(workspace, ref);
  const before = base.environments();
  const names = [...new Set([...workspace.charts.map(({ name }) => name), ...before.keys()])].sort();
  return names.flatMap((name) => {
    const chart = workspace.charts.find((each) => each.name === name);
    const now = chart ? workspace.environments(chart) : [];
    const release = chart?.release ?? { name, namespace: name };
    return [...new Set([...now, ...(before.get(name) ?? [])])].sort().map((environment): EnvironmentDiff => {
      const after = chart && now.includes(environment) ? bundle(chart, workspace.read(chart, environment).values, release) : [];
      const was = atBase(() => base.render(name, environment, release) ?? []);
      return {
        chart: name,
        environment,
        changes: compareObjects(was.objects, after),
        ...(was.note === undefined ? {} : { note: was.note }),
      };
    });
  });
}

/** A base that its own chart refuses is shown as nothing, so that the change that mends it can be reviewed. */
function atBase(run: () => K8sObject[]): { readonly objects: K8sObject[]; readonly note?: string } {
  try {
    return { objects: run() };
  } catch (error) {
    if (error instanceof Refusal) return { objects: [], note: `at the base the chart refuses these values: ${error.message}` };
    if (error instanceof TemplateError) throw new UsageError(`the base cannot be rendered: ${error.message}`);
    throw error;
  }
}

function openBase(workspace: Workspace, ref: string): BaseCharts {
  try {
    return new BaseCharts(new Git(workspace.root), ref);
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    throw new UsageError(
      `--base ${ref}: git cannot read it (${String((error as { stderr?: string }).stderr ?? error).trim()}); in CI fetch it first: git fetch --depth=1 origin <branch>`,
    );
  }
}
