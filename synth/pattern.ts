const WORD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_';
const SETS: Readonly<Record<string, string>> = { '\\w': WORD, '\\d': '0123456789' };
const CHARACTER = /\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|\\[^A-Za-z0-9\s]|[^\\]/y;
const REPEAT = /\{(\d+)(?:,(\d*))?\}/y;
/** Go's limit for {n,m}. */
const MAX_REPEAT = 1000;

/** A pattern in Go's words: Go has no \uHHHH, but takes the character itself. */
export function goPattern(source: string): string {
  return source.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * Reads a regular expression that JavaScript and Go's RE2 understand alike, or throws an Error with the reason: anchored at both ends;
 * characters, classes, \d, \w, groups, alternatives inside groups, quantifiers. No look-around, back-references, `.`, \s, \b: those differ.
 * Returns the printable ASCII characters that a matching text can hold; undefined when it can hold others.
 */
export function charsOfPattern(source: string): string | undefined {
  if (!/^\^.*[^\\]\$$|^\^\$$/s.test(source)) throw new Error('it must be anchored at both ends: ^…$');
  const end = source.length - 1;
  const chars = new Set<string>();
  let isOpen = false;
  let depth = 0;
  let at = 1;

  const take = (sticky: RegExp): RegExpExecArray | undefined => {
    sticky.lastIndex = at;
    const found = sticky.exec(source) ?? undefined;
    if (found) at += found[0].length;
    return found;
  };
  const refuse = (): never => {
    throw new Error(`JavaScript and Go do not share, or read differently: ${source.slice(at, at + 8)}`);
  };
  const character = (): number => {
    const text = take(CHARACTER)?.[0] ?? refuse();
    return /^\\[ux]/.test(text) ? Number.parseInt(text.slice(2), 16) : text.charCodeAt(text.length - 1);
  };
  const set = (): string | undefined => {
    const found = SETS[source.slice(at, at + 2)];
    if (found) at += 2;
    return found;
  };
  const add = (from: number, to = from): void => {
    if (from < 0x20 || to > 0x7e) isOpen = true;
    for (let code = from; code <= Math.min(to, 0x7e); code++) chars.add(String.fromCharCode(code));
  };
  const members = (): void => {
    at++;
    if (source[at] === '^') {
      isOpen = true;
      at++;
    }
    while (source[at] !== ']') {
      if (at >= end || source[at] === '[') refuse();
      const known = set();
      for (const one of known ?? '') chars.add(one);
      if (known) continue;
      const from = character();
      const isRange = source[at] === '-' && source[at + 1] !== ']';
      if (isRange) at++;
      add(from, isRange ? character() : from);
    }
    at++;
  };

  while (at < end) {
    const next = source[at] ?? '';
    if (next === '[') members();
    else if (next === '(') {
      if (source[at + 1] === '?' && source[at + 2] !== ':') refuse();
      at += source[at + 1] === '?' ? 3 : 1;
      depth++;
    } else if (next === '{') {
      const [, least = '', most] = take(REPEAT) ?? refuse();
      if (Math.max(Number(least), Number(most ?? 0)) > MAX_REPEAT) throw new Error(`Go repeats at most ${MAX_REPEAT} times`);
    } else if (next === '|' && depth === 0) throw new Error('an alternative outside a group escapes the anchors: write ^(?:a|b)$');
    else if ('.^$]}'.includes(next)) refuse();
    else if (')*+?|'.includes(next)) {
      depth -= next === ')' ? 1 : 0;
      at++;
    } else {
      const known = set();
      for (const one of known ?? '') chars.add(one);
      if (!known) add(character());
    }
  }
  return isOpen ? undefined : [...chars].join('');
}
