import { DcrError } from './dcr-error.js';

/** What `wait --phase` waits for. Each is true only for the run that is asked about, and stays true when the run has gone further. */
export type Phase =
  | { readonly name: 'synced'; readonly sha: string }
  | { readonly name: 'registered' }
  | { readonly name: 'farmers'; readonly count: number }
  | { readonly name: 'rebuilt' }
  | { readonly name: 'cache-written' };

/** The time-out of these counts time without progress; the others' counts from the start of the wait. */
export const countsFromProgress = (phase: Phase): boolean => phase.name === 'rebuilt' || phase.name === 'cache-written';

/** @throws DcrError USAGE */
export function parsePhase(text: string): Phase {
  const synced = /^synced:([0-9a-f]{40}|[0-9a-f]{64})$/.exec(text);
  if (synced !== null) return { name: 'synced', sha: synced[1] as string };
  const farmers = /^farmers:(\d{1,3})$/.exec(text);
  if (farmers !== null) return { name: 'farmers', count: Number(farmers[1]) };
  if (text === 'registered' || text === 'rebuilt' || text === 'cache-written') return { name: text };
  throw new DcrError(
    'USAGE',
    `--phase: expected synced:<commit, 40 hex digits>, registered, farmers:<count>, rebuilt or cache-written; received ${JSON.stringify(text.slice(0, 100))}`,
  );
}
