import { cleanForTerminal } from '../redact.js';
import type { BranchShape, EventDetail, EventRow, StepShape, TrialShape } from '../view/shapes.js';

const clean = (value: unknown): string => cleanForTerminal(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));
const MAX_SHOWN_CHARACTERS = 200;
const short = (value: unknown): string => {
  const text = clean(value);
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}…` : text;
};

/** Short codes of steps in words; what is not here is told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  'when-false': 'its `when` is false',
  'missing-output': 'it reads what an earlier step did not make',
  closed: 'the incident was closed first',
  stopped: 'an earlier step failed',
  once: 'not called: done already within its `once`',
  collapsed: 'over budget: a row of its channel’s digest',
  probe: 'the answer was lost; it was looked for, and it is there',
  'probed-absent': 'the answer was lost; it was looked for, and it is not there',
  'resolved-by-person': 'a person says it is done',
  abandoned: 'a person gave it up',
  shadow: 'planned, not called',
};

/** A label once, then its lines below each other. */
function section(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(9)} ${line}`);
}

function seconds(from: string, to: string): string {
  return `${Math.max(0, (Date.parse(to) - Date.parse(from)) / 1_000).toFixed(1)} s later`;
}

function stepLine({ id, use, state, attempts, out, shadow, reason, detail, dueAt }: StepShape): string {
  const made = out === undefined ? (shadow === undefined ? '' : ` → would send ${short(shadow)}`) : ` → ${short(out)}`;
  const words = reason === undefined ? undefined : (REASONS[reason] ?? reason);
  const told = [words, reason === 'closed' ? undefined : detail].filter((part) => part !== undefined);
  const why = told.length === 0 ? '' : ` · ${told.map(short).join(': ')}`;
  const calls = attempts > 1 || (attempts > 0 && state === 'skipped') ? ` · ${attempts} ${attempts === 1 ? 'call' : 'calls'}` : '';
  const due = dueAt === undefined ? '' : ` · again at ${clean(dueAt)}`;
  return `${state.padEnd(9)} ${clean(id)} · ${clean(use)}${made}${why}${calls}${due}`;
}

function branchLines({ route, list, mode, steps }: BranchShape): string[] {
  const head = `${clean(route)}: ${list}${mode === 'shadow' ? ' (shadow)' : ''}`;
  return [head, ...steps.map((step) => `  ${stepLine(step)}`)];
}

/** Each route that was tried; in one line those that were not, because an earlier one took it. */
function trialLines(trials: readonly TrialShape[], takes: string): string[] {
  const rest = trials.filter(({ reason }) => reason === 'after-first-match').map(({ route }) => clean(route));
  const tried = trials.filter(({ reason }) => reason !== 'after-first-match').map((trial) => trialLine(trial, takes));
  return rest.length === 0 ? tried : [...tried, `${rest.join(', ')}: not tried after that`];
}

function trialLine({ route, matched, reason, clause, values, detail }: TrialShape, takes: string): string {
  const name = clean(route);
  if (matched) return `${name}: ${takes}`;
  const read = Object.entries(values ?? {}).map(([path, value]) => `${clean(path)} is ${short(value === '' ? '""' : value)}`);
  const seen = read.length === 0 ? '' : `; ${read.join(', ')}`;
  if (reason === 'when-error') return `${name}: its \`when\` failed: ${detail === undefined ? `${clean(clause)}${seen}` : short(detail)}`;
  return `${name}: not true: ${clean(clause)}${seen}`;
}

interface EventFacts {
  readonly type?: string;
  readonly source?: string;
  readonly partitionkey?: string;
  readonly recordedtime?: string;
  readonly data?: { readonly labels?: Readonly<Record<string, unknown>>; readonly annotations?: { readonly summary?: unknown } };
}

/** What the event says, in a line or two: an alert's labels and summary, else the beginning of its data. */
function about(event: EventFacts | undefined): string[] {
  const { data, type } = event ?? {};
  // What these carry, the sentences say.
  if (data === undefined || data === null || type === 'router.command' || type === 'router.expiry') return [];
  const { labels, annotations } = data;
  if (labels === undefined || typeof labels !== 'object') return [short(data)];
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [short(pairs.join(' ')), ...(annotations?.summary === undefined ? [] : [short(annotations.summary)])];
}

/** Everything about one event, for a person. No line can carry a control character of the event's. */
export function explainLines(detail: EventDetail): string[] {
  const { id, state, incident, decidedAt, endedAt, explanation, branches, duplicates } = detail;
  const event = detail.event as EventFacts | undefined;
  const received = event?.recordedtime;
  const when = [
    ...(received === undefined ? [] : [`received ${clean(received)}`]),
    ...(endedAt === undefined ? [] : [`ended ${clean(endedAt)}${received === undefined ? '' : ` (${seconds(received, endedAt)})`}`]),
    ...(endedAt === undefined && decidedAt !== undefined ? [`begun ${clean(decidedAt)}`] : []),
  ];
  const repeated = duplicates.map(({ at, offset }) => `again ${clean(at)} (offset ${offset})`);
  const isChanged = explanation.mappingsChanged && explanation.routes.length > 0;
  const routes = [
    ...(isChanged ? ['(the mappings have changed since: this is how they would do today)'] : []),
    ...trialLines(explanation.routes, isChanged ? 'would take it' : 'took it'),
  ];
  return [
    `${clean(id)}: ${state}`,
    ...section('event', event === undefined ? [] : [`${clean(event.type)} from ${clean(event.source)}, key ${clean(event.partitionkey)}`]),
    ...section('about', about(event)),
    ...section('when', [...(when.length === 0 ? [] : [when.join(', ')]), ...repeated]),
    ...section('incident', incident === undefined ? [] : [clean(incident)]),
    ...section('why', explanation.sentences.map(clean)),
    ...section('routes', routes),
    ...section('steps', branches.flatMap(branchLines)),
    ...section('next', explanation.next.map(clean)),
  ];
}

/** One event in a list. */
export function rowLine({ id, time, type, state, meaning, reason, key }: EventRow): string {
  const about = meaning === undefined || meaning === 'none' ? (reason ?? '') : meaning;
  return `${clean(time).padEnd(24)}  ${state.padEnd(11)}  ${clean(id)}  ${clean(type)}  ${clean(about)}  ${clean(key)}`;
}
