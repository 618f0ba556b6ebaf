import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, type HelmChart } from '../chart.js';
import { compareObjects } from '../diff/compare.js';
import { dangersOf } from '../diff/danger.js';
import { changeLines } from '../diff/report.js';
import { Git } from '../git.js';
import { canonicalJson } from '../k8s-object.js';
import { type Knob, valueAt } from '../knob.js';
import { editValue } from '../values/edit-values.js';
import { nearestPath } from '../values/parse-values.js';
import { readValues, readYaml, ValuesError } from '../values/read-values.js';
import { UsageError, type Workspace } from '../workspace.js';

export interface ValuesOptions {
  readonly chart: string;
  readonly environment: string;
  readonly say: (text: string) => void;
}

/** `values set <chart> --env <name> path=value… [path-]`: keeps comments, writes only what is valid, says what will change. */
export function setValues(workspace: Workspace, assignments: readonly string[], { chart: name, environment, say }: ValuesOptions): number {
  const chart = workspace.chart(name);
  const { values: before, file, text } = workspace.read(chart, environment);
  const edited = assignments.reduce((edit, assignment) => assigned(chart, edit, assignment), text);
  const { values: after } = readValues(chart, file, edited);
  const changes = compareObjects(bundle(chart, before, chart.release), bundle(chart, after, chart.release));
  if (edited !== text) writeFileSync(join(workspace.root, file), edited);
  say(edited === text ? `${file} says that already` : `wrote ${file}`);
  for (const { flag, label, reason } of dangersOf(changes)) say(`  ! ${flag}: ${label}: ${reason}`);
  for (const line of changes.flatMap(changeLines)) say(line);
  if (changes.length === 0) say('  no object changes');
  return 0;
}

function assigned(chart: HelmChart, text: string, assignment: string): string {
  const [, path = '', sign = '', written = ''] = /^([^=]*?)(=|-$)(.*)$/s.exec(assignment) ?? [];
  if (path === '') throw new UsageError(`"${assignment}": expected path=value, or path- to go back to the default`);
  const knob = knobAt(chart, path);
  return editValue(text, knob.path, sign === '-' ? undefined : valueFrom(knob, written));
}

/** The value as its schema reads it: text stays text, whatever YAML would make of it. */
function valueFrom(knob: Knob, written: string): unknown {
  if (knob.kind === 'string' || typeof knob.cases[0]?.value === 'string') return written;
  if (knob.kind === 'list' || knob.kind === 'map') return readYaml(knob.id, `value: ${written}`).given.value;
  const value = written === 'true' ? true : written === 'false' ? false : /^-?\d+$/.test(written) ? Number(written) : undefined;
  if (value === undefined) throw new ValuesError(`${knob.id}: "${written}" is neither true, false nor a whole number`);
  return value;
}

/** `values get <chart> --env <name> [path…]`: what holds, and where it comes from. */
export function getValues(workspace: Workspace, paths: readonly string[], { chart: name, environment, say }: ValuesOptions): number {
  const chart = workspace.chart(name);
  const { given, values, file } = workspace.read(chart, environment);
  const knobs = paths.length > 0 ? paths.map((path) => knobAt(chart, path)) : chart.knobs.filter(({ id }) => !id.startsWith('release.'));
  for (const { id, path } of knobs)
    say(`${id} = ${shown(valueAt(values, path))}  (${valueAt(given, path) === undefined ? 'default' : file})`);
  return 0;
}

/** `values history <chart> --env <name> path`: who set it when, from what to what; changes of the default count too. */
export function valuesHistory(workspace: Workspace, path: string, { chart: name, environment, say }: ValuesOptions): number {
  const chart = workspace.chart(name);
  const knob = knobAt(chart, path);
  const git = new Git(workspace.root);
  const files = [workspace.environmentFile(chart, environment), `charts/${chart.name}/values.yaml`];
  const at = (commit: string): { readonly value: unknown; readonly isDefault: boolean } => {
    const [own, fallback] = files.map((file) => valueAt(yamlAt(git, commit, file), knob.path));
    return { value: own ?? fallback, isDefault: own === undefined };
  };
  const commits = git.log(files).reverse();
  let before: unknown;
  const lines = commits.flatMap(({ commit, author, date, subject }) => {
    const { value, isDefault } = at(commit);
    if (canonicalJson(value) === canonicalJson(before)) return [];
    const line = `${date}  ${author}  ${shown(before)} → ${shown(value)}${isDefault && value !== undefined ? ' (default)' : ''}  ${commit.slice(0, 9)} ${subject}`;
    before = value;
    return [line];
  });
  for (const line of lines.reverse()) say(line);
  if (lines.length === 0) say(`no commit sets ${path} of ${chart.name} in ${environment}`);
  return 0;
}

/** Old commits may hold what today's reader refuses: read as far as it goes. */
function yamlAt(git: Git, commit: string, file: string): unknown {
  try {
    return readYaml(file, git.show(commit, file)).given;
  } catch {
    return undefined;
  }
}

function knobAt(chart: HelmChart, path: string): Knob {
  const knob = chart.knobs.find(({ id }) => id === path && !id.startsWith('release.'));
  if (knob) return knob;
  const meant = nearestPath(chart, path);
  throw new UsageError(`${chart.name} has no value ${path}${meant ? `; did you mean ${meant}?` : ''}`);
}

function shown(value: unknown): string {
  return value === undefined ? '(not set)' : (JSON.stringify(value) ?? '');
}
