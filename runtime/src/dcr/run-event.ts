import { durationText } from './duration-text.js';

/** What `notify` is told. Argo's own words for a workflow's end are taken too. */
export const NOTICES = ['started', 'progress', 'manual-intervention', 'succeeded', 'failed'] as const;
export type Notice = (typeof NOTICES)[number];

export function noticeOf(word: string): Notice | undefined {
  const plain = word.toLowerCase();
  return plain === 'error' ? 'failed' : NOTICES.find((notice) => notice === plain);
}

export interface RunFacts {
  readonly run: string;
  readonly cluster: string;
  readonly notice: Notice;
  /** Replaces the notice's own word, e.g. "waiting for farmers". */
  readonly state?: string | undefined;
  readonly message?: string | undefined;
  readonly farmers?: number | undefined;
  readonly expectedFarmers?: number | undefined;
  readonly percent?: number | undefined;
  /** Names this telling; a repetition with the same id is one event for the router. */
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
}

export interface RunEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: 'dcr.run';
  readonly time: string;
  readonly correlationid: string;
  readonly phase: 'firing' | 'update' | 'resolved';
  readonly datacontenttype: 'application/json';
  readonly data: Readonly<Record<string, unknown>>;
}

const STATES: Readonly<Record<Notice, string>> = {
  started: 'started',
  progress: 'running',
  'manual-intervention': 'manual intervention required',
  succeeded: 'done',
  failed: 'failed',
};

/**
 * CloudEvents of type dcr.run, in order: one thread per run, since all of a run's have one source and correlation id. A failure is told as an update and then
 * closes the run: an update begins the incident if the first notice was lost, so that the ticket is written in any case; a close alone would not.
 */
export function runEvents(facts: RunFacts): RunEvent[] {
  const { run, cluster, notice, id, time } = facts;
  const optional = { message: facts.message, farmers: facts.farmers, expectedFarmers: facts.expectedFarmers, percent: facts.percent };
  const data = {
    runId: run,
    cluster,
    state: facts.state ?? STATES[notice],
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
  };
  const event = (phase: RunEvent['phase'], suffix: string): RunEvent => ({
    specversion: '1.0',
    id: `${id}${suffix}`,
    source: `/dcr/${cluster}`,
    type: 'dcr.run',
    time,
    correlationid: run,
    phase,
    datacontenttype: 'application/json',
    data,
  });
  switch (notice) {
    case 'started':
      return [event('firing', '')];
    case 'progress':
    case 'manual-intervention':
      return [event('update', '')];
    case 'succeeded':
      return [event('resolved', '')];
    case 'failed':
      return [event('update', '.told'), event('resolved', '.closed')];
  }
}

export interface InterventionFacts {
  /** What waits: a phase. */
  readonly subject: string;
  readonly message: string | undefined;
  readonly waitMs: number;
  readonly workflow: string;
  readonly namespace: string;
  /** Display name of the suspended step. */
  readonly step: string;
  readonly runbookUrl: string;
}

/** The notice of a suspended workflow: why, how long, where to read, and the three commands that end it. */
export function interventionText(facts: InterventionFacts): string {
  const { subject, message, waitMs, workflow, namespace, step, runbookUrl } = facts;
  const decide = (decision: string): string => {
    const at = `-n ${namespace} ${workflow} --node-field-selector displayName=${step}`;
    return `${decision}: argo node set ${at} -p decision=${decision} && argo resume ${at}`;
  };
  return [
    `Manual intervention required, waiting ${durationText(waitMs)}; without an answer the run is aborted. Step: ${subject}${message === undefined ? '' : `: ${message}`}`,
    `Runbook: ${runbookUrl}`,
    decide('retry'),
    decide('proceed'),
    decide('abort'),
  ].join('\n');
}
