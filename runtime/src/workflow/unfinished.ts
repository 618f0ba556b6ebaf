import type { Journal } from '../journal/journal.js';
import type { Accepted, Progress } from '../journal/records.js';

/**
 * What the journal has as unfinished, in the order in which the runs take their keys again: those with a call that may be under way, or work at a
 * target, first (they hold the key, also against a run that a person released before them), then as accepted.
 */
export async function readUnfinished(journal: Pick<Journal, 'range'>, partition: number): Promise<Accepted[]> {
  const begun = new Set<string>();
  for await (const { key, value } of journal.range(partition, 'i/')) {
    const { state, forced } = value as unknown as Progress;
    if ((state === 'intent' || state === 'unsettled' || state === 'ongoing') && forced !== true) begun.add(key.slice(2));
  }
  for await (const { key } of journal.range(partition, 'd/')) begun.delete(key.slice(2));
  const holding = new Set([...begun].map((name) => name.split('/').slice(0, -2).join('/')));
  const unfinished: Accepted[] = [];
  for await (const { value } of journal.range(partition, 'a/')) unfinished.push(value as unknown as Accepted);
  const rank = ({ event }: Accepted): number => (holding.has(event.id) ? 0 : 1);
  return unfinished.sort((a, b) => rank(a) - rank(b) || a.offset - b.offset);
}
