import type { Event, Json } from '../event/event.js';
import { eventSchema } from '../event/event.js';
import type { Incident } from '../incident/incident.js';
import type { JournalReader } from '../journal/journal.js';
import type { Accepted, History, Marker } from '../journal/records.js';
import { acceptedKey, duplicateKey, historyKey, incidentRecordKey, markerKey } from '../journal/records.js';
import type { LogReader, LogRecord } from '../log/log.js';
import type { RouteTable } from '../plan.js';
import { redactJson } from '../redact.js';
import { type EventDetail, explain, type IncidentSummary, type Page } from './detail.js';
import { unfinishedRun } from './unfinished-run.js';

export interface ViewPorts {
  readonly log: LogReader;
  readonly journal: JournalReader;
  routes(): RouteTable;
}

export interface EventQuery {
  /** An outcome, or running, waiting, parked, ambiguous. */
  readonly state?: string | undefined;
  readonly type?: string | undefined;
  readonly key?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export interface EventRow {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly time: string;
  readonly state: string;
  readonly reason?: string | undefined;
  readonly meaning?: string | undefined;
}

/** Records looked at for one page at most: a rare filter gives short pages with a cursor, never a slow answer. */
const MAX_SCANNED = 2_000;
const SCAN_COUNT = 200;
const MAX_DUPLICATES = 100;

/** The read model: what people and other programs ask, answered from the log and the journal alone. Everything it returns is redacted, but `original`. */
export function createView(ports: ViewPorts): View {
  return new View(ports);
}

export class View {
  readonly #ports: ViewPorts;

  constructor(ports: ViewPorts) {
    this.#ports = ports;
  }

  /** The event as stored, for the router itself. */
  async original(id: string): Promise<Event | undefined> {
    return (await this.#find(id))?.event;
  }

  async event(id: string): Promise<EventDetail | undefined> {
    const found = await this.#find(id);
    if (found === undefined) return undefined;
    const { partition, event, marker, accepted } = found;
    const { journal } = this.#ports;
    const history = marker?.run === true ? ((await journal.get(partition, historyKey(id))) as History | undefined) : undefined;
    const run = accepted === undefined ? undefined : await unfinishedRun(journal, partition, accepted, this.#ports.routes());
    const duplicates: { offset: number; at: string }[] = [];
    const prefix = duplicateKey(id, 0).slice(0, -1);
    for await (const { key, value } of journal.range(partition, prefix, { limit: MAX_DUPLICATES })) {
      duplicates.push({ offset: Number(key.slice(prefix.length)), at: new Date((value as { t: number }).t).toISOString() });
    }
    const incident = accepted?.incident ?? history?.incident;
    const detail: EventDetail = {
      id,
      state: marker?.o ?? run?.state ?? 'running',
      position: { partition, offset: marker?.p ?? accepted?.offset ?? -1 },
      ...(event === undefined ? {} : { event: event as unknown as Json }),
      meaning: marker?.m ?? accepted?.meaning ?? 'none',
      ...(marker?.r === undefined ? {} : { reason: marker.r }),
      ...(incident === undefined ? {} : { incident }),
      branches: history?.branches ?? run?.branches ?? [],
      duplicates,
      explanation: explain(event, marker, accepted, this.#ports.routes()),
    };
    return redactJson(detail as unknown as Json) as unknown as EventDetail;
  }

  async events(query: EventQuery): Promise<Page<EventRow>> {
    const items: EventRow[] = [];
    const cursors = parseCursor(query.cursor, this.#ports.log.partitions);
    let scanned = 0;
    for (let partition = 0; partition < this.#ports.log.partitions; partition += 1) {
      let before = cursors[partition];
      while (items.length < query.limit && scanned < MAX_SCANNED) {
        const records = await this.#ports.log.readBackwards(partition, before, SCAN_COUNT);
        if (records.length === 0) before = 0;
        for (const record of records) {
          if (items.length >= query.limit) break;
          before = record.offset;
          scanned += 1;
          const row = await this.#row(record, query);
          if (row !== undefined) items.push(row);
        }
        if (before === 0 || records.length === 0) break;
      }
      cursors[partition] = before;
    }
    const more = cursors.some((cursor) => cursor !== 0);
    return {
      items: redactJson(items as unknown as Json) as unknown as EventRow[],
      ...(more ? { next: Buffer.from(JSON.stringify(cursors)).toString('base64url') } : {}),
    };
  }

  async incident(key: string): Promise<Incident | undefined> {
    for (let partition = 0; partition < this.#ports.log.partitions; partition += 1) {
      const incident = await this.#ports.journal.get(partition, incidentRecordKey(key));
      if (incident !== undefined) return redactJson(incident) as unknown as Incident;
    }
    return undefined;
  }

  async incidents(query: { state?: string | undefined; cursor?: string | undefined; limit: number }): Promise<Page<IncidentSummary>> {
    const items: IncidentSummary[] = [];
    let last: string | undefined;
    for (let partition = 0; partition < this.#ports.log.partitions; partition += 1) {
      const after = query.cursor === undefined ? {} : { after: incidentRecordKey(query.cursor) };
      for await (const { value } of this.#ports.journal.range(partition, 'n/', after)) {
        const incident = value as unknown as Incident;
        if (query.state !== undefined && incident.state !== query.state) continue;
        if (items.length >= query.limit) return { items, ...(last === undefined ? {} : { next: last }) };
        const { key, state, type, openedMs, closedAs, occurrences, reopened, stale } = incident;
        items.push({
          key,
          state,
          type,
          openedAt: new Date(openedMs).toISOString(),
          occurrences,
          reopened,
          stale,
          ...(closedAs === undefined ? {} : { closedAs }),
        });
        last = key;
      }
    }
    return { items: redactJson(items as unknown as Json) as unknown as IncidentSummary[] };
  }

  async #find(
    id: string,
  ): Promise<{ partition: number; event: Event | undefined; marker: Marker | undefined; accepted: Accepted | undefined } | undefined> {
    const { journal, log } = this.#ports;
    for (let partition = 0; partition < log.partitions; partition += 1) {
      const accepted = (await journal.get(partition, acceptedKey(id))) as Accepted | undefined;
      if (accepted !== undefined) return { partition, event: accepted.event, marker: undefined, accepted };
      const marker = (await journal.get(partition, markerKey(id))) as Marker | undefined;
      if (marker === undefined) continue;
      const record = await log.read({ partition, offset: marker.p });
      return { partition, event: record && readEvent(record), marker, accepted: undefined };
    }
    return undefined;
  }

  async #row(record: LogRecord, query: EventQuery): Promise<EventRow | undefined> {
    const event = readEvent(record);
    if (
      event === undefined ||
      (query.type !== undefined && event.type !== query.type) ||
      (query.key !== undefined && event.partitionkey !== query.key)
    )
      return undefined;
    const { partition } = record;
    const marker = (await this.#ports.journal.get(partition, markerKey(event.id))) as Marker | undefined;
    const isDuplicate = marker !== undefined && marker.p !== record.offset;
    let state: string = isDuplicate ? 'duplicate' : (marker?.o ?? 'accepting');
    if (marker === undefined) {
      const accepted = (await this.#ports.journal.get(partition, acceptedKey(event.id))) as Accepted | undefined;
      if (accepted !== undefined) {
        state =
          accepted.offset === record.offset
            ? (await unfinishedRun(this.#ports.journal, partition, accepted, this.#ports.routes())).state
            : 'duplicate';
      }
    }
    if (query.state !== undefined && query.state !== state) return undefined;
    return {
      id: event.id,
      type: event.type,
      key: event.partitionkey,
      time: event.recordedtime,
      state,
      ...(marker?.r === undefined ? {} : { reason: marker.r }),
      ...(marker?.m === undefined ? {} : { meaning: marker.m }),
    };
  }
}

function readEvent(record: LogRecord): Event | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(record.value.toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

function parseCursor(cursor: string | undefined, partitions: number): (number | undefined)[] {
  const fresh = Array.from({ length: partitions }, () => undefined);
  if (cursor === undefined) return fresh;
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
    return Array.isArray(parsed) && parsed.length === partitions
      ? parsed.map((value) => (typeof value === 'number' ? value : undefined))
      : fresh;
  } catch {
    return fresh;
  }
}
