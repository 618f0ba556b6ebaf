import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../event/event.js';
import { incidentKeyOf } from '../event/event.js';
import type { JournalReader } from '../journal/journal.js';
import type { Told } from '../journal/late-facts.js';
import type { BranchHistory, History, StepHistory } from '../journal/records.js';
import { acceptedKey, doubledKey, duplicateKey, historyKey, markerKey } from '../journal/records.js';
import { explain } from './explain.js';
import { type FoundEvent, findEvent } from './find-event.js';
import type { BranchShape, EventDetail, StepShape } from './shapes.js';
import { unfinishedRun } from './unfinished-run.js';
import type { ViewPorts } from './view-ports.js';

const MAX_DUPLICATES = 100;
/** A marker's reason is cut at this length (workflow/partition.ts): an event's id at its end may be cut with it. */
const REASON_CHARACTERS = 60;
const NONCE_OF = 'nonce-of ';

/** All that is known of one event. Not redacted. */
export async function eventDetailOf(ports: ViewPorts, id: string): Promise<EventDetail | undefined> {
  const { log, journal } = ports;
  const found = await findEvent(log, journal, id);
  if (found === undefined) return undefined;
  const { partition, offset, event, isUnreadable, marker, accepted } = found;
  const history = marker?.run === true ? ((await journal.get(partition, historyKey(id))) as unknown as History | undefined) : undefined;
  const run = accepted === undefined ? undefined : await unfinishedRun(ports, partition, accepted);
  const state = marker?.o ?? run?.state ?? 'accepting';
  const meaning = marker?.m ?? accepted?.meaning ?? 'none';
  const reason = await wholeReason(journal, partition, marker?.r ?? accepted?.reason ?? history?.reason);
  const incident = accepted?.incident ?? history?.incident ?? (meaning === 'none' || event === undefined ? undefined : incidentOf(event));
  const decidedMs = accepted?.atMs ?? history?.acceptedMs ?? marker?.t;
  const doubles = await doublesOf(journal, partition, id);
  const branches = (history?.branches ?? run?.branches ?? []).map((branch, index) =>
    branchOf(branch, (step) => doubles.get(`${index}/${step}`) ?? []),
  );
  const duplicates = await duplicatesOf(journal, found, id);
  return {
    id,
    state,
    position: { partition, offset },
    ...(event === undefined ? {} : { event }),
    meaning,
    ...(reason === undefined ? {} : { reason }),
    ...(incident === undefined ? {} : { incident }),
    ...(decidedMs === undefined ? {} : { decidedAt: iso(decidedMs) }),
    ...(marker === undefined ? {} : { endedAt: iso(marker.t) }),
    branches,
    duplicates,
    explanation: explain({
      id,
      state,
      event,
      isUnreadable,
      meaning,
      reason,
      marker,
      branches,
      duplicates: duplicates.length,
      table: marker?.h ?? accepted?.table,
      routes: ports.routes(),
    }),
  };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const incidentOf = (event: Event): string | undefined => (event.type === 'router.expiry' ? event.correlationid : incidentKeyOf(event));

function branchOf({ steps, ...branch }: BranchHistory, told: (step: string) => readonly Told[]): BranchShape {
  return { ...branch, steps: steps.map((step) => stepOf(step, told(step.id))) };
}

function stepOf({ atMs, dueMs, ...step }: StepHistory, told: readonly Told[]): StepShape {
  const others = told.filter((fact) => isDoubled(fact, step, atMs));
  const other = others.find(({ state }) => state === 'done') ?? others[0];
  return {
    ...step,
    ...(atMs === undefined ? {} : { at: iso(atMs) }),
    ...(dueMs === undefined ? {} : { dueAt: iso(dueMs) }),
    ...(other === undefined ? {} : { doubled: doubledOf(other) }),
  };
}

function isDoubled(told: Told, step: Pick<StepHistory, 'state' | 'out' | 'reason'>, atMs: number | undefined): boolean {
  if (step.state !== 'done') return false;
  // What the target was found to have done already was, as far as anybody knows, that very call.
  if (told.state === 'unknown') return step.reason !== 'probe';
  // The step may have been settled by just one of these facts.
  return told.atMs !== atMs || !isDeepStrictEqual(told.out, step.out);
}

function doubledOf({ state, atMs, out, detail }: Told): NonNullable<StepShape['doubled']> {
  const said = state === 'unknown' ? { isCertain: false, ...(detail === undefined ? {} : { detail }) } : { isCertain: true };
  return { at: iso(atMs), ...said, ...(out === undefined ? {} : { out }) };
}

/** What owners did who had been replaced, by branch and step. */
async function doublesOf(journal: JournalReader, partition: number, id: string): Promise<ReadonlyMap<string, readonly Told[]>> {
  const found = new Map<string, readonly Told[]>();
  const prefix = `${doubledKey(id, 0, '').slice(0, -2)}`;
  for await (const { key, value } of journal.range(partition, prefix, { limit: MAX_DUPLICATES })) {
    const name = key.slice(prefix.length);
    if (/^\d+\/[^/]+$/.test(name)) found.set(name, value as unknown as Told[]);
  }
  return found;
}

async function duplicatesOf(journal: JournalReader, { partition }: FoundEvent, id: string): Promise<EventDetail['duplicates']> {
  const duplicates: EventDetail['duplicates'] = [];
  const prefix = duplicateKey(id, 0).slice(0, -1);
  for await (const { key, value } of journal.range(partition, prefix, { limit: MAX_DUPLICATES })) {
    const offset = Number(key.slice(prefix.length));
    // "a" is also a prefix of what belongs to event "a/0".
    if (Number.isSafeInteger(offset)) duplicates.push({ offset, at: iso((value as { t: number }).t) });
  }
  return duplicates.sort((a, b) => a.offset - b.offset);
}

/** The event that a cut reason names, if just one begins so. */
async function wholeReason(journal: JournalReader, partition: number, reason: string | undefined): Promise<string | undefined> {
  if (reason === undefined || reason.length < REASON_CHARACTERS || !reason.startsWith(NONCE_OF)) return reason;
  const cut = reason.slice(NONCE_OF.length);
  const ids = new Set<string>();
  for (const prefix of [markerKey(cut), acceptedKey(cut)])
    for await (const { key } of journal.range(partition, prefix, { limit: 2 })) ids.add(key.slice(2));
  const [only] = ids;
  return ids.size === 1 && only !== undefined ? `${NONCE_OF}${only}` : `${reason}…`;
}
