/** Shorter values would redact ordinary words. */
export const MIN_SECRET_CHARACTERS = 6;

/** Header names whose values are no secrets even in a file of secrets. */
const HARMLESS_HEADER = /^(accept(-.*)?|content-type|user-agent|host|origin|referer)$/i;

/**
 * Every text under which the content of a secret file may come back: as it is, without its Authorization scheme, decoded from Basic, each value of a JSON
 * file of headers, and all of these in URL, JSON, base64 and base64url encoding, also inside a longer base64 text. Longest first.
 */
export function secretForms(content: string): readonly string[] {
  const forms = new Set<string>();
  for (const value of valuesOf(content)) for (const form of encodings(value)) if (form.length >= MIN_SECRET_CHARACTERS) forms.add(form);
  return [...forms].sort((a, b) => b.length - a.length);
}

function valuesOf(content: string): ReadonlySet<string> {
  const values = new Set<string>();
  const add = (value: string): void => {
    if (value.length < MIN_SECRET_CHARACTERS) return;
    values.add(value);
    const scheme = /^(basic|bearer|token|digest|apikey|splunk) +(\S.*)$/i.exec(value);
    const bare = scheme?.[2];
    if (bare === undefined) return;
    add(bare);
    if (scheme?.[1]?.toLowerCase() === 'basic') {
      const decoded = Buffer.from(bare, 'base64').toString('utf8');
      add(decoded);
      add(decoded.slice(decoded.indexOf(':') + 1));
    }
  };
  add(content);
  add(content.trim());
  for (const [name, value] of jsonLeaves(content)) if (!HARMLESS_HEADER.test(name)) add(value);
  return values;
}

/** [name, text] of every text in a JSON object or list; nothing when the content is no such JSON. */
function jsonLeaves(content: string): [string, string][] {
  if (!/^\s*[[{]/.test(content)) return [];
  const leaves: [string, string][] = [];
  try {
    JSON.parse(content, (name, value: unknown) => {
      if (typeof value === 'string') leaves.push([name, value]);
      return value;
    });
  } catch {
    // The destination says that the file is broken; its lines may hold secrets all the same.
    for (const [, value] of content.matchAll(/"((?:[^"\\]|\\.){6,})"/g)) leaves.push(['', value ?? '']);
  }
  return leaves;
}

function encodings(value: string): string[] {
  const bytes = Buffer.from(value, 'utf8');
  const base64 = [bytes.toString('base64'), ...[0, 1, 2].map((offset) => insideBase64(bytes, offset))];
  return [
    value,
    // From the bytes again: half a surrogate pair cannot be encoded.
    encodeURIComponent(bytes.toString('utf8')),
    JSON.stringify(value).slice(1, -1),
    ...base64,
    ...base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')),
  ];
}

/** The base64 characters that depend on these bytes alone when they begin `offset` bytes into a group of three: `user:secret` as Basic hides the secret so. */
function insideBase64(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
  return text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6));
}
