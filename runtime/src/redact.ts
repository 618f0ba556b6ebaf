import type { Json } from './event/event.js';
import { MIN_SECRET_CHARACTERS, secretForms } from './redact-forms.js';

/** What stands where a secret was. */
export const REDACTED = '[redacted]';

const SECRET_NAME =
  /passw(or)?d|pass[-_. ]?(phrase|code)|pass$|pwd|secret|token|authorization|(api|auth|access|private|signing|encryption|shared|ssh)[-_. ]?key|credential|cookie|bearer|session[-_. ]?id/i;
/** Contents of secret files kept in mind at once; with rotated ones, the longest unused go first. */
const MAX_SECRETS = 256;
/** Secrets of one payload, looked for in everything told of it. */
const MAX_PAYLOAD_SECRETS = 50;

const known = new Map<string, readonly string[]>();
let forms: readonly string[] = [];

/** From now on the content of this secret file is replaced wherever redactText, redactSecrets or redactJson see it, in any usual encoding. Cheap when known. */
export function registerSecret(content: string): void {
  if (content.length < MIN_SECRET_CHARACTERS) return;
  const before = known.get(content);
  if (before !== undefined) {
    known.delete(content);
    known.set(content, before);
    return;
  }
  known.set(content, secretForms(content));
  const oldest = known.keys().next().value;
  if (known.size > MAX_SECRETS && oldest !== undefined) known.delete(oldest);
  forms = [...new Set([...known.values()].flat())].sort((a, b) => b.length - a.length);
}

/** Is this the name of a field that holds a secret? */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

/** Name and value of a field in a JSON that is itself a text (a body kept as it came, cut or broken): quotes may be escaped, the end may be missing. */
const NAME_IN_TEXT = /(\\*")([^"\\]{1,100})\1\s{0,20}:\s{0,20}/g;
const VALUE_IN_TEXT = /(\\*").{0,2000}?(?:(?<!\\)\1|$)|[^\s"\\,}\]]{1,2000}/sy;

function hideFields(text: string): string {
  let clean = '';
  let done = 0;
  for (const { 0: before, 1: quote, 2: name = '', index } of text.matchAll(NAME_IN_TEXT)) {
    if (index < done || !isSecretName(name)) continue;
    VALUE_IN_TEXT.lastIndex = index + before.length;
    if (!VALUE_IN_TEXT.test(text)) continue;
    clean += `${text.slice(done, index + before.length)}${quote}${REDACTED}${quote}`;
    done = VALUE_IN_TEXT.lastIndex;
  }
  return clean + text.slice(done);
}

/** Registered secrets, and credentials in URLs, replaced; `own`: further texts to replace. Costs one search a secret form that is not longer than the text. */
export function redactText(text: string, own: readonly string[] = []): string {
  let clean = text.includes('//') ? text.replaceAll(/\/\/[^/@\s]{1,200}@/g, `//${REDACTED}@`) : text;
  for (const secret of forms) if (secret.length <= clean.length && clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  for (const secret of own) if (clean.includes(secret)) clean = clean.replaceAll(secret, REDACTED);
  return clean;
}

/** Registered secrets replaced, whatever the fields are called: for what a target answered, which later steps still have to work with. */
export function redactSecrets<T extends Json>(value: T): T {
  return forms.length === 0 ? value : (mapTexts(value, (text) => redactText(text)) as T);
}

/** A copy in which everything below fields named like secrets, and registered secrets anywhere, are replaced. */
export function redactJson(value: Json, own: readonly string[] = []): Json {
  if (typeof value === 'string') return redactText(value.includes('":') ? hideFields(value) : value, own);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((inner) => redactJson(inner, own));
  // fromEntries: a field called __proto__ stays a field.
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [redactText(name, own), isSecretName(name) ? hideLeaves(inner) : redactJson(inner, own)]),
  );
}

/** What texts in fields named like secrets may look like elsewhere: interpolated, or told back by a target, only their value tells them. */
export function payloadSecrets(value: Json | undefined): readonly string[] {
  const found = new Set<string>();
  const look = (inner: Json, isSecret: boolean): void => {
    if (typeof inner === 'string' && isSecret && inner.length >= MIN_SECRET_CHARACTERS) found.add(inner);
    if (inner === null || typeof inner !== 'object' || found.size >= MAX_PAYLOAD_SECRETS) return;
    for (const [name, below] of Object.entries(inner)) look(below, isSecret || isSecretName(name));
  };
  if (value !== undefined) look(value, false);
  return [...new Set([...found].flatMap(secretForms))].sort((a, b) => b.length - a.length);
}

function hideLeaves(value: Json): Json {
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value !== 'object') return REDACTED;
  if (Array.isArray(value)) return value.map(hideLeaves);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [redactText(name), hideLeaves(inner)]));
}

function mapTexts(value: Json, map: (text: string) => string): Json {
  if (typeof value === 'string') return map(value);
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((inner) => mapTexts(inner, map));
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [map(name), mapTexts(inner, map)]));
}

/** Control characters (terminal escapes among them), line separators and marks that turn the reading direction. */
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** For a terminal or a log: what could move the cursor, colour, hide or reorder text is made visible as \uXXXX; newlines and tabs too. */
export function cleanForTerminal(text: string): string {
  return text.replaceAll(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
