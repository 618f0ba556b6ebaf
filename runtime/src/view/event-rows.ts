import type { Event } from '../event/event.js';
import { incidentKeyOf } from '../event/event.js';
import { readEvent, UNREADABLE_TYPE, unreadableId } from '../event/stored-event.js';
import type { Incident } from '../incident/incident.js';
import type { Accepted, Marker } from '../journal/records.js';
import { acceptedKey, markerKey } from '../journal/records.js';
import type { LogRecord } from '../log/log.js';
import { eventCursor, readCursor, writeCursor } from './cursor.js';
import type { EventPage, EventRow, State } from './shapes.js';
import { unfinishedRun } from './unfinished-run.js';
import type { ViewPorts } from './view-ports.js';

export interface EventQuery {
  readonly state?: State | undefined;
  readonly type?: string | undefined;
  readonly key?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Looked at for one page at most: a rare filter gives short pages with a cursor, never a slow answer. */
const MAX_SCANNED = 2_000;
const MAX_SCANNED_BYTES = 33_554_432;
/** Records fetched at once; between two fetches the process does other work. */
const FETCH_COUNT = 100;
const MAX_INCIDENT_EVENTS = 10;

/** Reads one partition from its end, a few records at a time. */
class Backwards {
  readonly #ports: ViewPorts;
  readonly #partition: number;
  #buffer: LogRecord[] = [];
  /** Offset before which to go on; 0: read to the beginning. */
  before: number;
  head: { record: LogRecord; event: Event | undefined } | undefined;

  constructor(ports: ViewPorts, partition: number, before: number) {
    this.#ports = ports;
    this.#partition = partition;
    this.before = before;
  }

  async fill(): Promise<void> {
    if (this.head !== undefined || (this.#buffer.length === 0 && this.before === 0)) return;
    if (this.#buffer.length === 0) {
      this.#buffer = await this.#ports.log.readBackwards(this.#partition, this.before, FETCH_COUNT);
      await new Promise(setImmediate);
    }
    const record = this.#buffer.shift();
    if (record === undefined) this.before = 0;
    else this.head = { record, event: readEvent(record.value) };
  }

  take(): { record: LogRecord; event: Event | undefined } | undefined {
    const { head } = this;
    if (head !== undefined) this.before = head.record.offset;
    this.head = undefined;
    return head;
  }
}

/** All partitions as one, newest first by the time of receipt; records without a readable time come at once, so that they hold nobody up. */
async function* newestFirst(readers: readonly Backwards[]): AsyncIterable<{ record: LogRecord; event: Event | undefined }> {
  for (;;) {
    for (const reader of readers) await reader.fill();
    let newest: Backwards | undefined;
    for (const reader of readers)
      if (reader.head !== undefined && (newest?.head === undefined || timeOf(reader) > timeOf(newest))) newest = reader;
    const taken = newest?.take();
    if (taken === undefined) return;
    yield taken;
  }
}

const timeOf = ({ head }: Backwards): string => head?.event?.recordedtime ?? '9999';

/** One page of events, newest first across partitions. New events do not move the pages that follow. */
export async function eventRows(ports: ViewPorts, query: EventQuery): Promise<EventPage> {
  const { log } = ports;
  const numbers = Array.from({ length: log.partitions }, (_, partition) => partition);
  const from =
    query.cursor === undefined
      ? await Promise.all(numbers.map((partition) => log.end(partition)))
      : readCursor(eventCursor(log.partitions), query.cursor);
  const readers = numbers.map((partition) => new Backwards(ports, partition, from[partition] ?? 0));
  const events: EventRow[] = [];
  let scanned = 0;
  let bytes = 0;
  let isCut = false;
  for await (const { record, event } of newestFirst(readers)) {
    const row = wanted(event, query) ? await rowOf(ports, record, event) : undefined;
    if (row !== undefined && (query.state === undefined || row.state === query.state)) events.push(row);
    scanned += 1;
    bytes += record.value.length;
    isCut = events.length >= query.limit || scanned >= MAX_SCANNED || bytes >= MAX_SCANNED_BYTES;
    if (isCut) break;
  }
  const hasMore = isCut && readers.some((reader) => reader.before > 0);
  return { events, ...(hasMore ? { next: writeCursor(readers.map((reader) => reader.before)) } : {}) };
}

/** The latest events of an incident, among the latest of its partition, newest first. */
export async function incidentEvents(
  ports: ViewPorts,
  partition: number,
  incident: Incident,
): Promise<{ rows: EventRow[]; events: Event[] }> {
  const reader = new Backwards(ports, partition, await ports.log.end(partition));
  const rows: EventRow[] = [];
  const events: Event[] = [];
  let scanned = 0;
  for await (const { record, event } of newestFirst([reader])) {
    scanned += 1;
    if (event !== undefined && isOf(event, incident)) {
      rows.push(await rowOf(ports, record, event));
      events.push(event);
    }
    if (rows.length >= MAX_INCIDENT_EVENTS || scanned >= MAX_SCANNED || event?.id === incident.openedBy) break;
  }
  return { rows, events };
}

const isOf = (event: Event, { key }: Incident): boolean =>
  (event.type === 'router.expiry' ? event.correlationid : incidentKeyOf(event)) === key;

function wanted(event: Event | undefined, { type, key }: EventQuery): boolean {
  if (type !== undefined && (event?.type ?? UNREADABLE_TYPE) !== type) return false;
  return key === undefined || event?.partitionkey === key;
}

async function rowOf(ports: ViewPorts, { partition, offset, key }: LogRecord, event: Event | undefined): Promise<EventRow> {
  const { journal } = ports;
  const id = event?.id ?? unreadableId(offset);
  const marker = (await journal.get(partition, markerKey(id))) as Marker | undefined;
  const accepted = marker === undefined ? ((await journal.get(partition, acceptedKey(id))) as Accepted | undefined) : undefined;
  const row = {
    id,
    type: event?.type ?? UNREADABLE_TYPE,
    key: event?.partitionkey ?? key,
    time: event?.recordedtime ?? (marker === undefined ? '' : new Date(marker.t).toISOString()),
  };
  if (marker === undefined && accepted === undefined) return { ...row, state: 'accepting' };
  // The same id at another position: this record is a later delivery of it, and nothing is known of it but that.
  if ((marker?.p ?? accepted?.offset) !== offset) return { ...row, state: 'duplicate', reason: 'same-id' };
  const state = marker?.o ?? (accepted && (await unfinishedRun(ports, partition, accepted)).state) ?? 'running';
  const meaning = marker?.m ?? accepted?.meaning;
  const reason = marker?.r ?? accepted?.reason;
  return { ...row, state, ...(meaning === undefined ? {} : { meaning }), ...(reason === undefined ? {} : { reason }) };
}
