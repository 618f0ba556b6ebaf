import { z } from 'zod';
import type { JournalEntry } from '../../journal/journal.js';

/**
 * Which ownership of a partition wrote a record: `counter` rises with every take-over, `generation` is the group's. Both, because a group that was empty for
 * long begins again at generation 1, and because two members can take over at once, one of them without knowing that it is late.
 */
export interface Epoch {
  readonly counter: number;
  readonly generation: number;
}

/** Above 0: `a` is the later owner. */
export function compareEpochs(a: Epoch, b: Epoch): number {
  return a.counter - b.counter || a.generation - b.generation;
}

/**
 * One record of the journal topic.
 *
 *   begin     a checkpoint begins here: what follows of this epoch, up to `complete`, is the whole live state with the puts made meanwhile. It names the
 *             number of partitions, since another number would part keys from their state
 *   put       entries that are one with each other; `part` before it carries the beginning of a put that is too large for one record
 *   complete  the checkpoint that began at offset `begin` is whole: what earlier epochs wrote is not needed any more
 */
export type JournalRecord = { readonly epoch: Epoch } & (
  | { readonly kind: 'begin'; readonly partitions: number }
  | { readonly kind: 'part'; readonly text: string }
  | { readonly kind: 'put'; readonly text: string }
  | { readonly kind: 'complete'; readonly begin: number }
);

/** Of the text of one record: a batch must stay below the topic's max.message.bytes, and a UTF-16 unit can take three bytes. */
export const MAX_TEXT_CHARACTERS = 250_000;

const KINDS = ['begin', 'part', 'put', 'complete'] as const;
const head = z.tuple([z.int().min(0), z.int(), z.enum(KINDS), z.int().min(0)]);

/** `[counter,generation,kind,number]`, a newline, then the text. */
export function encodeRecord(record: JournalRecord): Buffer {
  const { epoch, kind } = record;
  const number = kind === 'complete' ? record.begin : kind === 'begin' ? record.partitions : 0;
  const text = kind === 'put' || kind === 'part' ? record.text : '';
  return Buffer.from(`${JSON.stringify([epoch.counter, epoch.generation, kind, number])}\n${text}`, 'utf8');
}

/** Longest first line: three whole numbers and a kind. */
const MAX_HEAD_BYTES = 100;

function readHead(value: Buffer): { end: number; head: z.output<typeof head> } | undefined {
  const end = value.subarray(0, MAX_HEAD_BYTES).indexOf(10);
  if (end < 0) return undefined;
  try {
    return { end, head: head.parse(JSON.parse(value.toString('utf8', 0, end))) };
  } catch {
    return undefined;
  }
}

/** Who wrote a record; undefined: it is not one of ours. */
export function epochOf(value: Buffer): Epoch | undefined {
  const found = readHead(value);
  return found && { counter: found.head[0], generation: found.head[1] };
}

/** undefined: not a record of ours. */
export function decodeRecord(value: Buffer): JournalRecord | undefined {
  const found = readHead(value);
  if (found === undefined) return undefined;
  const { end, head } = found;
  const [counter, generation, kind, number] = head;
  const epoch = { counter, generation };
  if (kind === 'begin') return { epoch, kind, partitions: number };
  if (kind === 'complete') return { epoch, kind, begin: number };
  return { epoch, kind, text: value.toString('utf8', end + 1) };
}

/** Entries as text: `[key]` removes, `[key, value]` sets. */
export function entriesToText(entries: readonly JournalEntry[]): string {
  return JSON.stringify(entries.map(({ key, value }) => (value === undefined ? [key] : [key, value])));
}

/** Throws SyntaxError for what is no such text. */
export function textToEntries(text: string): JournalEntry[] {
  return (JSON.parse(text) as [string, JournalEntry['value']][]).map(([key, value]) => ({ key, value }));
}
