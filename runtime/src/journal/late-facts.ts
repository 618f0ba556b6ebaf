import type { JournalEntry } from './journal.js';
import type { History, Settled } from './records.js';
import { settledKey } from './records.js';

/** What an owner did, whoever owns the partition by now. */
export interface LateFact {
  readonly eventId: string;
  readonly branch: number;
  readonly step: string;
  readonly settled: Settled;
}

/**
 * Of all that an owner writes after it has been replaced only this counts: the steps that it did. The last ones of a run stand in its history alone.
 */
export function lateFacts(entries: readonly JournalEntry[]): LateFact[] {
  return entries.flatMap(({ key, value }): LateFact[] => {
    if (value === undefined) return [];
    if (key.startsWith('h/')) return ofHistory(key.slice(2), value as unknown as History);
    const [, eventId, branch, step] = /^d\/(.+)\/(\d+)\/([^/]+)$/.exec(key) ?? [];
    const settled = value as unknown as Settled;
    if (eventId === undefined || branch === undefined || step === undefined || settled.state !== 'done') return [];
    return [{ eventId, branch: Number(branch), step, settled }];
  });
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

/** The fact's key among those of its owner. */
export const factKey = ({ eventId, branch, step }: LateFact): string => settledKey(eventId, branch, step);
