import { cleanForTerminal } from '../redact.js';
import type { Workflow } from './kube-objects.js';
import type { NodeStatus } from './node-status.js';
import type { ValuesCommit } from './values-repo.js';

/** A part that could not be read says why; the others are shown all the same. */
export type Part<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

export interface StatusReport {
  readonly workflows: Part<readonly WorkflowLine[]>;
  readonly synchronizer: Part<NodeStatus>;
  readonly pods: Part<Readonly<Record<string, { wanted: number; ready: number }>>>;
  readonly application: Part<{ sync: string; revision: string; health: string }>;
  readonly cache: Part<string>;
  /** Newest first. */
  readonly history: Part<readonly ValuesCommit[]>;
}

export interface WorkflowLine {
  readonly name: string;
  /** running, waiting (for a person), pending (for the mutex), succeeded, failed. */
  readonly state: 'running' | 'waiting' | 'pending' | 'succeeded' | 'failed';
  readonly since: string;
  readonly step: string | undefined;
  readonly message: string | undefined;
}

export function workflowLine({ metadata, status }: Workflow): WorkflowLine {
  const nodes = Object.values(status?.nodes ?? {});
  const active = nodes.filter(({ phase }) => phase === 'Running');
  const suspended = active.find(({ type }) => type === 'Suspend');
  const working = active.find(({ type }) => type === 'Pod');
  const phase = status?.phase ?? '';
  const state =
    phase === 'Succeeded'
      ? 'succeeded'
      : phase === 'Failed' || phase === 'Error'
        ? 'failed'
        : phase !== 'Running'
          ? 'pending'
          : suspended !== undefined
            ? 'waiting'
            : 'running';
  return {
    name: metadata.name,
    state,
    since: metadata.creationTimestamp ?? '',
    step: (suspended ?? working)?.displayName,
    message: status?.message,
  };
}

const clean = (text: string): string => cleanForTerminal(text);

/** The same for people. */
export function statusText(report: StatusReport): string {
  const lines: string[] = [];
  const section = <T>(title: string, part: Part<T>, show: (value: T) => string[]): void => {
    const body = part.ok ? show(part.value) : [`unknown: ${clean(part.why)}`];
    lines.push(title, ...(body.length === 0 ? ['none'] : body).map((line) => `  ${line}`));
  };
  section('Runs', report.workflows, (runs) =>
    runs.map((run) =>
      clean([run.state.padEnd(9), run.name, run.since, run.step ?? '', run.message ?? ''].filter((text) => text !== '').join('  ')),
    ),
  );
  section('Synchronizer', report.synchronizer, ({ code, text, counters }) => [
    `${code}${text === '' ? '' : `: ${text}`}`,
    ...Object.entries(counters).map(([name, count]) => clean(`${name} ${count}`)),
  ]);
  section('Pods', report.pods, (sets) => Object.entries(sets).map(([name, { wanted, ready }]) => `${name}: ${ready} of ${wanted} ready`));
  section('Application', report.application, ({ sync, revision, health }) => [
    clean(`${sync} at ${revision.slice(0, 12) || 'no revision'}, ${health}`),
  ]);
  section('Cache', report.cache, (seen) => [clean(seen)]);
  section('Replicas in git, newest first', report.history, (commits) => commits.map(commitLine));
  return lines.join('\n');
}

function commitLine({ sha, at, author, run, phase, values }: ValuesCommit): string {
  const { farmersEnabled, farmersReplicas, synchronizerEnabled } = values;
  const flag = (value: boolean | undefined): string => (value === undefined ? 'default' : value ? 'on' : 'off');
  const by = run === undefined ? `by hand (${author})` : `${phase ?? 'run'} ${run}`;
  return clean(
    `${at}  ${sha.slice(0, 12)}  farmers ${flag(farmersEnabled)} × ${farmersReplicas ?? 'default'}  synchronizer ${flag(synchronizerEnabled)}  ${by}`,
  );
}
