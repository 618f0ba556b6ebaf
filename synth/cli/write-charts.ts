import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bundle, type HelmChart } from '../chart.js';
import { ChartError } from '../chart-error.js';
import { compile } from '../compiler/compile.js';
import { defaultValues, parseValues } from '../values/parse-values.js';
import { valuesDoc } from '../values/values-doc.js';
import { valuesSchemaJson } from '../values/values-schema.js';
import { valuesYaml } from '../values/values-yaml.js';
import type { Workspace } from '../workspace.js';

type Say = (line: string) => void;

/** `npm run synth [-- --check]`: writes all generated files of all charts, or names those that are out of date. Exit code 0 or 1. */
export function writeCharts(workspace: Workspace, { check, say }: { readonly check: boolean; readonly say: Say }): number {
  const stale: string[] = [];
  for (const chart of workspace.charts) {
    const files = generated(workspace, chart, say);
    for (const [file, text] of files) if (textAt(workspace, file) !== text) stale.push(file);
    const foreign = templatesOf(workspace, chart).filter((file) => !files.has(file));
    stale.push(...foreign);
    if (check) continue;
    for (const file of foreign) rmSync(join(workspace.root, file));
    for (const [file, text] of files) write(workspace, file, text);
  }
  const doc = valuesDoc(workspace.charts);
  if (workspace.charts.length > 0 && textAt(workspace, DOC) !== doc) {
    stale.push(DOC);
    if (!check) write(workspace, DOC, doc);
  }
  for (const file of stale) say(check ? `${file} is out of date: run npm run synth and commit it` : `wrote ${file}`);
  if (stale.length === 0) say(`${workspace.charts.length} charts are up to date`);
  return check && stale.length > 0 ? 1 : 0;
}

const DOC = 'docs/values.md';

function generated(workspace: Workspace, chart: HelmChart, say: Say): Map<string, string> {
  const folder = `charts/${chart.name}`;
  const seeds = workspace.environments(chart).map((environment) => workspace.read(chart, environment).values);
  checkDefaults(chart);
  const compiled = compile(chart, { seeds });
  for (const [file, { mode, pathCount, seconds }] of compiled)
    say(`${folder}/templates/${file}: ${pathCount} paths (${mode}), ${seconds.toFixed(2)} s`);
  return new Map([
    [`${folder}/values.yaml`, valuesYaml(chart)],
    [`${folder}/values.schema.json`, valuesSchemaJson(chart)],
    ...[...compiled].map(([file, { text }]) => [`${folder}/templates/${file}`, text] as const),
  ]);
}

/** A chart renders without a values file: its defaults pass its rules, and no two objects are one. */
function checkDefaults(chart: HelmChart): void {
  const checked = parseValues(chart, defaultValues(chart));
  if ('problems' in checked)
    throw new ChartError(`${chart.name}: its defaults break a rule: ${checked.problems.map(({ expected }) => expected).join('; ')}`);
  bundle(chart, checked.values, chart.release);
}

/** Everything in templates/ is generated; what no code makes any more goes. */
function templatesOf(workspace: Workspace, { name }: HelmChart): string[] {
  const folder = `charts/${name}/templates`;
  const path = join(workspace.root, folder);
  return existsSync(path) ? readdirSync(path).map((file) => `${folder}/${file}`) : [];
}

function textAt(workspace: Workspace, file: string): string | undefined {
  const path = join(workspace.root, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function write(workspace: Workspace, file: string, text: string): void {
  const path = join(workspace.root, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
