import type { Workflow } from './kube-objects.js';
import type { Assignments } from './values-edit.js';
import type { ValuesCommit } from './values-repo.js';

/** Who turned the farmers on: the oldest commit of the newest stretch in which they are on. Undefined: they are off. */
export function whoEnabled(history: readonly ValuesCommit[]): ValuesCommit | undefined {
  let by: ValuesCommit | undefined;
  for (const commit of history) {
    if (commit.values.farmersEnabled !== true) break;
    by = commit;
  }
  return by;
}

const FINISHED = new Set(['Succeeded', 'Failed', 'Error']);
const KEEP_PARAMETER = 'keepFarmersOnFailure';

const isOfRun = (workflow: Workflow, run: string): boolean =>
  workflow.metadata.uid === run || workflow.metadata.name === run || workflow.metadata.labels?.['dcr.example.io/run'] === run;

export interface ReapDecision {
  /** none: nothing to do. report: farmers run that are not ours to take down. reap: take them down. */
  readonly what: 'none' | 'report' | 'reap';
  readonly run: string | undefined;
  readonly reason: string;
  readonly assignments?: Assignments;
}

/**
 * Farmers cost much and a workflow that was terminated does not take them down. They are taken down when the commit that turned them on carries the run of a workflow
 * that is gone. Farmers set by hand are only reported, and so are those that a failed workflow was told to keep.
 */
export function decideReap(history: readonly ValuesCommit[], workflows: readonly Workflow[]): ReapDecision {
  const by = whoEnabled(history);
  if (by === undefined) return { what: 'none', run: undefined, reason: 'farmers are off' };
  const since = `since ${by.at} (${by.sha.slice(0, 12)})`;
  if (by.run === undefined) return { what: 'report', run: undefined, reason: `farmers are on ${since}, set by hand by ${by.author}` };
  const own = workflows.filter((workflow) => isOfRun(workflow, by.run as string));
  const unfinished = own.find(({ status }) => !FINISHED.has(status?.phase ?? ''));
  if (unfinished !== undefined)
    return {
      what: 'none',
      run: by.run,
      reason: `workflow ${unfinished.metadata.name} of run ${by.run} is ${unfinished.status?.phase || 'pending'}`,
    };
  const kept = own.find(({ spec }) =>
    spec?.arguments?.parameters?.some(({ name, value }) => name === KEEP_PARAMETER && String(value) === 'true'),
  );
  if (kept !== undefined)
    return {
      what: 'report',
      run: by.run,
      reason: `farmers are on ${since}; workflow ${kept.metadata.name} has ended and was told to keep them (${KEEP_PARAMETER})`,
    };
  const end = own[0] === undefined ? 'is gone' : `${own[0].metadata.name} has ended (${own[0].status?.phase})`;
  return {
    what: 'reap',
    run: by.run,
    reason: `farmers are on ${since}, and the workflow of run ${by.run} ${end}`,
    assignments: { 'farmers.enabled': false },
  };
}
