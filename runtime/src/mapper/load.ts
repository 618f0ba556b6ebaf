import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asError, RouterError } from '../errors.js';
import type { ActionCatalog } from './catalog.js';
import { checkMappings, eachRoute, type MappingText, readMappings } from './check.js';
import { compileRoute, type MappedRoute } from './compile.js';
import { type Finding, renderFindings } from './finding.js';

const MAPPING_FILE = /\.(json|ya?ml)$/;
const SCHEMA_FILE = /\.schema\.json$/;

/** The mapping files of a folder in order of their names (not of its sub-folders). Throws RouterError MAPPING_INVALID if it cannot be read. */
export async function readMappingFolder(folder: string): Promise<readonly MappingText[]> {
  try {
    const names = (await readdir(folder)).filter((name) => MAPPING_FILE.test(name) && !SCHEMA_FILE.test(name)).sort();
    return await Promise.all(names.map(async (name) => ({ file: join(folder, name), text: await readFile(join(folder, name), 'utf8') })));
  } catch (thrown) {
    const cause = asError(thrown);
    throw new RouterError(
      'MAPPING_INVALID',
      `the mappings in ${folder} cannot be read: ${cause.message}; set "mappings" to a folder of mapping files`,
      { cause },
    );
  }
}

/** Routes of all files in the order in which they are tried. Throws RouterError MAPPING_INVALID with all findings if one is an error. */
export function loadMappings(
  files: readonly MappingText[],
  catalog: ActionCatalog,
): { readonly routes: readonly MappedRoute[]; readonly findings: readonly Finding[] } {
  const findings = checkMappings(files, catalog);
  if (findings.some((finding) => finding.severity === 'error')) {
    throw new RouterError('MAPPING_INVALID', `the mappings are not valid:\n${renderFindings(findings, 'text')}`);
  }
  const routes = [...eachRoute(readMappings(files).read)].map(({ type, route }) => compileRoute(type, route, catalog));
  return { routes, findings };
}
