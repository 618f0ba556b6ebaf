import type { Event } from '../event/event.js';
import type { Branch, Marker, Meaning } from '../journal/records.js';
import type { RouteTable, RouteTrial } from '../plan.js';
import type { BranchShape, Explanation, State } from './shapes.js';

/** A body that a source could not read (manager/poison.ts). */
const POISON_TYPE = 'router.poison';

/** What is known of an event when it is explained. */
export interface Facts {
  readonly id: string;
  readonly state: State;
  readonly event: Event | undefined;
  readonly isUnreadable: boolean;
  readonly meaning: Meaning;
  readonly reason: string | undefined;
  /** Of an ended event. */
  readonly marker: Marker | undefined;
  readonly branches: readonly BranchShape[];
  /** Later deliveries of the same id. */
  readonly duplicates: number;
  /** First digits of the hash of the mappings by which it was decided. */
  readonly table: string | undefined;
  readonly routes: RouteTable;
}

const MEANINGS: Readonly<Record<Meaning, string>> = {
  none: 'It belongs to no incident.',
  opens: 'It opened an incident.',
  reopens: 'It reopened an incident: its start had been closed before, or it came soon after the close.',
  repeat: 'A repeat: it says nothing new about its incident.',
  closes: 'It closed its incident.',
  'closes-stale': 'It closed its incident.',
  orphan: 'It resolves an incident that was never seen firing.',
  update: 'It updates its open incident.',
  expires: 'It closed its incident as expired.',
};

/** By the short codes of incident/bind.ts and workflow/accept.ts. */
const REASONS: Readonly<Record<string, string>> = {
  'no-correlation': 'It has no correlation id, so it belongs to no incident and stands for itself.',
  'no-incident-stands': 'It opened an incident: none stood for its correlation id.',
  'new-occurrence-new-incident':
    'It opened a new incident: the one before had been closed for longer than incidents.reopenWithin, or its route has no `reopened` list.',
  'new-occurrence': 'It reopened its incident: it began anew within incidents.reopenWithin of the last close.',
  'start-already-closed':
    'It reopened its incident: it fires with a start that had been closed before, so it may be a late or stale firing.',
  'start-already-closed-new-incident':
    'It fires with a start that had been closed before; too late to reopen that incident, or its route has no `reopened` list: a new incident.',
  'firing-while-open': 'A repeat: it fires, and its incident is open already.',
  'firing-while-open-untaken':
    'A repeat: it fires, and its incident is open already. No live route had taken that one, so the routes were tried again.',
  'resolved-while-closed': 'A repeat: it is resolved, and its incident is closed already.',
  'update-of-open-incident': 'It updates its open incident.',
  'resolved-without-firing': 'It resolves an incident that was never seen firing (an orphan): recorded as closed, nothing runs.',
  resolved: 'It closed its incident.',
  'same-end-as-before': 'It closed its incident with the same end as the close before: the reopening in between was stale.',
  'no-sign-of-life': 'No sign of life had come for incidents.expireAfter: its incident is closed as expired.',
  'journal-damaged': 'Its journal record was damaged on disk and set aside: its run cannot go on. Nothing more runs for it.',
  'expiry-void': 'Its incident had shown a sign of life in the meantime, or was closed: nothing expired.',
  'digest-row': 'A message that was over its budget: it became a row of the digest of its channel.',
  'digest-reply': "A reply to a message that had become a row: it goes to the digest's thread.",
  resubmit: 'A command: an event was submitted again, as a new one.',
  'command-invalid': 'A command that could not be read: nothing was done.',
  'command-target-not-unfinished': 'The command came too late: its run had ended. Nothing was done.',
  'command-overtaken': 'Another command for the same run came first: nothing was done.',
  'command-no-such-step': 'No such step waits for a person: nothing was done.',
};

/** Why an event became what it became, route by route, and what a person can do about it. Pure. */
export function explain(facts: Facts): Explanation {
  const { event, routes } = facts;
  const trials = event !== undefined && wereTried(facts) ? routes.explain(event) : [];
  return {
    sentences: sentences(facts, trials),
    next: advice(facts),
    routes: [...trials],
    mappingsChanged: isChanged(facts),
  };
}

const isChanged = ({ table, routes }: Facts): boolean => table !== undefined && table !== routes.hash.slice(0, table.length);

/** Reasons for which an incident's own routes are used, as they were when it began, and none is tried. */
const PINNED: ReadonlySet<string> = new Set([
  'new-occurrence',
  'start-already-closed',
  'firing-while-open',
  'resolved-while-closed',
  'update-of-open-incident',
  'resolved-without-firing',
  'resolved',
  'same-end-as-before',
  'no-sign-of-life',
]);

/** Were the routes of its type tried for it? Not for what ended before, and not where its incident decides. */
function wereTried({ event, state, reason, meaning }: Facts): boolean {
  if (event === undefined || event.type.startsWith('router.')) return false;
  if (state === 'accepting' || state === 'duplicate' || state === 'expired' || state === 'quarantined' || meaning === 'orphan')
    return false;
  return reason === undefined || !PINNED.has(reason);
}

function sentences(facts: Facts, trials: readonly RouteTrial[]): string[] {
  const { event, state, marker, branches, reason } = facts;
  if (state === 'accepting') return ['It is in the queue and has not been looked at yet.'];
  const told = [why(facts)];
  if (event === undefined && !facts.isUnreadable) told.push('Its record is older than log.retention, so its routes cannot be tried again.');
  if (state === 'unrouted' && facts.meaning !== 'orphan' && event !== undefined)
    told.push(
      trials.length > 0
        ? 'No route took it.'
        : isChanged(facts)
          ? `No route took it; today none exists for its type, ${event.type}.`
          : `No route exists for its type, ${event.type}.`,
    );
  if (state === 'repeat' && reason === 'no-route')
    told.push('No live route had taken its incident; the routes were tried again, and none takes it.');
  if (reason !== undefined && PINNED.has(reason) && branches.length > 0)
    told.push(`Its incident keeps the routes with which it began, as they were then: ${branches.map(({ route }) => route).join(', ')}.`);
  if (marker !== undefined && marker.run !== true && state === 'done' && facts.meaning !== 'none')
    told.push('The routes of its incident have no list of steps for that, so nothing ran.');
  if (branches.some(({ mode }) => mode === 'shadow')) told.push('A shadow route plans and records; it calls nothing.');
  if (facts.duplicates > 0)
    told.push(
      `It was delivered ${facts.duplicates === 1 ? 'once' : `${facts.duplicates} times`} more under the same id: counted as duplicate, nothing ran again.`,
    );
  const doubled = branches.flatMap(({ route, steps }) =>
    steps.filter((step) => step.doubled !== undefined).map(({ id }) => `${route} → ${id}`),
  );
  if (doubled.length > 0)
    told.push(
      `Done twice, or maybe: ${doubled.join(', ')}. A process that had been replaced, because it was silent for longer than log.sessionTimeout, had a call under way; what it told is kept beside the step.`,
    );
  const held = standing(facts);
  return held === undefined ? told : [...told, held];
}

function why({ id, event, isUnreadable, meaning, reason, marker }: Facts): string {
  if (isUnreadable) return `The record ${id} of the log is no event. It is counted as quarantined and can only be read by hand.`;
  if (event?.type === 'router.command') return command(event, reason);
  if (reason?.startsWith('nonce-of ') === true)
    return `A duplicate: its nonce was seen before within its ordering key, on event ${reason.slice(9)}.`;
  if (reason === 'expirytime-past')
    return `It came too late: its expirytime, ${event?.expirytime ?? ''}, had passed when its turn came${marker === undefined ? '' : `, ${new Date(marker.t).toISOString()}`}.`;
  if (reason === 'schema') {
    const [pointer, ...what] = (event?.quarantine ?? '').split(': ');
    const where = pointer === '' || pointer === undefined ? '/' : pointer;
    if (event?.type === POISON_TYPE)
      return `Its body could not be read and is kept as it came: at ${where}: ${what.join(': ')}. Nothing runs.`;
    return `Its data does not have the shape of its type ${event?.type ?? ''}: at ${where}: ${what.join(': ') || 'unknown'}. Nothing runs.`;
  }
  return (reason === undefined ? undefined : REASONS[reason]) ?? MEANINGS[meaning];
}

function command(event: Event, reason: string | undefined): string {
  const {
    kind,
    target,
    step,
    by,
    reason: words,
  } = (event.data ?? {}) as { kind?: string; target?: string; step?: string; by?: string; reason?: string };
  const asked = `${by ?? 'Somebody'} asked to ${kind ?? '?'} ${step === undefined ? '' : `step ${step} of `}event ${target ?? '?'}: "${words ?? ''}".`;
  return reason !== undefined && reason !== kind && REASONS[reason] !== undefined ? `${asked} ${REASONS[reason]}` : asked;
}

/** What holds an unfinished run. */
function standing({ state, branches }: Facts): string | undefined {
  const steps = branches.flatMap((branch) => branch.steps);
  const named = (...states: string[]): string =>
    steps
      .filter((step) => states.includes(step.state))
      .map(({ id, reason, dueAt }) => {
        const facts = [reason, dueAt === undefined ? undefined : `again at ${dueAt}`].filter((fact) => fact !== undefined);
        return facts.length === 0 ? id : `${id} (${facts.join(', ')})`;
      })
      .join(', ');
  switch (state) {
    case 'running':
      return 'Its run is under way.';
    case 'waiting': {
      const tried = named('retry', 'unsettled', 'ongoing');
      if (tried !== '') return `Its run waits for ${tried}; it goes on by itself.`;
      return `Its run waits before ${steps.find((step) => step.state === 'pending')?.id ?? 'its next step'}: the destination has no place for it now (budget, concurrency, or a breaker that is open). It goes on by itself.`;
    }
    case 'parked':
      return `Its run waits for a person: what ${named('parked')} does has certainly not happened.`;
    case 'ambiguous':
      return `Its run waits for a person: nobody knows whether the last call of ${named('ambiguous')} took effect. Look there first.`;
    case 'failed':
      return steps.length === 0 ? undefined : `It failed at ${named('failed')}.`;
    default:
      return undefined;
  }
}

const isHeld = ({ state }: { readonly state: string }): boolean => state === 'parked' || state === 'ambiguous';

/** Commands that help now, ready to paste. */
function advice({ id, state, event, meaning, branches, isUnreadable }: Facts): string[] {
  if (event === undefined || isUnreadable || meaning === 'orphan') return [];
  const again = (data: string): string => `sre-router events resubmit ${id}${data} --reason WHY`;
  if (event.type === POISON_TYPE) return [`${again('')}   (reads the body again: once the configuration is mended, or with --data FILE)`];
  if (event.type.startsWith('router.')) return [];
  if (state === 'quarantined') return [`${again(' --data FILE')}   (FILE: the corrected data, as JSON)`];
  if (state === 'failed') return [`${again('')}   (the whole event once more, as a new one)`];
  if (state === 'unrouted') return [`${again('')}   (once a route takes it)`];
  return branches.flatMap((branch: Branch & BranchShape) =>
    branch.steps.filter(isHeld).flatMap((step) => {
      const to = `${id} --step ${step.id} --reason WHY`;
      return [
        `sre-router events retry ${to}   (${step.state === 'ambiguous' ? 'it did not happen: ' : ''}call again, under the same key)`,
        `sre-router events resolve ${to} --output JSON   (it is done: go on with this output)`,
        `sre-router events abandon ${to}   (it is not to be done)`,
      ];
    }),
  );
}
