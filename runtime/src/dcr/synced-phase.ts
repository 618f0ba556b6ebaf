import type { Application } from './kube-objects.js';
import type { Look } from './look.js';

export interface SyncedFacts {
  readonly sha: string;
  readonly run: string;
  /** Is our commit this revision, or before it? */
  contains(revision: string): Promise<boolean>;
  /** dcr.runId in the values file at that revision. */
  runAt(revision: string): Promise<string | undefined>;
}

/** Argo CD's answer judged: our commit is what is applied, or before it, and the values there still name this run. */
export async function judgeSynced(application: Application | undefined, facts: SyncedFacts): Promise<Look> {
  if (application === undefined) return { verdict: 'pending', seen: 'there is no such Application' };
  const { sync, operationState, health } = application.status ?? {};
  const revisions = revisionsOf(sync);
  const seen = `the Application is ${sync?.status ?? 'Unknown'} at ${revisions.map((revision) => revision.slice(0, 12)).join(', ') || 'no revision'} (health ${health?.status ?? 'unknown'})`;
  const ours = await firstWith(revisions, facts);
  if (ours !== undefined && sync?.status === 'Synced') {
    const run = await facts.runAt(ours);
    if (run === facts.run) return { verdict: 'reached', seen };
    return { verdict: 'superseded', seen: `${seen}; the values there name run ${run ?? '(none)'}, not ${facts.run}` };
  }
  // Argo CD does not try the same commit again after a failed sync. A failure of an earlier commit says nothing about ours.
  const isFailed = operationState?.phase === 'Failed' || operationState?.phase === 'Error';
  if (isFailed && (await firstWith(revisionsOf(operationState?.syncResult), facts)) !== undefined)
    return {
      verdict: 'failed',
      seen: `${seen}; the sync of this commit ${operationState?.phase === 'Error' ? 'had an error' : 'failed'}: ${(operationState?.message ?? '').slice(0, 300)}`,
    };
  const waits = ours === undefined ? `waiting for ${facts.sha.slice(0, 12)}` : 'the commit is seen, not yet applied';
  return { verdict: 'pending', seen: `${seen}; ${waits}${operationState?.phase === 'Running' ? ', a sync is running' : ''}` };
}

/** One of several sources may be the chart's repository, where our commit is unknown. */
async function firstWith(revisions: readonly string[], facts: SyncedFacts): Promise<string | undefined> {
  for (const revision of revisions) if (await facts.contains(revision)) return revision;
  return undefined;
}

const revisionsOf = (sync: { revision?: string | undefined; revisions?: string[] | undefined } | undefined): string[] =>
  [...(sync?.revisions ?? []), sync?.revision ?? ''].filter((revision) => revision !== '');
