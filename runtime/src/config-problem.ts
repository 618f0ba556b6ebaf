import type { z } from 'zod';

/** One thing wrong in the configuration. */
export interface ConfigProblem {
  /** Dotted path, e.g. destinations.slack.budget.perSecond; "" is the whole document. */
  readonly path: string;
  readonly expected: string;
  /** What stands there, shortened; "(hidden)" where it might be a secret. */
  readonly received: string;
  /** What to do next. */
  readonly hint?: string;
}

export type Path = readonly PropertyKey[];

const SECRET_NAME = /(token|password|passwd|secret|apikey|api_key|credential|authorization)s?$/i;

/** Does a key of this name hold a secret itself (and not the name of a file)? */
export function namesSecret(key: string): boolean {
  return SECRET_NAME.test(key);
}

export function dotted(path: Path): string {
  return path.map(String).join('.');
}

/** The received value, one line, at most 80 characters, never a secret. */
export function shown(value: unknown, key: string): string {
  if (value === undefined) return 'nothing';
  if (namesSecret(key)) return '(hidden)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  const safe = text.replace(/\/\/[^/"@]*@/g, '//(hidden)@');
  return safe.length > 80 ? `${safe.slice(0, 79)}…` : safe;
}

/** The closest of the known names: at most a third of it mistyped, swapped neighbours count once, case and separators apart. */
export function didYouMean(given: string, known: readonly string[]): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
  const scored = known.map((name) => ({ name, distance: editDistance(plain(given), plain(name)) })).sort((a, b) => a.distance - b.distance);
  const best = scored[0];
  return best && best.distance <= Math.max(1, Math.floor(best.name.length / 3)) ? best.name : undefined;
}

function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const edit = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next.push(swapped ? Math.min(edit, (before[j - 2] ?? 0) + 1) : edit);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** An unknown key: names the one that was probably meant, or what may stand there. */
export function unknownKey(path: Path, key: string, known: readonly string[]): ConfigProblem {
  const file = known.find((name) => name.toLowerCase() === `${key.toLowerCase()}file`);
  const meant = didYouMean(key, known);
  const hint = file ? `secrets are given as files: use "${file}"` : meant ? `did you mean "${meant}"?` : `known here: ${known.join(', ')}`;
  return { path: dotted([...path, key]), expected: 'no such key', received: `"${key}"`, hint };
}

/** zod's issues in our words. `known` lists the keys that may stand at a path. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  input: unknown,
  base: Path,
  known: (path: Path) => readonly string[],
): ConfigProblem[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, known(issue.path)));
    const received = shown(valueAt(input, issue.path), String(path.at(-1) ?? ''));
    const hidden = issue.code === 'custom' && issue.params?.hide === true;
    return [{ path: dotted(path), expected: expectedOf(issue), received: hidden ? '(hidden)' : received }];
  });
}

function expectedOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int'
        ? 'a whole number'
        : issue.expected === 'record'
          ? 'an object'
          : `${/^[aio]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value':
      return issue.values.length === 1
        ? JSON.stringify(issue.values[0])
        : `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      return issue.origin === 'string' ? 'some text' : `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`;
    case 'too_big':
      return `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
    case 'custom':
      return typeof issue.params?.expected === 'string' ? issue.params.expected : issue.message;
    case 'invalid_key':
      return issue.issues[0]?.message.replace(/^expected /, '') ?? issue.message;
    default:
      return issue.message.replace(/^expected /, '');
  }
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Object.getOwnPropertyDescriptor(value, key)?.value : undefined),
    input,
  );
}

/** All problems as one text, each on its line. */
export function describeProblems(problems: readonly ConfigProblem[], origin: string): string {
  const lines = problems.map(
    ({ path, expected, received, hint }) =>
      `  ${path || '(document)'}: expected ${expected}, received ${received}${hint ? `; ${hint}` : ''}`,
  );
  return `${problems.length} problem${problems.length === 1 ? '' : 's'} in ${origin}:\n${lines.join('\n')}`;
}
