/** The part of Go's template language that our charts are written in. What it does not know it refuses, with the place. */

export type Expression =
  | { readonly kind: 'constant'; readonly value: string | number | boolean }
  /** `.a.b`, `$.a.b`, `$name`; `root`: '.', '$' or the name of a variable. */
  | { readonly kind: 'path'; readonly root: string; readonly keys: readonly string[] }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] };

export type Statement =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Expression; readonly line: number }
  | {
      readonly kind: 'if';
      readonly arms: readonly { readonly when?: Expression; readonly body: readonly Statement[] }[];
      readonly line: number;
    }
  | {
      readonly kind: 'range';
      readonly names: readonly string[];
      readonly over: Expression;
      readonly body: readonly Statement[];
      readonly line: number;
    };

export class TemplateError extends Error {
  override name = 'TemplateError';
}

interface Action {
  readonly tokens: readonly string[];
  readonly line: number;
}

const TOKEN = /\s+|"(?:[^"\\\n]|\\.)*"|`[^`]*`|\/\*[\s\S]*?\*\/|:=|[(),|]|\$\w*(?:\.\w+)*|\.\w+(?:\.\w+)*|\.|-?\d+(?![\w.])|[A-Za-z]\w*/y;

const UNKNOWN_BLOCKS = ['with', 'define', 'block', 'template', 'break', 'continue'];

/** Throws a TemplateError naming file and line. */
export function parseTemplate(file: string, source: string): readonly Statement[] {
  const parts = split(file, source);
  let at = 0;
  const body = (): Statement[] => {
    const statements: Statement[] = [];
    for (let part = parts[at]; part !== undefined; part = parts[at]) {
      if (typeof part === 'string') {
        if (part !== '') statements.push({ kind: 'text', text: part });
        at++;
        continue;
      }
      const [word] = part.tokens;
      if (word === 'end' || word === 'else') break;
      at++;
      statements.push(...statement(part));
    }
    return statements;
  };
  const refuse = (line: number, what: string): never => {
    throw new TemplateError(`${file}:${line}: ${what}`);
  };
  const next = (line: number): Action => {
    const part = parts[at++];
    return part !== undefined && typeof part !== 'string' ? part : refuse(line, 'no {{ end }} for this block');
  };
  const statement = ({ tokens, line }: Action): Statement[] => {
    const [word, ...rest] = tokens;
    if (word === undefined || word.startsWith('/*')) return [];
    if (UNKNOWN_BLOCKS.includes(word)) refuse(line, `{{ ${word} }} is not known: no chart of ours has it`);
    if (word === 'range') {
      const assigned = rest.indexOf(':=');
      const names = rest.slice(0, Math.max(assigned, 0)).filter((token) => token !== ',');
      const over = expression(rest.slice(assigned + 1), file, line);
      const inner = body();
      if (next(line).tokens[0] !== 'end') refuse(line, 'range with else is not known');
      return [{ kind: 'range', names, over, body: inner, line }];
    }
    if (word === 'if') {
      const arms = [{ when: expression(rest, file, line), body: body() } as { when?: Expression; body: readonly Statement[] }];
      for (let action = next(line); action.tokens[0] !== 'end'; action = next(line)) {
        const [, second, ...condition] = action.tokens;
        if (second !== undefined && second !== 'if') refuse(action.line, `else ${second} is not known`);
        const when = second === 'if' ? { when: expression(condition, file, action.line) } : {};
        arms.push({ ...when, body: body() });
      }
      return [{ kind: 'if', arms, line }];
    }
    return [{ kind: 'print', value: expression(tokens, file, line), line }];
  };
  const statements = body();
  if (at < parts.length) refuse((parts[at] as Action).line, `{{ ${(parts[at] as Action).tokens.join(' ')} }} closes nothing`);
  return statements;
}

/** Text and actions in turn, white space trimmed where an action asks for it. */
function split(file: string, source: string): (string | Action)[] {
  const parts: (string | Action)[] = [];
  let done = 0;
  let line = 1;
  for (let open = source.indexOf('{{'); open >= 0; open = source.indexOf('{{', done)) {
    const text = source.slice(done, open);
    line += text.split('\n').length - 1;
    const trimsLeft = /^\{\{- /.test(source.slice(open, open + 4));
    parts.push(trimsLeft ? text.trimEnd() : text);
    const tokens: string[] = [];
    const started = line;
    let at = open + (trimsLeft ? 4 : 2);
    while (!/^ ?-?\}\}/.test(source.slice(at, at + 4)) || (source[at] === '-' && source[at - 1] !== ' ')) {
      TOKEN.lastIndex = at;
      const token = TOKEN.exec(source)?.[0];
      if (token === undefined)
        throw new TemplateError(`${file}:${line}: not known in a template: ${source.slice(at, at + 20).split('\n')[0]}`);
      if (token.trim() !== '') tokens.push(token);
      line += token.split('\n').length - 1;
      at += token.length;
    }
    const trimsRight = /^ ?-\}\}/.test(source.slice(at, at + 4));
    done = source.indexOf('}}', at) + 2;
    parts.push({ tokens, line: started });
    if (trimsRight) {
      const skipped = /^\s*/.exec(source.slice(done))?.[0] ?? '';
      line += skipped.split('\n').length - 1;
      done += skipped.length;
    }
  }
  return [...parts, source.slice(done)];
}

function expression(tokens: readonly string[], file: string, line: number): Expression {
  let at = 0;
  const refuse = (what: string): never => {
    throw new TemplateError(`${file}:${line}: ${what} in {{ ${tokens.join(' ')} }}`);
  };
  const operandOf = (token: string): Expression => {
    if (token === '(') {
      const inner = pipeline();
      if (tokens[at++] !== ')') refuse('a parenthesis is not closed');
      return inner;
    }
    if (token.startsWith('"')) return { kind: 'constant', value: JSON.parse(token) as string };
    if (token.startsWith('`')) return { kind: 'constant', value: token.slice(1, -1) };
    if (/^-?\d/.test(token)) return { kind: 'constant', value: Number(token) };
    if (token === 'true' || token === 'false') return { kind: 'constant', value: token === 'true' };
    if (token === '.') return { kind: 'path', root: '.', keys: [] };
    if (token.startsWith('.')) return { kind: 'path', root: '.', keys: token.slice(1).split('.') };
    if (token.startsWith('$')) {
      const [root = '$', ...keys] = token.split('.');
      return { kind: 'path', root, keys };
    }
    return refuse(`${token} is not expected`);
  };
  const command = (): Expression => {
    const token = tokens[at++] ?? refuse('something is missing');
    if (!/^[A-Za-z]/.test(token) || token === 'true' || token === 'false') return operandOf(token);
    const args: Expression[] = [];
    for (let next = tokens[at]; next !== undefined && next !== ')' && next !== '|'; next = tokens[at]) {
      at++;
      args.push(/^[A-Za-z]/.test(next) && next !== 'true' && next !== 'false' ? { kind: 'call', name: next, args: [] } : operandOf(next));
    }
    return { kind: 'call', name: token, args };
  };
  const pipeline = (): Expression => {
    let value = command();
    while (tokens[at] === '|') {
      at++;
      const stage = command();
      value = stage.kind === 'call' ? { ...stage, args: [...stage.args, value] } : refuse('only functions can follow |');
    }
    return value;
  };
  const value = pipeline();
  return at === tokens.length ? value : refuse(`${tokens[at]} is not expected`);
}
