import { structuredPatch } from 'diff';
import type { FieldChange, ObjectChange } from './compare.js';
import { type Danger, dangersOf } from './danger.js';

/** What changes in one environment of one chart. */
export interface EnvironmentDiff {
  readonly chart: string;
  readonly environment: string;
  readonly changes: readonly ObjectChange[];
  /** Why an end could not be rendered as it stands, if so. */
  readonly note?: string;
}

/** GitHub takes 65,536 characters a comment; the rest is for what surrounds ours. */
const MAX_COMMENT_CHARS = 60_000;
const MAX_VALUE_CHARS = 120;
const SIGNS = { added: '+', removed: '-', changed: '~' } as const;

const isQuiet = ({ changes, note }: EnvironmentDiff): boolean => changes.length === 0 && note === undefined;

export function textReport(diffs: readonly EnvironmentDiff[]): string {
  const parts = diffs
    .filter((diff) => !isQuiet(diff))
    .flatMap((diff) => [
      titleOf(diff),
      ...(diff.note ? [`  ? ${diff.note}`] : []),
      ...dangerLines(diff),
      ...diff.changes.flatMap(changeLines),
      '',
    ]);
  return parts.length > 0 ? parts.join('\n') : 'Nothing changes.\n';
}

export function jsonReport(diffs: readonly EnvironmentDiff[]): string {
  const shown = diffs.map(({ chart, environment, changes, note }) => ({
    chart,
    environment,
    note,
    dangers: dangersOf(changes),
    changes: changes.map(({ kind, id, fields }) => ({ kind, id, fields })),
  }));
  return `${JSON.stringify(shown, null, 2)}\n`;
}

/** For a comment on a pull request: dangers and a table first, then the details as far as they fit. */
export function markdownReport(diffs: readonly EnvironmentDiff[], maxChars = MAX_COMMENT_CHARS): string {
  const loud = diffs.filter((diff) => !isQuiet(diff));
  if (loud.length === 0) return 'Nothing changes in any environment.\n';
  const dangers = loud.flatMap((diff) =>
    dangersOf(diff.changes).map((danger) => ({ ...danger, where: `${diff.chart}/${diff.environment}` })),
  );
  const warnings = dangers.map(({ flag, label, reason, where }) => `* **${flag}** \`${where}\` \`${label}\`: ${reason}`);
  const rows = loud.map(
    (diff) =>
      `| ${diff.chart} | ${diff.environment} | ${(['added', 'changed', 'removed'] as const).map((kind) => countOf(diff, kind)).join(' | ')} | ${dangersOf(diff.changes).length || ''} |`,
  );
  const details = loud.map((diff) => {
    const lines = [...(diff.note ? [`? ${diff.note}`] : []), ...diff.changes.flatMap(changeLines)].map((line) => line.replace(/^ {2}/, ''));
    return [
      '',
      `<details><summary>${diff.chart}/${diff.environment}</summary>`,
      '',
      '```diff',
      ...lines.map((line) => line.replaceAll('```', "'''")),
      '```',
      '',
      '</details>',
    ].join('\n');
  });
  const head = [
    ...capped(warnings.length > 0 ? ['### Look twice', '', ...warnings, ''] : [], maxChars / 2, 'more dangers: npm run diff shows all'),
    '| chart | environment | added | changed | removed | dangers |',
    '|---|---|---|---|---|---|',
    ...rows,
  ];
  return `${capped([...head, ...details], maxChars, 'more environments: npm run diff shows all').join('\n')}\n`;
}

/** As many parts as fit, and how many did not. */
function capped(parts: readonly string[], maxChars: number, more: string): string[] {
  const kept: string[] = [];
  let left = maxChars;
  for (const part of parts) {
    left -= part.length + 1;
    if (left < 0) break;
    kept.push(part);
  }
  return kept.length === parts.length ? kept : [...kept, '', `…and ${parts.length - kept.length} ${more}.`];
}

function titleOf(diff: EnvironmentDiff): string {
  const counts = (['added', 'changed', 'removed'] as const).flatMap((kind) =>
    countOf(diff, kind) ? [`${countOf(diff, kind)} ${kind}`] : [],
  );
  return `${diff.chart}/${diff.environment}: ${counts.join(', ')}`;
}

function countOf({ changes }: EnvironmentDiff, wanted: ObjectChange['kind']): number {
  return changes.filter(({ kind }) => kind === wanted).length;
}

function dangerLines({ changes }: EnvironmentDiff): string[] {
  return dangersOf(changes).map(({ flag, label, reason }: Danger) => `  ! ${flag}: ${label}: ${reason}`);
}

export function changeLines({ kind, label, fields }: ObjectChange): string[] {
  return [`  ${SIGNS[kind]} ${label}`, ...fields.flatMap(fieldLines)];
}

function fieldLines({ path, from, to }: FieldChange): string[] {
  if (typeof from === 'string' && typeof to === 'string' && (from.includes('\n') || to.includes('\n'))) {
    const hunks = structuredPatch('', '', from, to, '', '', { context: 1 }).hunks.flatMap(({ lines }) =>
      lines.map((line) => `        ${line}`),
    );
    return [`      ${path}:`, ...hunks];
  }
  if (from === undefined) return [`    + ${path}: ${shown(to)}`];
  return to === undefined ? [`    - ${path}: ${shown(from)}`] : [`      ${path}: ${shown(from)} → ${shown(to)}`];
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_VALUE_CHARS ? `${text.slice(0, MAX_VALUE_CHARS - 1)}…` : text;
}
