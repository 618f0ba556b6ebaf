import { type Epoch, type JournalRecord, MAX_TEXT_CHARACTERS } from './journal-record.js';

export type Marks = { readonly kind: 'begin'; readonly partitions: number } | { readonly kind: 'complete'; readonly begin: number };

/** One thing to append: entries, or a mark of a checkpoint, which never stands within a put. */
export type Item = (Marks | { readonly kind: 'put'; readonly text: string }) & {
  /** Offset of the (last) record that carries it. */
  resolve(offset: number): void;
  reject(error: Error): void;
};

/** A mark alone, or as many puts as fit one record, at least one. */
export function takeItems(items: Item[]): Item[] {
  let characters = 0;
  let count = 0;
  for (const item of items) {
    if (item.kind !== 'put') return items.splice(0, Math.max(1, count));
    characters += item.text.length;
    if (count > 0 && characters > MAX_TEXT_CHARACTERS) break;
    count += 1;
  }
  return items.splice(0, count);
}

export function recordsOf(epoch: Epoch, items: readonly Item[]): JournalRecord[] {
  const [first] = items;
  if (first?.kind === 'begin') return [{ epoch, kind: 'begin', partitions: first.partitions }];
  if (first?.kind === 'complete') return [{ epoch, kind: 'complete', begin: first.begin }];
  const texts = slices(joinTexts(items.map((item) => (item.kind === 'put' ? item.text : '[]'))));
  return texts.map((text, index) => ({ epoch, kind: index === texts.length - 1 ? 'put' : 'part', text }));
}

/** Lists as one list. */
function joinTexts(texts: readonly string[]): string {
  const [only] = texts;
  if (texts.length === 1 && only !== undefined) return only;
  const inner = texts.map((text) => text.slice(1, -1)).filter((text) => text !== '');
  return `[${inner.join(',')}]`;
}

function slices(text: string): string[] {
  if (text.length <= MAX_TEXT_CHARACTERS) return [text];
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    let to = Math.min(text.length, at + MAX_TEXT_CHARACTERS);
    // Never between the halves of a surrogate pair: UTF-8 cannot say one of them.
    if (to < text.length && /[\ud800-\udbff]/.test(text[to - 1] ?? '')) to -= 1;
    found.push(text.slice(at, to));
    at = to;
  }
  return found;
}
