import { type Document, isMap, isPair, isScalar, type Pair, parseDocument, type YAMLMap } from 'yaml';
import { yamlText } from '../yaml-scalar.js';
import { flow } from './values-yaml.js';

/**
 * A values file with one value set, or taken out (undefined): only the lines that say it change, so that comments, order and style of the
 * rest stay. Where that cannot be done (a map in braces grows, the last key of a map goes) the file is printed anew, comments kept.
 */
export function editValue(text: string, path: readonly string[], value: unknown): string {
  const document = parseDocument(text);
  const found = document.getIn(path, true);
  if (value === undefined) return withoutLine(text, document, path) ?? printed(document, () => document.deleteIn(path));
  if (isScalar(found) && found.range && typeof value !== 'object')
    return text.slice(0, found.range[0]) + flow(value) + text.slice(found.range[1]);
  if (found === undefined) {
    const added = withLines(text, document, path, value);
    if (added !== undefined) return added;
  }
  return printed(document, () => document.setIn(path, document.createNode(value)));
}

/** New lines at the end of the nearest map that is there. */
function withLines(text: string, document: Document, path: readonly string[], value: unknown): string | undefined {
  let depth = path.length - 1;
  while (depth > 0 && document.getIn(path.slice(0, depth), true) === undefined) depth--;
  const map: unknown = depth === 0 ? document.contents : document.getIn(path.slice(0, depth), true);
  if (!isMap(map) || map.flow || map.items.length === 0) return undefined;
  const keys = path.slice(depth).map(yamlText);
  const column = columnOf(text, startOf(map.items[0]));
  const lines = keys.map((key, index) => `${' '.repeat(column + 2 * index)}${key}:${index === keys.length - 1 ? ` ${flow(value)}` : ''}`);
  const end = lineEnd(text, endOf(map));
  return `${text.slice(0, end)}\n${lines.join('\n')}${text.slice(end)}`;
}

/** Its line taken out, if it is one line of a map that has others. */
function withoutLine(text: string, document: Document, path: readonly string[]): string | undefined {
  const map: unknown = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = isMap(map) ? map.items.find((item) => isScalar(item.key) && item.key.value === path.at(-1)) : undefined;
  if (!isMap(map) || map.flow || map.items.length < 2 || !isScalar(pair?.value)) return undefined;
  const start = text.lastIndexOf('\n', startOf(pair)) + 1;
  const end = lineEnd(text, pair.value.range?.[1] ?? start);
  return text.slice(start, end).includes('\n') ? undefined : text.slice(0, start) + text.slice(end + 1);
}

function printed(document: Document, change: () => void): string {
  change();
  return document.toString({ lineWidth: 0 });
}

function startOf(pair: unknown): number {
  return isPair(pair) && isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
}

/** Where the last value of a map ends. */
function endOf(map: YAMLMap): number {
  const last = map.items.at(-1) as Pair | undefined;
  const value = last?.value as { readonly range?: readonly [number, number, number] | null } | null | undefined;
  return isMap(value) && !value.flow && value.items.length > 0 ? endOf(value) : (value?.range?.[1] ?? startOf(last));
}

function lineEnd(text: string, offset: number): number {
  const isBehindBreak = text[offset - 1] === '\n';
  const at = text.indexOf('\n', isBehindBreak ? offset - 1 : offset);
  return at < 0 ? text.length : at;
}

function columnOf(text: string, offset: number): number {
  return offset - (text.lastIndexOf('\n', offset - 1) + 1);
}
