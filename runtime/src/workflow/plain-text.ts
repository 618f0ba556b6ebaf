/** Control characters, and those that turn the direction of what follows: a text must not look like another. Tab and newline stay. */
// biome's rule against control characters in patterns is met by property escapes.
const UNSEEN = /[\p{Cc}\p{Cs}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Text from outside as any target may take it: well-formed Unicode (half a surrogate pair breaks encoders), newlines as \n, and each control or direction
 * character as U+FFFD, so that one sees that there was something.
 */
export function plainText(text: string): string {
  return text
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(UNSEEN, (character) => (character === '\n' || character === '\t' ? character : '\ufffd'));
}

/** One line, without space at its ends. */
export const oneLine = (text: string): string => plainText(text).replaceAll(/\s+/g, ' ').trim();

/**
 * As many whole characters as fit: `encode` gives what a character (or what it becomes) is at the target, `size` what that counts. Ends in … when cut.
 * Cutting after encoding would cut an escape in two; before it, the escapes would not fit.
 */
export function fitText(text: string, most: number, encode: (character: string) => string, size: (encoded: string) => number): string {
  const mark = encode('…');
  const room = most - size(mark);
  let fitting = '';
  let made = '';
  let used = 0;
  for (const character of text) {
    const encoded = encode(character);
    used += size(encoded);
    if (used > most) return fitting + mark;
    made += encoded;
    if (used <= room) fitting = made;
  }
  return made;
}

/** UTF-16 code units, as most targets count characters. */
export const characters = (encoded: string): number => encoded.length;
export const utf8Bytes = (encoded: string): number => Buffer.byteLength(encoded);
