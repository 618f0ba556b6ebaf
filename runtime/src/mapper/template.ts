import type { Json } from '../event/event.js';
import type { Evaluated, Scope } from '../plan.js';
import { compileExpression, type Expression, ExpressionError } from './expression.js';

/** A text with `${{ }}` in it, or any JSON value that holds such texts. */

export type TemplatePart = string | { readonly expression: Expression; readonly start: number };
const OPEN = '${{';
const CLOSE = '}}';
const TEXT_MAX_CHARS = 1_000_000;

/** Splits a text. Throws ExpressionError with offsets in `text`. Quotes inside an expression may hold }}. */
export function parseTemplate(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf(OPEN, at);
    if (open < 0) break;
    if (open > at && text[open - 1] === '$') {
      literal += text.slice(at, open - 1) + OPEN;
      at = open + OPEN.length;
      continue;
    }
    literal += text.slice(at, open);
    const close = closeOf(text, open + OPEN.length);
    if (close < 0) throw new ExpressionError('cel-syntax', `"${OPEN}" without "${CLOSE}"`, open, text.length);
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(expressionAt(text, open + OPEN.length, close));
    at = close + CLOSE.length;
  }
  literal += text.slice(at);
  if (literal !== '' || parts.length === 0) parts.push(literal);
  return parts;
}

function expressionAt(text: string, from: number, to: number): TemplatePart {
  const inner = text.slice(from, to);
  const start = from + inner.length - inner.trimStart().length;
  const source = inner.trim();
  if (source === '') throw new ExpressionError('cel-syntax', 'an empty expression', from, to);
  try {
    return { expression: compileExpression(source), start };
  } catch (thrown) {
    if (thrown instanceof ExpressionError) throw new ExpressionError(thrown.code, thrown.message, start + thrown.start, start + thrown.end);
    throw thrown;
  }
}

/** The `}}` that ends an expression: outside quotes, and with its braces balanced so that map literals may end in }}. */
function closeOf(text: string, from: number): number {
  let quote = '';
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (quote !== '') {
      if (char === '\\') at += 1;
      else if (char === quote) quote = '';
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '{') depth += 1;
    else if (char === '}') {
      if (depth > 0) depth -= 1;
      else if (text[at + 1] === '}') return at;
    }
  }
  return -1;
}

export type Template = (scope: Scope) => Evaluated<Json>;

/** Throws ExpressionError for the first bad text. What has no `${{ }}` is returned as it is. */
export function compileTemplate(value: Json): Template {
  if (typeof value === 'string') return compileText(value);
  if (value === null || typeof value !== 'object') return () => ({ ok: true, value });
  if (Array.isArray(value)) {
    const items = value.map(compileTemplate);
    return (scope) => gather(items, (item) => item(scope));
  }
  const entries = Object.entries(value).map(([key, item]) => [key, compileTemplate(item)] as const);
  return (scope) => {
    const values = gather(entries, ([, item]) => item(scope));
    return values.ok ? { ok: true, value: Object.fromEntries(entries.map(([key], index) => [key, values.value[index] ?? null])) } : values;
  };
}

function gather<Item>(items: readonly Item[], evaluate: (item: Item) => Evaluated<Json>): Evaluated<Json[]> {
  const values: Json[] = [];
  for (const item of items) {
    const got = evaluate(item);
    if (!got.ok) return got;
    values.push(got.value);
  }
  return { ok: true, value: values };
}

function compileText(text: string): Template {
  const parts = parseTemplate(text);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) {
    return typeof only === 'string' ? () => ({ ok: true, value: only }) : (scope) => only.expression.evaluate(scope);
  }
  return (scope) => {
    const texts = gather(parts, (part) => (typeof part === 'string' ? { ok: true, value: part } : part.expression.evaluate(scope)));
    if (!texts.ok) return texts;
    const made = texts.value.map(asText).join('');
    return made.length <= TEXT_MAX_CHARS
      ? { ok: true, value: made }
      : { ok: false, reason: 'error', detail: `the text has ${made.length} characters; ${TEXT_MAX_CHARS} are allowed` };
  };
}

function asText(value: Json): string {
  return typeof value === 'string' ? value : value === null ? '' : JSON.stringify(value);
}
