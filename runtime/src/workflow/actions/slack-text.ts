import { characters, fitText, plainText, utf8Bytes } from '../plain-text.js';

/** chat.postMessage: Slack cuts a text at 40,000 characters, escapes counted. */
const MOST_POSTED_CHARACTERS = 40_000;

/** chat.update refuses more than 4,000 (msg_too_long); bytes count, after escaping. */
export const MOST_EDITED_BYTES = 4_000;

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack's three control characters: with them escaped no `<!channel>`, `<@user>` or `<url|text>` of a payload is more than text. */
const escaped = (character: string): string => ESCAPES[character] ?? character;

/** A text for chat.postMessage. */
export const postedText = (text: string): string => fitText(plainText(text), MOST_POSTED_CHARACTERS, escaped, characters);

/** A text for chat.update, which takes less. */
export const editedText = (text: string): string => fitText(plainText(text), MOST_EDITED_BYTES, escaped, utf8Bytes);

/** What a text counts in an edit. */
export const editedBytes = (text: string): number => utf8Bytes([...plainText(text)].map(escaped).join(''));
