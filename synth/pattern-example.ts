/** One short text that a pattern of charsOfPattern() takes: first alternatives, least repeats, first members of sets. */
export function exampleOfPattern(source: string): string {
  const body = source.slice(1, -1);
  let at = 0;

  const member = (): string => {
    const [, escaped, plain] = /^(?:\\([^ux])|\\[ux][0-9a-fA-F]+|([^\\]))/.exec(body.slice(at)) ?? [];
    const whole = /^\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)|^./s.exec(body.slice(at))?.[0] ?? '';
    at += whole.length;
    if (escaped === 'd') return '0';
    if (escaped === 'w') return 'a';
    return escaped ?? plain ?? String.fromCharCode(Number.parseInt(whole.slice(2), 16));
  };
  const set = (): string => {
    at++;
    const isNegated = body[at] === '^';
    if (isNegated) at++;
    const first = member();
    while (body[at] !== ']') member();
    at++;
    return isNegated ? 'x' : first;
  };
  const atom = (): string => {
    if (body[at] === '[') return set();
    if (body[at] !== '(') return member();
    at += body[at + 1] === '?' ? 3 : 1;
    const inner = alternatives();
    at++;
    return inner;
  };
  const repeated = (text: string): string => {
    const [quantifier, least] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/.exec(body.slice(at)) ?? [];
    at += quantifier?.length ?? 0;
    if (least !== undefined) return text.repeat(Number(least));
    return quantifier?.startsWith('*') || quantifier?.startsWith('?') ? '' : text;
  };
  const sequence = (): string => {
    let text = '';
    while (at < body.length && body[at] !== '|' && body[at] !== ')') text += repeated(atom());
    return text;
  };
  const alternatives = (): string => {
    const first = sequence();
    while (body[at] === '|') {
      at++;
      sequence();
    }
    return first;
  };
  return alternatives();
}
