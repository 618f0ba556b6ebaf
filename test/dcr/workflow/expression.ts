/** What an expression may name: `lastRetry.exitCode`, … */
export type Names = Readonly<Record<string, string>>;

type Value = string | number | boolean | readonly Value[];

const TOKEN = /\s*(?:'([^']*)'|(\d+)|([A-Za-z_][\w.]*)|(&&|\|\||==|!=|[!()[\],]))/y;

/**
 * The part of Argo's expressions that the chart uses, in `when` (govaluate) and in `retryStrategy.expression` (expr), where both languages agree: texts in single quotes,
 * numbers, names, `asInt()`, ==, !=, in [], !, &&, ||. Anything else is an error, never a guess.
 */
export function evaluate(text: string, names: Names = {}): boolean {
  const value = new Reader(text, names).all();
  if (typeof value !== 'boolean') throw new Error(`${text}: expected true or false, got ${JSON.stringify(value)}`);
  return value;
}

class Reader {
  readonly #text: string;
  readonly #names: Names;
  readonly #tokens: { kind: 'text' | 'number' | 'name' | 'sign'; value: string }[] = [];
  #at = 0;

  constructor(text: string, names: Names) {
    this.#text = text;
    this.#names = names;
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.trimEnd().length) {
      const found = TOKEN.exec(text);
      if (found === null) throw new Error(`${text}: not understood`);
      const [, quoted, number, name, sign] = found;
      if (quoted !== undefined) this.#tokens.push({ kind: 'text', value: quoted });
      else if (number !== undefined) this.#tokens.push({ kind: 'number', value: number });
      else if (name !== undefined) this.#tokens.push({ kind: 'name', value: name });
      else this.#tokens.push({ kind: 'sign', value: sign ?? '' });
    }
  }

  all(): Value {
    const value = this.#or();
    if (this.#at < this.#tokens.length) throw new Error(`${this.#text}: more than one expression`);
    return value;
  }

  #or(): Value {
    let left = this.#and();
    while (this.#take('||')) {
      const right = this.#and();
      left = left === true || right === true;
    }
    return left;
  }

  #and(): Value {
    let left = this.#not();
    while (this.#take('&&')) {
      const right = this.#not();
      left = left === true && right === true;
    }
    return left;
  }

  #not(): Value {
    if (this.#take('!')) return this.#not() !== true;
    const left = this.#primary();
    if (this.#take('==')) return this.#equal(left, this.#primary());
    if (this.#take('!=')) return !this.#equal(left, this.#primary());
    if (this.#peek()?.value === 'in' && this.#peek()?.kind === 'name') {
      this.#at += 1;
      const list = this.#primary();
      if (!Array.isArray(list)) throw new Error(`${this.#text}: in needs a list`);
      return (list as readonly Value[]).some((one) => this.#equal(left, one));
    }
    return left;
  }

  #equal(left: Value, right: Value): boolean {
    // Both languages would say "not equal" of a text and a number; here it is a mistake of the author.
    if (typeof left !== typeof right) throw new Error(`${this.#text}: compares ${JSON.stringify(left)} with ${JSON.stringify(right)}`);
    return left === right;
  }

  #primary(): Value {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error(`${this.#text}: ends too early`);
    if (token.kind === 'text') return token.value;
    if (token.kind === 'number') return Number(token.value);
    if (token.kind === 'name') {
      if (token.value === 'asInt') return this.#asInt();
      const value = this.#names[token.value];
      if (value === undefined) throw new Error(`${this.#text}: ${token.value} is not known here`);
      return value;
    }
    if (token.value === '(') {
      const value = this.#or();
      this.#need(')');
      return value;
    }
    if (token.value !== '[') throw new Error(`${this.#text}: ${token.value} is not expected`);
    const list: Value[] = [];
    while (!this.#take(']')) {
      list.push(this.#primary());
      if (this.#peek()?.value !== ']') this.#need(',');
    }
    return list;
  }

  #asInt(): number {
    this.#need('(');
    const value = this.#primary();
    this.#need(')');
    if (!/^-?\d+$/.test(String(value))) throw new Error(`${this.#text}: asInt of ${JSON.stringify(value)}`);
    return Number(value);
  }

  #peek(): { kind: string; value: string } | undefined {
    return this.#tokens[this.#at];
  }

  #take(sign: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'sign' || token.value !== sign) return false;
    this.#at += 1;
    return true;
  }

  #need(sign: string): void {
    if (!this.#take(sign)) throw new Error(`${this.#text}: expected ${sign}`);
  }
}
