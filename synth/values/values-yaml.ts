import type { HelmChart } from '../chart.js';
import { constantsOf, type JsonSchema } from '../json-schema.js';
import { quoted, yamlScalar } from '../yaml-scalar.js';

const WIDTH = 110;

/** values.yaml: the defaults, each under what it is for. Values without a default stand there as a comment. */
export function valuesYaml({ name, jsonSchema }: HelmChart): string {
  return [
    `# Defaults of the chart ${name}, generated from its schema by npm run synth. Change values in env/<name>.yaml, not here.`,
    ...entries(jsonSchema, 0),
    '',
  ].join('\n');
}

function entries(schema: JsonSchema, depth: number): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, child]) => {
    const pad = ' '.repeat(depth);
    const comment = wrapped(
      [child.description ?? '', child.properties ? '' : boundsText(child)].filter(Boolean).join(' '),
      WIDTH - depth,
    ).map((line) => `${pad}# ${line}`);
    const gap = depth === 0 ? [''] : [];
    if (child.properties) return [...gap, ...comment, `${pad}${key}:`, ...entries(child, depth + 2)];
    if (child.default === undefined) return [...gap, ...comment, `${pad}# ${key}:`];
    return [...gap, ...comment, `${pad}${key}: ${flow(child.default)}`];
  });
}

/** A value in one line, as YAML that is no JSON where it can be. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const inner = Object.entries(value).map(([key, child]) => `${flowText(key)}: ${flow(child)}`);
    return inner.length === 0 ? '{}' : `{ ${inner.join(', ')} }`;
  }
  return typeof value === 'string' ? flowText(value) : yamlScalar(value as number | boolean);
}

/** Commas end an entry here. */
function flowText(text: string): string {
  return text.includes(',') ? quoted(text) : yamlScalar(text);
}

/** What may stand there, in words. */
export function boundsText(schema: JsonSchema): string {
  const members = schema.anyOf ?? [schema];
  const constants = members.flatMap((member) => (member.type === 'boolean' ? [] : (constantsOf(member) ?? [])));
  const open = members.filter((member) => !constantsOf(member)).map((member) => openText(member) || (constants.length > 0 ? 'text' : ''));
  const words = [...constants.map((one) => (one === '' ? '""' : String(one))), ...open.filter(Boolean)];
  return words.length === 0 ? '' : `(${words.join(' | ')})`;
}

function openText({ type, minimum = Number.MIN_SAFE_INTEGER, maximum = Number.MAX_SAFE_INTEGER }: JsonSchema): string {
  if (type !== 'integer') return '';
  const [hasLeast, hasMost] = [minimum > Number.MIN_SAFE_INTEGER, maximum < Number.MAX_SAFE_INTEGER];
  if (hasLeast && hasMost) return `${minimum} to ${maximum}`;
  return hasLeast ? `at least ${minimum}` : hasMost ? `at most ${maximum}` : '';
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/).filter(Boolean)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
