import type { Json } from '../../event/event.js';
import { characters, fitText, oneLine, plainText } from '../plain-text.js';

/** Jira's limit of a multi-line text; of a document its JSON counts. */
const MOST_TEXT_CHARACTERS = 32_767;
const MOST_SUMMARY_CHARACTERS = 255;
const MOST_LABEL_CHARACTERS = 255;

const asIs = (character: string): string => character;
const paragraph = (line: string): Json => ({ type: 'paragraph', content: line === '' ? [] : [{ type: 'text', text: line }] });
const document = (content: Json[]): Json => ({ type: 'doc', version: 1, content });
const PARAGRAPH_CHARACTERS = JSON.stringify(paragraph('x')).length;
const jsonCharacters = (character: string): number => (character === '\n' ? PARAGRAPH_CHARACTERS : JSON.stringify(character).length - 2);

/** Atlassian Document Format: text nodes only, so nothing in a payload is markup. `mark` is a last paragraph that is never cut. */
export function adf(text: string, mark?: string): Json {
  const marks = mark === undefined ? [] : [paragraph(mark)];
  const room = MOST_TEXT_CHARACTERS - JSON.stringify(document(marks)).length - PARAGRAPH_CHARACTERS - 1;
  return document([...fitText(plainText(text), room, asIs, jsonCharacters).split('\n').map(paragraph), ...marks]);
}

/** With a backslash each of these is only a character: no macro, link, mention, picture, table or emphasis. */
const wikiEscaped = (character: string): string => (/[\\{}[\]|*_^~+\-!#@]/.test(character) ? `\\${character}` : character);

/** Wiki markup of Data Center, escaped. `h1.` and `bq.` begin no heading or quote behind a word joiner. `mark` is a last line that is neither cut nor escaped. */
export function wiki(text: string, mark?: string): string {
  const plain = plainText(text).replaceAll(/^(\s*)(h[1-6]|bq)\./gm, '$1\u2060$2.');
  const end = mark === undefined ? '' : `\n${mark}`;
  return fitText(plain, MOST_TEXT_CHARACTERS - end.length, wikiEscaped, characters) + end;
}

/** One line of at most 255 characters. */
export const summaryText = (text: string): string => fitText(oneLine(text), MOST_SUMMARY_CHARACTERS, asIs, characters);

/** The label that an issue of a step carries: 48 bits of the key, unique among millions of issues. */
export const labelOf = (key: string): string => `sre-${key.slice(0, 12)}`;
const OUR_LABEL = /^sre-(?=[0-9a-f]{12}$)/i;

/** As labels must be: no spaces, at most 255 characters, not empty; none that looks like the label of another step. */
export function labelTexts(labels: readonly string[]): string[] {
  const cleaned = labels.map((label) => oneLine(label).replaceAll(/\s/g, '_').replace(OUR_LABEL, 'sre_'));
  const fitting = cleaned.map((label) => fitText(label, MOST_LABEL_CHARACTERS, asIs, characters));
  return [...new Set(fitting.filter((label) => label !== ''))];
}
