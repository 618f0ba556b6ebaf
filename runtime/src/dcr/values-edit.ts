import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { DcrError } from './dcr-error.js';

export type Setting = string | number | boolean;

/** What a bot may set; everything else in a values file is for people. */
export const SETTABLE = ['farmers.enabled', 'farmers.replicas', 'synchronizer.enabled', 'dcr.runId'] as const;
export type SettablePath = (typeof SETTABLE)[number];
export type Assignments = Readonly<Partial<Record<SettablePath, Setting>>>;

/** The part of a values file that a run is about. Undefined: not in this file, so the chart's default holds. */
export interface ValuesView {
  readonly farmersEnabled: boolean | undefined;
  readonly farmersReplicas: number | undefined;
  readonly synchronizerEnabled: boolean | undefined;
  readonly runId: string | undefined;
}

/** @throws DcrError REFUSED when the text is no YAML map. */
export function readValues(text: string, file: string): ValuesView {
  const document = parse(text, file);
  const at = (path: string): unknown => document.getIn(path.split('.'));
  const kept = <T>(value: unknown, type: 'boolean' | 'number' | 'string'): T | undefined =>
    typeof value === type ? (value as T) : undefined;
  return {
    farmersEnabled: kept(at('farmers.enabled'), 'boolean'),
    farmersReplicas: kept(at('farmers.replicas'), 'number'),
    synchronizerEnabled: kept(at('synchronizer.enabled'), 'boolean'),
    runId: kept<string>(at('dcr.runId'), 'string') || undefined,
  };
}

/**
 * Sets these values and touches nothing else: comments, order, quotes and spaces stay. A value that is there is replaced in the text; one that is not goes
 * in front of its brothers. The result is read again and must be the old values with these in them. Unchanged text: nothing to do.
 * @throws DcrError REFUSED when the file cannot be edited so.
 */
export function editValues(text: string, assignments: Assignments, file: string): string {
  let edited = text;
  for (const [path, value] of Object.entries(assignments) as [SettablePath, Setting][]) edited = setOne(edited, path, value, file);
  if (!isDeepStrictEqual(parse(edited, file).toJS() ?? {}, withAssignments(parse(text, file), assignments)))
    throw new DcrError(
      'REFUSED',
      `${file}: ${Object.keys(assignments).join(', ')} cannot be set without changing other values (anchors, tags?). Set them by hand.`,
    );
  return edited;
}

function setOne(text: string, path: SettablePath, value: Setting, file: string): string {
  const document = parse(text, file);
  const keys = path.split('.');
  const node = document.getIn(keys, true);
  if (isScalar(node)) {
    if (node.value === value) return text;
    const [start, end] = node.range ?? [0, 0];
    return splice(text, start, end, JSON.stringify(value), end > start ? '' : ' ');
  }
  if (node !== undefined) throw new DcrError('REFUSED', `${file}: ${path} is no plain value; expected ${typeof value}. Set it by hand.`);
  const [head, tail] = keys as [string, string];
  const parent = document.get(head, true);
  const first = isMap(parent) ? parent.items[0] : undefined;
  if (isMap(parent) && parent.flow !== true && first !== undefined && isScalar(first.key) && first.key.range) {
    // Beside its brothers: in front of the first one, with its indentation.
    const at = first.key.range[0];
    const indent = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
    if (indent.trim() === '') return splice(text, at, at, `${tail}: ${JSON.stringify(value)}\n${indent}`, '');
  }
  if (parent === undefined)
    return `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${head}:\n  ${tail}: ${JSON.stringify(value)}\n`;
  putIn(document, keys, value);
  return document.toString({ lineWidth: 0 });
}

/** What the values must be afterwards. A copy without shared parts, so that an edit which reaches further by an anchor differs from it. */
function withAssignments(document: Document, assignments: Assignments): unknown {
  const values = JSON.parse(JSON.stringify(document.toJS() ?? {})) as Record<string, Record<string, unknown> | null>;
  for (const [path, value] of Object.entries(assignments)) {
    const [head, tail] = path.split('.') as [string, string];
    values[head] = { ...values[head], [tail]: value };
  }
  return values;
}

/** `farmers:` with nothing after it is null, and becomes a map. */
function putIn(document: Document, keys: readonly string[], value: Setting): void {
  const [head, tail] = keys as [string, string];
  const parent = document.get(head, true);
  if (isScalar(parent) && parent.value === null) document.set(head, document.createNode({ [tail]: value }));
  else document.setIn(keys, value);
}

const splice = (text: string, start: number, end: number, put: string, before: string): string =>
  text.slice(0, start) + before + put + text.slice(end);

function parse(text: string, file: string): Document {
  const document = parseDocument(text, { keepSourceTokens: false });
  const problem = document.errors[0];
  if (problem !== undefined)
    throw new DcrError('REFUSED', `${file} is no valid YAML: ${problem.message.split('\n')[0]} Mend it by hand first.`);
  if (document.contents !== null && !isMap(document.contents)) throw new DcrError('REFUSED', `${file}: expected a map of values.`);
  return document;
}
