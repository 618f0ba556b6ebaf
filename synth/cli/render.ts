import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle, type Release } from '../chart.js';
import type { K8sObject } from '../k8s-object.js';
import { printObjects } from '../print-objects.js';
import type { Workspace } from '../workspace.js';

export interface RenderOptions {
  readonly chart: string;
  readonly environment: string;
  readonly release: Partial<Release>;
  /** Folder for one file an object; absent: everything to `say`. */
  readonly out: string | undefined;
  readonly say: (text: string) => void;
}

/** `npm run render -- <chart> --env <name> [--out DIR]`. Files of an earlier render that no object has any more are taken away. */
export function render(workspace: Workspace, { chart: name, environment, release, out, say }: RenderOptions): number {
  const chart = workspace.chart(name);
  const { values } = workspace.read(chart, environment);
  const objects = bundle(chart, values, { ...chart.release, ...release });
  if (out === undefined) {
    say(printObjects(objects).replace(/\n$/, ''));
    return 0;
  }
  const head = `# Rendered by npm run render: ${chart.name}, ${environment}. Do not edit.\n`;
  const files = new Map(objects.map((object) => [fileName(object), `${head}${printObjects([object])}`]));
  mkdirSync(out, { recursive: true });
  for (const file of readdirSync(out)) if (!files.has(file) && isRendered(join(out, file))) rmSync(join(out, file));
  for (const [file, text] of files) writeFileSync(join(out, file), text);
  say(`${files.size} objects in ${out}`);
  return 0;
}

/** Kind, group and name say which object it is; the namespace only where the object has one. */
function fileName({ apiVersion, kind, metadata }: K8sObject): string {
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : undefined;
  return `${[kind, group, metadata.namespace, metadata.name].filter((part) => part !== undefined).join('.')}.yaml`.toLowerCase();
}

function isRendered(path: string): boolean {
  return path.endsWith('.yaml') && existsSync(path) && readFileSync(path, 'utf8').startsWith('# Rendered by npm run render:');
}
