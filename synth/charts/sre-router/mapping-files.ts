import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ChartError } from '../../chart-error.js';

export interface MappingFile {
  /** File name, e.g. mac-cluster.json. */
  readonly file: string;
  /** Without its ending. */
  readonly name: string;
  readonly text: string;
}

/** A ConfigMap holds 1 MiB, client-side apply keeps a copy of it in an annotation of 256 KiB, and a Helm release has to fit a Secret of 1 MiB. */
const MAX_FILE_BYTES = 200 * 1024;
const MAX_ALL_BYTES = 600 * 1024;

/** The mapping files of a folder. Throws a ChartError for one that cannot be a ConfigMap. */
export function readMappingFiles(folder: string): readonly MappingFile[] {
  const files = readdirSync(folder)
    .filter((file) => /\.(json|ya?ml)$/.test(file) && !file.endsWith('.schema.json'))
    .sort()
    .map((file) => ({ file, name: file.replace(/\.[a-z]+$/, ''), text: readFileSync(join(folder, file), 'utf8') }));
  checkMappingFiles(files);
  return files;
}

export function checkMappingFiles(files: readonly MappingFile[]): void {
  const bytes = ({ text }: MappingFile): number => Buffer.byteLength(text);
  const all = files.reduce((sum, file) => sum + bytes(file), 0);
  const remedy = 'split it, or give it as a ConfigMap of your own with mappings.existing';
  for (const mapping of files) {
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(mapping.name))
      throw new ChartError(`mappings/${mapping.file}: its name becomes that of a ConfigMap: use lower-case letters, digits and dashes`);
    if (bytes(mapping) > MAX_FILE_BYTES)
      throw new ChartError(`mappings/${mapping.file}: ${bytes(mapping)} bytes, at most ${MAX_FILE_BYTES} fit one ConfigMap; ${remedy}`);
  }
  const names = files.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new ChartError(`mappings/: two files are called ${twice}`);
  if (all > MAX_ALL_BYTES) throw new ChartError(`mappings/: ${all} bytes in all, at most ${MAX_ALL_BYTES} fit one release; ${remedy}`);
}

/** The destinations that a mapping text uses by the names of its actions (`slack.message` → slack). */
export function destinationsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/["']?\buse["']?: *["']?([a-z]+)\.[a-z]+/g)].map(([, kind]) => kind ?? ''));
}

/** mappings/ of this repository: the first folder above this file that holds cdk8s.yaml, whether it runs from source or compiled. */
export function repositoryMappings(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'cdk8s.yaml'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new ChartError('mappings/ of this repository is not found: there is no cdk8s.yaml above the chart');
    folder = parent;
  }
  return join(folder, 'mappings');
}
