import { type ASTNode, EvaluationError, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import type { Json } from '../event/event.js';
import type { Evaluated, Scope } from '../plan.js';
import { compilePattern, RUN_ENVIRONMENT, withinTime } from './cel-environment.js';
import { celContext, fromCel, MissingOutput } from './cel-values.js';
import { childrenOf, readsOf, valuesRead } from './expression-reads.js';

export const EXPRESSION_MAX_CHARS = 2_000;
const COMPREHENSIONS_MAX = 4;
const COMPREHENSION_DEPTH_MAX = 2;
const COMPREHENSIONS: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** An expression that cannot be read. `start`, `end`: offsets in its text. */
export class ExpressionError extends Error {
  readonly code: 'cel-syntax' | 'cel-bounds' | 'cel-pattern';
  readonly start: number;
  readonly end: number;
  constructor(code: ExpressionError['code'], message: string, start = 0, end = start) {
    super(message);
    this.name = 'ExpressionError';
    this.code = code;
    this.start = start;
    this.end = end;
  }
}

export interface Expression {
  readonly text: string;
  readonly ast: ASTNode;
  /** Never throws; bounded in time by the sizes of the expression and of what it reads. */
  evaluate(scope: Scope): Evaluated<Json>;
}

/** Reads an expression. Throws ExpressionError. */
export function compileExpression(text: string): Expression {
  const original = parse(text);
  const edits: Edit[] = [];
  inspect(original.ast, { depth: 0, count: { left: COMPREHENSIONS_MAX } }, edits, text);
  const run = edits.length === 0 ? original : parse(apply(text, edits));
  const reads = readsOf(original.ast);
  return {
    text,
    ast: original.ast,
    evaluate(scope) {
      try {
        const value: unknown = withinTime(
          () => run(celContext(scope)),
          () => performance.now(),
        );
        return { ok: true, value: fromCel(value) };
      } catch (thrown) {
        const missing = missingOf(thrown);
        if (missing !== undefined) return { ok: false, reason: 'missing-output', detail: `${missing} (in: ${text})` };
        const read = Object.entries(valuesRead(reads, scope)).map(([path, value]) => `${path} = ${brief(value)}`);
        const what = thrown instanceof EvaluationError ? thrown.summary : thrown instanceof Error ? thrown.message : String(thrown);
        return { ok: false, reason: 'error', detail: `${what} (in: ${text}${read.length === 0 ? '' : `; ${read.join(', ')}`})` };
      }
    },
  };
}

function parse(text: string): ParseResult {
  if (text.length > EXPRESSION_MAX_CHARS) {
    throw new ExpressionError('cel-bounds', `the expression has ${text.length} characters; ${EXPRESSION_MAX_CHARS} are allowed`);
  }
  try {
    return RUN_ENVIRONMENT.parse(text);
  } catch (thrown) {
    if (thrown instanceof ParseError) throw new ExpressionError('cel-syntax', thrown.summary, thrown.range?.start, thrown.range?.end);
    throw new ExpressionError('cel-syntax', thrown instanceof Error ? thrown.message : String(thrown));
  }
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Applied from the back; edits never overlap. */
function apply(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start)
    .reduce((made, edit) => made.slice(0, edit.start) + edit.text + made.slice(edit.end), text);
}

interface Depth {
  readonly depth: number;
  readonly count: { left: number };
}

/**
 * Refuses what cannot be bounded and notes what runs differently from plain CEL: `matches` is RE2, comprehensions take bounded lists,
 * and has() of a name in labels, annotations or steps asks for the name, since reading it never fails (or fails in its own way).
 */
function inspect(node: ASTNode, at: Depth, edits: Edit[], text: string): void {
  if (node.op === 'rcall') {
    const [name, receiver, args] = node.args;
    const first = args[0];
    if (name === 'bind') throw new ExpressionError('cel-bounds', 'cel.bind is not available here', node.start, node.end);
    if (name === 're2Matches' || name === 'bounded' || name === 'named')
      throw new ExpressionError('cel-syntax', `unknown function ${name}`, node.start, node.end);
    if (name === 'matches' && first !== undefined) {
      if (first.op === 'value' && typeof first.args === 'string') checkPattern(first.args, first);
      edits.push(rename(text, receiver.end, first.start, /\.(\s*)matches(\s*\()/g, '.$1re2Matches$2', node));
    }
    if (COMPREHENSIONS.has(name) && first !== undefined) {
      at.count.left -= 1;
      if (at.count.left < 0 || at.depth >= COMPREHENSION_DEPTH_MAX) {
        throw new ExpressionError(
          'cel-bounds',
          `at most ${COMPREHENSIONS_MAX} of all, exists, map and filter, nested ${COMPREHENSION_DEPTH_MAX} deep`,
          node.start,
          node.end,
        );
      }
      edits.push(rename(text, receiver.end, first.start, new RegExp(`\\.(\\s*${name}\\s*\\()`, 'g'), '.bounded().$1', node));
      // Of two edits at one place the later stands before the earlier: around what the parts get.
      const [open, close] = turnOf(node, args, text);
      edits.push(close);
      inspect(receiver, { ...at, depth: at.depth + 1 }, edits, text);
      for (const arg of args) inspect(arg, { ...at, depth: at.depth + 1 }, edits, text);
      edits.push(open);
      return;
    }
  }
  if (node.op === 'call' && node.args[0] === 'turn') throw new ExpressionError('cel-syntax', 'unknown function turn', node.start, node.end);
  if (node.op === 'call' && node.args[0] === 'has') {
    const target = node.args[1][0];
    if (target?.op === '.' && namesAreOptional(target.args[0])) {
      edits.push({
        start: node.start,
        end: node.end,
        text: `(${JSON.stringify(target.args[1])} in ${text.slice(target.args[0].start, target.args[0].end)}.named())`,
      });
      return;
    }
  }
  if (node.op === 'in' && ['.', '[]', 'id'].includes(node.args[1].op))
    edits.push({ start: node.args[1].end, end: node.args[1].end, text: '.named()' });
  for (const child of childrenOf(node)) inspect(child, at, edits, text);
}

function namesAreOptional(base: ASTNode): boolean {
  if (base.op === 'id') return base.args === 'steps';
  return base.op === '.' && ['labels', 'annotations', 'steps'].includes(base.args[1]);
}

function checkPattern(pattern: string, node: ASTNode): void {
  try {
    compilePattern(pattern);
  } catch (thrown) {
    throw new ExpressionError(
      'cel-pattern',
      `not an RE2 pattern: ${thrown instanceof Error ? thrown.message : String(thrown)}`,
      node.start,
      node.end,
    );
  }
}

function rename(text: string, start: number, end: number, find: RegExp, put: string, node: ASTNode): Edit {
  const gap = text.slice(start, end);
  // A comment between a receiver and its arguments could hide the name from the edit.
  if ([...gap.matchAll(find)].length !== 1)
    throw new ExpressionError('cel-syntax', 'no comment may stand inside a call', node.start, node.end);
  return { start, end, text: gap.replace(find, put) };
}

/**
 * `turn( … )` around what a comprehension computes first in each turn: its second argument. Nodes begin and end inside their brackets, so that the commas and the
 * bracket of the call are what is looked for.
 */
function turnOf(call: ASTNode, args: readonly ASTNode[], text: string): [open: Edit, close: Edit] {
  const [variable, second, third] = args;
  const start = text.indexOf(',', variable?.end) + 1;
  const end = third === undefined ? call.end - 1 : text.indexOf(',', second?.end);
  const isPlain = second !== undefined && start > 0 && start <= second.start && end >= second.end && text[call.end - 1] === ')';
  if (!isPlain || text.slice(second.end, end).includes('/'))
    throw new ExpressionError('cel-syntax', 'no comment may stand inside a call', call.start, call.end);
  return [
    { start, end: start, text: 'turn(' },
    { start: end, end, text: ')' },
  ];
}

function missingOf(thrown: unknown): string | undefined {
  for (let error = thrown, turn = 0; error instanceof Error && turn < 5; error = error.cause, turn += 1) {
    if (error instanceof MissingOutput) return error.message;
  }
  return undefined;
}

const BRIEF_MAX_CHARS = 200;

function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > BRIEF_MAX_CHARS ? `${text.slice(0, BRIEF_MAX_CHARS)}…` : text;
}
