import { z } from 'zod';
import { OUTCOMES, UNFINISHED } from '../journal/records.js';

/** What the view answers, as schemas: the types here and the OpenAPI document come from them. Instants are RFC 3339 in UTC. */

/** `accepting`: in the log, not looked at yet. */
export const STATES = ['accepting', ...UNFINISHED, ...OUTCOMES] as const;
export const stateShape = z.enum(STATES).describe('An outcome; or accepting, running, waiting, parked, ambiguous.');
export type State = z.infer<typeof stateShape>;

const instant = z.string().describe('RFC 3339, UTC');
const meaning = z
  .enum(['none', 'opens', 'reopens', 'repeat', 'update', 'closes', 'closes-stale', 'orphan', 'expires'])
  .describe('What it was to its incident.');
const anyJson = z.unknown().describe('Any JSON. Secrets are redacted.');
/** A page may hold fewer than asked for, and none: a filter that finds little is answered in bounded pieces. */
const next = z.string().optional().describe('Give it back as `cursor` for the next page. Absent: there is no more.');

export const eventRow = z.object({
  id: z.string(),
  type: z.string(),
  key: z.string().describe('Ordering key.'),
  time: instant.describe('When it was received.'),
  state: stateShape,
  meaning: meaning.optional(),
  reason: z.string().optional().describe('Short code; the event itself tells more.'),
});
export type EventRow = z.infer<typeof eventRow>;

const behind = z.int().optional().describe('With Kafka: records that are in the topics and not in this answer yet. Absent: none.');

export const eventPage = z.object({ events: z.array(eventRow), next, behind });
export type EventPage = z.infer<typeof eventPage>;

export const stepShape = z.object({
  id: z.string(),
  use: z.string().describe('Action.'),
  state: z.enum(['pending', 'intent', 'retry', 'unsettled', 'ongoing', 'parked', 'ambiguous', 'done', 'skipped', 'failed']),
  attempts: z.int().describe('Calls made.'),
  at: instant.optional().describe('Of the last change.'),
  dueAt: instant.optional().describe('Not tried again before.'),
  reason: z.string().optional(),
  detail: z.string().optional(),
  out: anyJson.optional(),
  shadow: anyJson.optional().describe('Shadow routes: what would have been sent.'),
  doubled: z
    .object({
      at: instant,
      isCertain: z.boolean().describe('false: its answer was lost, so the call may not have reached the target.'),
      out: anyJson.optional(),
      detail: z.string().optional(),
    })
    .optional()
    .describe('It was done a second time, by a process that had lost the partition meanwhile: when, and what the target answered.'),
});
export type StepShape = z.infer<typeof stepShape>;

export const branchShape = z.object({
  route: z.string(),
  hash: z.string().describe('Of the pinned route text.'),
  list: z.enum(['actions', 'reopened', 'repeated', 'updated', 'resolved', 'expired']),
  mode: z.enum(['live', 'shadow']),
  outcome: z.enum(OUTCOMES).optional(),
  steps: z.array(stepShape),
});
export type BranchShape = z.infer<typeof branchShape>;

const trialShape = z.object({
  route: z.string(),
  matched: z.boolean(),
  reason: z.enum(['matched', 'when-false', 'when-error', 'after-first-match']),
  clause: z.string().optional().describe('The part of `when` that is false.'),
  values: z.record(z.string(), z.unknown()).optional().describe('What it read.'),
  detail: z.string().optional(),
});
export type TrialShape = z.infer<typeof trialShape>;

export const explanationShape = z.object({
  sentences: z.array(z.string()).describe('Why it became what it became.'),
  next: z.array(z.string()).describe('What a person can do now.'),
  routes: z.array(trialShape).describe('Each route of its type: taken, or which clause is false and what it read.'),
  mappingsChanged: z.boolean().describe('True: the mappings have changed since, so `routes` tells what would happen today.'),
});
export type Explanation = z.infer<typeof explanationShape>;

export const eventDetail = z.object({
  id: z.string(),
  state: stateShape,
  position: z.object({ partition: z.int(), offset: z.int() }),
  event: anyJson.optional().describe('The CloudEvent. Absent when it is older than log.retention.'),
  meaning,
  reason: z.string().optional(),
  incident: z.string().optional().describe('Key of its incident.'),
  decidedAt: instant.optional(),
  endedAt: instant.optional(),
  branches: z.array(branchShape).describe('One a route taken; steps with attempts and outputs.'),
  duplicates: z.array(z.object({ offset: z.int(), at: instant })).describe('Later deliveries of the same id.'),
  explanation: explanationShape,
});
export type EventDetail = z.infer<typeof eventDetail>;

const incidentFacts = {
  key: z.string().describe('<source>:<correlation id>'),
  state: z.enum(['open', 'closed']),
  type: z.string(),
  openedAt: instant,
  lastSignAt: instant.describe('Last event that showed it alive; saved only now and then.'),
  closedAt: instant.optional(),
  closedAs: z.enum(['resolved', 'expired', 'orphan']).optional(),
  occurrences: z.int().describe('How often the source began anew within it.'),
  reopened: z.int().describe('How often it came back with a start that had been closed.'),
  stale: z.int().describe('How many of those turned out stale.'),
};

export const incidentRow = z.object({ ...incidentFacts, routes: z.array(z.string()) });
export type IncidentRow = z.infer<typeof incidentRow>;

export const incidentPage = z.object({ incidents: z.array(incidentRow), next, behind });
export type IncidentPage = z.infer<typeof incidentPage>;

export const incidentDetail = z.object({
  ...incidentFacts,
  partitionkey: z.string().describe('Ordering key of its events.'),
  openedBy: z.string().describe('Event that opened it.'),
  startsAt: z.string().optional().describe('Latest start that the source told.'),
  endsAt: z.string().optional().describe('End that the source told at the last close.'),
  routes: z.array(z.object({ route: z.string(), hash: z.string(), mode: z.enum(['live', 'shadow']) })),
  steps: z
    .record(z.string(), z.record(z.string(), anyJson))
    .describe('Outputs by route and step id: Slack channel and ts, Jira key, task id; what `incident.steps.<id>` reads.'),
  digest: anyJson.optional().describe('Only of a storm digest.'),
  events: z.array(eventRow).describe('Its latest events, newest first; bounded, so that old ones may be missing.'),
});
export type IncidentDetail = z.infer<typeof incidentDetail>;
