import type { JournalEntry } from './journal.js';
import type { History, Progress, Settled } from './records.js';
import { settledKey } from './records.js';

/** done: with the answer. unknown: a call was under way as it was replaced, and nobody knows what came of it; `detail` tells how it ended. */
export type Told = Omit<Settled, 'state'> & { state: 'done' | 'unknown' };

/** What an owner did, whoever owns the partition by now. */
export interface LateFact {
  readonly eventId: string;
  readonly branch: number;
  readonly step: string;
  readonly settled: Told;
}

/**
 * Of all that an owner writes after it has been replaced only this counts: the steps that it did, and calls of which it does not know what came of them. The
 * last ones of a run stand in its history alone.
 */
export function lateFacts(entries: readonly JournalEntry[]): LateFact[] {
  return entries.flatMap(({ key, value }): LateFact[] => {
    if (value === undefined) return [];
    if (key.startsWith('h/')) return ofHistory(key.slice(2), value as unknown as History);
    const [, letter, eventId, branch, step] = /^([di])\/(.+)\/(\d+)\/([^/]+)$/.exec(key) ?? [];
    if (letter === undefined || eventId === undefined || branch === undefined || step === undefined) return [];
    const settled = letter === 'd' ? done(value as unknown as Settled) : unknown(value as unknown as Progress);
    return settled === undefined ? [] : [{ eventId, branch: Number(branch), step, settled }];
  });
}

const done = ({ state, ...settled }: Settled): Told | undefined => (state === 'done' ? { state, ...settled } : undefined);

function unknown({ state, lastMs, n, reason, detail }: Progress): Told | undefined {
  if (state !== 'unsettled' && state !== 'ambiguous') return undefined;
  const said = { ...(reason === undefined ? {} : { reason }), ...(detail === undefined ? {} : { detail }) };
  return { state: 'unknown', atMs: lastMs, attempts: n, ...said };
}

function ofHistory(eventId: string, { branches }: History): LateFact[] {
  return branches.flatMap(({ steps }, branch) =>
    steps.flatMap(({ id, state, atMs, attempts, out, reason, detail }): LateFact[] => {
      if (state !== 'done' || atMs === undefined) return [];
      const said = {
        ...(out === undefined ? {} : { out }),
        ...(reason === undefined ? {} : { reason }),
        ...(detail === undefined ? {} : { detail }),
      };
      return [{ eventId, branch, step: id, settled: { state, atMs, attempts, ...said } }];
    }),
  );
}

/** Whether it says more than what was told before of the same step. */
export const saysMore = (fact: LateFact, before: LateFact['settled'] | undefined): boolean =>
  before === undefined || fact.settled.state === 'done';

/** The fact's key among those of its owner. */
export const factKey = ({ eventId, branch, step }: LateFact): string => settledKey(eventId, branch, step);
