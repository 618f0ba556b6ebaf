import type { Json } from '../event/event.js';
import { readEvent, unreadableId } from '../event/stored-event.js';
import type { Journal } from '../journal/journal.js';
import type { BranchHistory, History, Ledger, Marker, Outcome, Progress, Settled } from '../journal/records.js';
import { duplicateKey, markerKey, progressKey, settledKey } from '../journal/records.js';

export interface AuditedRecord {
  readonly offset: number;
  readonly value: Buffer;
}

/** An event that was accepted, and of which the journal knows neither a run nor an end. */
export interface LostRun {
  readonly id: string;
  /** Its ordering key; empty: the record is no event. */
  readonly key: string;
  readonly offset: number;
}

export interface AuditPorts {
  readonly journal: Pick<Journal, 'get'>;
  readonly partition: number;
  /** Everything the log still has, oldest first. */
  records(): AsyncIterable<AuditedRecord>;
  /** Offset of an unfinished run, by event. */
  liveOffset(eventId: string): number | undefined;
  /** Its end was written, and what was written is damaged. */
  isMarkerDamaged(eventId: string): boolean;
}

/**
 * Reads the log beside the journal, when the two cannot both be whole: the ledger is gone, or its law is broken. Cost follows what the log keeps.
 * `counted`: the ledger as the markers tell it, for the case that there is none. What was trimmed is not in it: its law holds all the same.
 */
export async function audit(ports: AuditPorts, next: number | undefined): Promise<{ counted: Ledger; lost: LostRun[] }> {
  const outcomes: Partial<Record<Outcome, number>> = {};
  const count = (outcome: Outcome): void => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  };
  const unknown: LostRun[] = [];
  let decided = 0;
  for await (const { offset, value } of ports.records()) {
    const event = readEvent(value);
    const id = event?.id ?? unreadableId(offset);
    const marker = (await ports.journal.get(ports.partition, markerKey(id))) as Marker | undefined;
    if (ports.liveOffset(id) === offset) decided = offset + 1;
    else if (marker?.p === offset || (marker === undefined && ports.isMarkerDamaged(id))) {
      decided = offset + 1;
      count(marker?.o ?? 'done');
    } else if ((await ports.journal.get(ports.partition, duplicateKey(id, offset))) !== undefined) {
      decided = offset + 1;
      count('duplicate');
    } else unknown.push({ id, key: event?.partitionkey ?? '', offset });
  }
  // Behind the last that was decided they simply wait to be.
  const lost = unknown.filter(({ offset }) => offset < (next ?? decided));
  return { counted: { next: next ?? decided, received: Object.values(outcomes).reduce((sum, one) => sum + one, 0), outcomes }, lost };
}

/** What the journal still knows of a lost run's steps, for the person who decides whether to send the event again; and the keys that hold it. */
export async function remainsOf(
  journal: Pick<Journal, 'range'>,
  partition: number,
  id: string,
  nowMs: number,
): Promise<{ history: History; keys: string[] }> {
  const keys: string[] = [];
  const branches: BranchHistory[] = [];
  for (const [kind, prefix] of [
    ['d', settledKey(id, 0, '').slice(0, -2)],
    ['i', progressKey(id, 0, '').slice(0, -2)],
  ] as const) {
    for await (const { key, value } of journal.range(partition, prefix)) {
      const [, index, step = ''] = /^(\d+)\/([^/]+)$/.exec(key.slice(prefix.length)) ?? [];
      if (index === undefined) continue;
      keys.push(key);
      branches[Number(index)] ??= { route: '?', hash: '', list: 'actions', mode: 'live', steps: [] };
      const { steps } = branches[Number(index)] as BranchHistory;
      if (steps.some((known) => known.id === step)) continue;
      const { state, reason, out, n, attempts } = value as unknown as Settled & Progress & { [key: string]: Json };
      const said = { ...(reason === undefined ? {} : { reason }), ...(out === undefined ? {} : { out }) };
      steps.push({ id: step, use: '?', state, attempts: (kind === 'd' ? attempts : n) ?? 0, ...said });
    }
  }
  const history: History = {
    outcome: 'quarantined',
    acceptedMs: nowMs,
    finishedMs: nowMs,
    meaning: 'none',
    table: '',
    branches: branches.flat(),
  };
  return { history, keys };
}
