import type { Clock } from '../clock.js';
import type { Json } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import type { Accepted, Ledger, Marker, Progress } from '../journal/records.js';
import { acceptedKey, historyKey, incidentRecordKey, LEDGER_KEY, markerKey, progressKey, settledKey } from '../journal/records.js';
import type { AuditedRecord, LostRun } from './audit.js';
import { audit, remainsOf } from './audit.js';
import type { DamageWatch } from './damage-watch.js';
import type { PinnedRoutes } from './pinned-routes.js';
import type { Run } from './run-state.js';
import { newRun } from './run-state.js';
import { readUnfinished } from './unfinished.js';

export interface RestorePorts {
  readonly journal: Journal;
  readonly clock: Clock;
  /** What the log keeps, oldest first. */
  records(): AsyncIterable<AuditedRecord>;
}

export interface Restored {
  readonly ledger: Ledger;
  /** It was counted anew, and is to be put. */
  readonly isLedgerNew: boolean;
  readonly incidents: readonly Incident[];
  readonly replaced: readonly Incident[];
  /** In the order in which they take their keys. */
  readonly runs: readonly Run[];
  /** Events whose run cannot be known any more: they end as quarantined, still to be counted. */
  readonly lost: readonly LostRun[];
  /** To be put before anything runs: what makes good the damage. */
  readonly entries: readonly JournalEntry[];
}

/**
 * Reads the live state of a partition. Cost follows live state, not history, but when it is damaged:
 * a lost ledger is counted again from log and markers; a run that the ledger counts and the journal does not have is told from them too, and ends as
 * quarantined; a step whose record is damaged becomes `ambiguous`, since a person can look whether it happened; of a damaged incident its name is left.
 */
export async function restorePartition(
  partition: number,
  ports: RestorePorts,
  damage: DamageWatch,
  routes: PinnedRoutes,
): Promise<Restored> {
  const { journal } = ports;
  const stored = (await journal.get(partition, LEDGER_KEY)) as Ledger | undefined;
  const incidents: Incident[] = [];
  const replaced: Incident[] = [];
  for await (const { value } of journal.range(partition, incidentRecordKey(''))) incidents.push(value as unknown as Incident);
  for await (const { value } of journal.range(partition, 'p/')) replaced.push(value as unknown as Incident);
  for (const incident of incidents) for (const route of incident.routes) await routes.load(route.hash);
  const unfinished = await readUnfinished(journal, partition);
  const { ledger, lost } = await readLedger(partition, ports, damage, stored, unfinished);
  const entries = await repairSteps(partition, journal, damage, new Map(unfinished.map((accepted) => [accepted.event.id, accepted])));
  for (const prefix of [acceptedKey(''), incidentRecordKey(''), 'p/', 't/'])
    for (const key of damage.under(prefix)) entries.push({ key, value: undefined });
  const runs: Run[] = [];
  for (const accepted of unfinished) {
    const { event, offset } = accepted;
    const pinned = await routes.loadAll(accepted, entries);
    if (pinned !== undefined) {
      const critical = pinned.some((route) => route.critical);
      runs.push(newRun(accepted, critical));
      continue;
    }
    // Without its route nothing tells what is left to do.
    entries.push({ key: acceptedKey(event.id), value: undefined });
    lost.push({ id: event.id, key: event.partitionkey, offset });
  }
  for (const run of lost) entries.push(...(await lostEntries(partition, ports, run)));
  const isLedgerNew = stored === undefined && ledger.received > 0;
  return { ledger, isLedgerNew, incidents, replaced, runs, lost, entries };
}

async function lostEntries(partition: number, { journal, clock }: RestorePorts, { id, offset }: LostRun): Promise<JournalEntry[]> {
  const nowMs = clock.nowMs();
  const { history, keys } = await remainsOf(journal, partition, id, nowMs);
  const marker: Marker = { o: 'quarantined', p: offset, t: nowMs, r: 'journal-damaged', run: true };
  return [
    ...keys.map((key) => ({ key, value: undefined })),
    { key: historyKey(id), value: history as unknown as Json },
    { key: markerKey(id), value: { ...marker } },
  ];
}

async function readLedger(
  partition: number,
  { journal, records }: RestorePorts,
  damage: DamageWatch,
  stored: Ledger | undefined,
  unfinished: readonly Accepted[],
): Promise<{ ledger: Ledger; lost: LostRun[] }> {
  if (stored === undefined && !damage.has(LEDGER_KEY) && (await isEmpty(journal, partition)))
    return { ledger: { next: 0, received: 0, outcomes: {} }, lost: [] };
  const ended = Object.values(stored?.outcomes ?? {}).reduce((sum, count) => sum + count, 0);
  const missing = stored === undefined ? Number.POSITIVE_INFINITY : stored.received - ended - unfinished.length;
  if (stored !== undefined && missing <= 0) return { ledger: stored, lost: [] };
  const offsets = new Map(unfinished.map(({ event, offset }) => [event.id, offset]));
  const { counted, lost } = await audit(
    {
      journal,
      partition,
      records,
      liveOffset: (id) => offsets.get(id),
      isMarkerDamaged: (id) => damage.has(markerKey(id)),
    },
    stored?.next,
  );
  // No more than the ledger misses, the youngest: of the oldest ones the marker may be trimmed, and the record not yet.
  if (stored !== undefined) return { ledger: stored, lost: lost.slice(Math.max(0, lost.length - missing)) };
  return { ledger: { ...counted, received: counted.received + unfinished.length + lost.length }, lost };
}

async function isEmpty(journal: Journal, partition: number): Promise<boolean> {
  for await (const _entry of journal.range(partition, '', { limit: 1 })) return false;
  return true;
}

async function repairSteps(
  partition: number,
  journal: Journal,
  damage: DamageWatch,
  live: ReadonlyMap<string, Accepted>,
): Promise<JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (const key of [...damage.under('d/'), ...damage.under('i/')]) {
    entries.push({ key, value: undefined });
    const [, eventId = '', index, step = ''] = /^[di]\/(.+)\/(\d+)\/([^/]+)$/.exec(key) ?? [];
    const accepted = live.get(eventId);
    if (accepted === undefined || index === undefined) continue;
    // A settled step needs its progress no more.
    if (key.startsWith('i/') && (await journal.get(partition, settledKey(eventId, Number(index), step))) !== undefined) continue;
    const progress: Progress = {
      state: 'ambiguous',
      n: 1,
      firstMs: accepted.atMs,
      lastMs: accepted.atMs,
      reason: 'journal-damaged',
      detail: "The journal's record of this step is damaged: whether it was done, and what came of it, must be looked up.",
    };
    entries.push({ key: progressKey(eventId, Number(index), step), value: progress as unknown as Json });
  }
  return entries;
}
