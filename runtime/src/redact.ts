import type { Json } from './event/event.js';

/** What stands where a secret was. */
export const REDACTED = '[redacted]';

const SECRET_NAME = /pass(word|wd|phrase)?$|secret|token|authorization|api[-_]?key|private[-_]?key|credential|cookie/i;
/** Shorter values would redact ordinary words. */
const MIN_SECRET_CHARACTERS = 6;
const secrets = new Set<string>();

/** From now on this value is replaced wherever redactText or redactJson see it. */
export function registerSecret(value: string): void {
  if (value.length < MIN_SECRET_CHARACTERS) return;
  secrets.add(value);
  secrets.add(encodeURIComponent(value));
  secrets.add(Buffer.from(value).toString('base64'));
}

/** Is this the name of a field that holds a secret? */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** Registered secrets, and credentials in URLs, replaced. */
export function redactText(text: string): string {
  let clean = text.replaceAll(/\/\/[^/@\s]{1,200}@/g, `//${REDACTED}@`);
  for (const secret of secrets) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  return clean;
}

/** A copy in which fields named like secrets, and registered secrets anywhere, are replaced. */
export function redactJson(value: Json): Json {
  if (typeof value === 'string') return redactText(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(redactJson);
  const clean: { [key: string]: Json } = {};
  for (const [name, inner] of Object.entries(value)) {
    clean[redactText(name)] = isSecretName(name) && holdsValue(inner) ? REDACTED : redactJson(inner);
  }
  return clean;
}

/** A text, a number, or a list of them, as HTTP headers come in some payloads. */
function holdsValue(value: Json): boolean {
  return typeof value === 'string' || typeof value === 'number' || (Array.isArray(value) && value.every(holdsValue));
}

/** Control characters (terminal escapes among them), bidirectional overrides and line separators made visible; newlines and tabs too. */
export function cleanForTerminal(text: string): string {
  // biome's rule against control characters in patterns is met by building the class from code points.
  let clean = '';
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    const isControl =
      code < 0x20 ||
      (code >= 0x7f && code <= 0x9f) ||
      code === 0x2028 ||
      code === 0x2029 ||
      (code >= 0x202a && code <= 0x202e) ||
      (code >= 0x2066 && code <= 0x2069);
    clean += isControl ? `\\u${code.toString(16).padStart(4, '0')}` : character;
  }
  return clean;
}
