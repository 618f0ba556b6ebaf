import type { z } from 'zod';
import type { ActionCatalog } from './catalog.js';
import { checkRoute } from './check-route.js';
import type { Finding } from './finding.js';
import { mappingFileSchema, type RouteText } from './mapping-file.js';
import { type MappingSource, type Path, readMappingSource } from './mapping-source.js';
import type { ReadMapping, Report } from './report.js';
import { runMappingTests } from './run-tests.js';

export interface MappingText {
  /** As shown in findings. */
  readonly file: string;
  readonly text: string;
}

/** Everything that is wrong with the files, by file and place. Tests in the files run only if there is no error before. Never throws on bad files. */
export function checkMappings(files: readonly MappingText[], catalog: ActionCatalog): readonly Finding[] {
  const { read, findings: found } = readMappings(files);
  const findings: Finding[] = [...found];
  const report: Report = (source, path, code, message, fix, at = {}) => {
    const { line, column } = source.place(path, at);
    findings.push({ file: source.file, line, column, severity: at.severity ?? 'error', code, message, fix });
  };
  checkNames(read, report);
  for (const { source, mapping } of read) {
    for (const [type, routes] of Object.entries(mapping.routes)) {
      for (const [index, route] of routes.entries()) checkRoute(source, ['routes', type, index], type, route, catalog, report);
    }
  }
  checkReachable(read, report);
  if (!findings.some((finding) => finding.severity === 'error')) runMappingTests(read, catalog, report);
  return findings.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column));
}

/** Files that have the shape of a mapping; the rest as findings. */
export function readMappings(files: readonly MappingText[]): {
  readonly read: readonly ReadMapping[];
  readonly findings: readonly Finding[];
} {
  const read: ReadMapping[] = [];
  const findings: Finding[] = [];
  for (const { file, text } of files) {
    const { source, findings: syntax } = readMappingSource(file, text);
    findings.push(...syntax);
    if (source === undefined) continue;
    const parsed = mappingFileSchema.safeParse(source.value);
    if (parsed.success) read.push({ source, mapping: parsed.data });
    else findings.push(...parsed.error.issues.flatMap((issue) => schemaFindings(source, issue)));
  }
  return { read, findings };
}

function schemaFindings(source: MappingSource, issue: z.core.$ZodIssue): readonly Finding[] {
  const path = issue.path.filter((part): part is string | number => typeof part !== 'symbol');
  const finding = (at: Path, key: boolean, message: string, fix: string): Finding => ({
    file: source.file,
    ...source.place(at, { key }),
    severity: 'error',
    code: 'schema',
    message,
    fix,
  });
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) =>
      finding(
        [...path, key],
        true,
        `there is no field "${key}" here`,
        'Correct its name or remove it; mapping.schema.json lists the fields.',
      ),
    );
  }
  return [finding(path, false, `${path.join('.') || 'file'}: ${issue.message}`, 'See mapping.schema.json for what may stand here.')];
}

function checkNames(read: readonly ReadMapping[], report: Report): void {
  const seen = new Map<string, string>();
  for (const { source, path, route } of eachRoute(read)) {
    const before = seen.get(route.name);
    if (before !== undefined)
      report(source, [...path, 'name'], 'duplicate-route', `route ${route.name} is already in ${before}`, 'Give it another name.');
    const { line } = source.place([...path, 'name']);
    seen.set(route.name, before ?? `${source.file}:${line}`);
  }
}

function checkReachable(read: readonly ReadMapping[], report: Report): void {
  const closed = new Map<string, string>();
  const whens = new Map<string, string>();
  for (const { source, path, type, route } of eachRoute(read)) {
    const by = closed.get(type);
    const when = route.when?.replace(/\s+/g, ' ').trim() ?? 'true';
    const twin = whens.get(`${type} ${when}`);
    if (by !== undefined)
      report(
        source,
        [...path, 'name'],
        'unreachable-route',
        `route ${by} takes every ${type} before`,
        `Move it before ${by}, give ${by} a when, or "continue": true.`,
      );
    else if (twin !== undefined)
      report(
        source,
        [...path, 'when'],
        'duplicate-when',
        `route ${twin} has the same when and takes the event first`,
        `Give ${twin} "continue": true, or merge the two.`,
      );
    if (route.continue === true) continue;
    if (when === 'true') closed.set(type, by ?? route.name);
    whens.set(`${type} ${when}`, route.name);
  }
}

/** In the order in which they are tried. */
export function* eachRoute(read: readonly ReadMapping[]): Generator<{ source: MappingSource; path: Path; type: string; route: RouteText }> {
  for (const { source, mapping } of read) {
    for (const [type, routes] of Object.entries(mapping.routes)) {
      for (const [index, route] of routes.entries()) yield { source, path: ['routes', type, index], type, route };
    }
  }
}
