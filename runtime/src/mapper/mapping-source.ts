import { type Document, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, Scalar } from 'yaml';
import type { Finding } from './finding.js';

export type Path = readonly (string | number)[];

export const FILE_MAX_CHARS = 1_048_576;
const NESTING_MAX = 40;

/** A mapping file as text, able to say where a value stands. */
export interface MappingSource {
  readonly file: string;
  readonly value: unknown;
  /** Line and column (from 1) of a value, of its key (`key`), or of a character of a text (`offset`). The nearest parent if absent. */
  place(path: Path, at?: { readonly key?: boolean; readonly offset?: number }): { readonly line: number; readonly column: number };
}

/** JSON by the name .json, else YAML. A syntax error is a finding. Never throws. */
export function readMappingSource(file: string, text: string): { readonly source?: MappingSource; readonly findings: readonly Finding[] } {
  const bad = (line: number, column: number, code: string, message: string, fix: string) => ({
    findings: [{ file, line, column, severity: 'error', code, message, fix } satisfies Finding],
  });
  if (text.length > FILE_MAX_CHARS)
    return bad(1, 1, 'too-large', `the file has ${text.length} characters; ${FILE_MAX_CHARS} are allowed`, 'Split it.');
  const deep = tooDeep(text);
  if (deep !== undefined) return bad(deep.line, deep.column, 'too-deep', `nested deeper than ${NESTING_MAX}`, 'Flatten the value.');
  const counter = new LineCounter();
  // A tab is a space in JSON, but YAML takes none in indentation.
  const document = parseDocument(file.endsWith('.json') ? text.replaceAll('\t', ' ') : text, {
    lineCounter: counter,
    uniqueKeys: true,
    schema: 'core',
  });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const { line, col } = counter.linePos(problem.pos[0]);
    return bad(
      line,
      col,
      problem.code === 'DUPLICATE_KEY' ? 'duplicate-key' : 'syntax',
      problem.message.split('\n')[0] ?? '',
      'Correct the JSON or YAML at this place.',
    );
  }
  if (file.endsWith('.json')) {
    try {
      JSON.parse(text);
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      const { line, col } = counter.linePos(Number(/position (\d+)/.exec(message)?.[1] ?? 0));
      return bad(line, col, 'syntax', `not JSON: ${message}`, 'Correct the JSON at this place, or name the file .yaml.');
    }
  }
  try {
    return {
      source: { file, value: document.toJS({ maxAliasCount: 20 }), place: (path, at) => placeOf(document, counter, path, at ?? {}) },
      findings: [],
    };
  } catch (thrown) {
    return bad(1, 1, 'syntax', thrown instanceof Error ? thrown.message : String(thrown), 'Write values out instead of using aliases.');
  }
}

function tooDeep(text: string): { line: number; column: number } | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '[' || char === '{') depth += 1;
    else if (char === ']' || char === '}') depth = Math.max(0, depth - 1);
    const indent = char === '\n' ? (/^[ -]*/.exec(text.slice(at + 1, at + 401))?.[0].length ?? 0) : 0;
    if (depth > NESTING_MAX * 2 || indent > NESTING_MAX * 8) {
      const before = text.slice(0, at);
      return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
    }
  }
  return undefined;
}

function placeOf(
  document: Document.Parsed,
  counter: LineCounter,
  path: Path,
  at: { key?: boolean; offset?: number },
): { line: number; column: number } {
  let node: Node | null | undefined = document.contents;
  let start = node?.range?.[0] ?? 0;
  let whole = true;
  for (const [index, name] of path.entries()) {
    let next: Node | null | undefined;
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(name));
      if (pair === undefined) {
        whole = false;
        break;
      }
      const key = pair.key as Node;
      next = pair.value as Node | null;
      start = (at.key === true && index === path.length - 1 ? key.range?.[0] : (next?.range?.[0] ?? key.range?.[0])) ?? start;
    } else if (isSeq(node)) {
      next = node.items[Number(name)] as Node | undefined;
      if (next === undefined) {
        whole = false;
        break;
      }
      start = next.range?.[0] ?? start;
    } else {
      whole = false;
      break;
    }
    node = next;
  }
  if (whole && at.offset !== undefined && isScalar(node)) start += sourceOffset(node, at.offset);
  const { line, col } = counter.linePos(start);
  return { line, column: col };
}

/** Where character `offset` of a scalar's value stands in its source. Blocks: their beginning. */
function sourceOffset(node: Scalar, offset: number): number {
  const source = typeof node.source === 'string' ? node.source : undefined;
  if (node.type === Scalar.PLAIN) return source !== undefined && !source.includes('\n') ? offset : 0;
  if (node.type === Scalar.QUOTE_DOUBLE) {
    // Only escapes shift; those before `offset` are counted by writing the value again as JSON does.
    return 1 + JSON.stringify(String(node.value).slice(0, offset)).length - 2;
  }
  if (node.type === Scalar.QUOTE_SINGLE) return 1 + String(node.value).slice(0, offset).replaceAll("'", "''").length;
  return 0;
}
