import type { Event, Json } from '../event/event.js';
import { readEvent } from '../event/stored-event.js';
import type { JournalReader } from '../journal/journal.js';
import type { Accepted, Ledger, Marker } from '../journal/records.js';
import { acceptedKey, LEDGER_KEY, markerKey } from '../journal/records.js';
import type { LogReader } from '../log/log.js';

export interface FoundEvent {
  readonly partition: number;
  readonly offset: number;
  /** undefined: gone with the retention, or no event. */
  readonly event: Event | undefined;
  /** The record is there but is no event. */
  readonly isUnreadable: boolean;
  /** Of an ended event. */
  readonly marker: Marker | undefined;
  /** Of an unfinished run. Neither: not looked at yet. */
  readonly accepted: Accepted | undefined;
}

/** Events not looked at yet among which one is searched by its id; only while intake is far behind are there more. */
const MAX_WAITING = 2_000;
const SCAN_COUNT = 200;

/** An event by its id: ended, unfinished, or still waiting in the log. */
export async function findEvent(log: LogReader, journal: JournalReader, id: string): Promise<FoundEvent | undefined> {
  // Looked for again at last: it may have been decided between the two looks.
  return (await findDecided(log, journal, id)) ?? (await findWaiting(log, journal, id)) ?? (await findDecided(log, journal, id));
}

async function findDecided(log: LogReader, journal: JournalReader, id: string): Promise<FoundEvent | undefined> {
  for (let partition = 0; partition < log.partitions; partition += 1) {
    const accepted = await get<Accepted>(journal, partition, acceptedKey(id));
    if (accepted !== undefined)
      return { partition, offset: accepted.offset, event: accepted.event, isUnreadable: false, marker: undefined, accepted };
    const marker = await get<Marker>(journal, partition, markerKey(id));
    if (marker === undefined) continue;
    const record = await log.read({ partition, offset: marker.p });
    const event = record && readEvent(record.value);
    return { partition, offset: marker.p, event, isUnreadable: record !== undefined && event === undefined, marker, accepted: undefined };
  }
  return undefined;
}

async function findWaiting(log: LogReader, journal: JournalReader, id: string): Promise<FoundEvent | undefined> {
  for (let partition = 0; partition < log.partitions; partition += 1) {
    const ledger = await get<Ledger>(journal, partition, LEDGER_KEY);
    const from = ledger?.next ?? 0;
    let before = await log.end(partition);
    for (let scanned = 0; before > from && scanned < MAX_WAITING; scanned += SCAN_COUNT) {
      const records = await log.readBackwards(partition, before, Math.min(SCAN_COUNT, before - from));
      for (const record of records) {
        const event = readEvent(record.value);
        if (event?.id === id && record.offset >= from)
          return { partition, offset: record.offset, event, isUnreadable: false, marker: undefined, accepted: undefined };
      }
      before = records.at(-1)?.offset ?? 0;
    }
  }
  return undefined;
}

async function get<T>(journal: JournalReader, partition: number, key: string): Promise<T | undefined> {
  return (await journal.get(partition, key)) as (T & Json) | undefined;
}
