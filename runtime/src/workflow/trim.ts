import { HOUR_MS } from '../clock.js';
import { readEvent, unreadableId } from '../event/stored-event.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import type { Marker, OnceRecord } from '../journal/records.js';
import { duplicateKey, historyKey, lateKey, markerKey, nonceKey } from '../journal/records.js';
import { nonceHash } from './nonce.js';

const BATCH_COUNT = 500;
const LOOK_COUNT = 200;

interface TrimRecord {
  readonly offset: number;
  readonly value: Buffer;
}

export interface TrimLog {
  oldest(count: number): Promise<readonly TrimRecord[]>;
  read(offset: number): Promise<TrimRecord | undefined>;
  trim(offset: number): Promise<void>;
}

export interface TrimOwner {
  readonly journal: Pick<Journal, 'get' | 'range'>;
  put(entries: readonly JournalEntry[]): Promise<void>;
  isLive(eventId: string): boolean;
  nowMs(): number;
}

export type TrimPorts = TrimLog & TrimOwner;

/** Trims one partition: what is in order of time whenever it is asked, the rest once an hour. */
export class Trimmer {
  readonly #partition: number;
  readonly #owner: TrimOwner;
  #restTrimmedMs: number;

  constructor(partition: number, owner: TrimOwner) {
    this.#partition = partition;
    this.#owner = owner;
    this.#restTrimmedMs = owner.nowMs();
  }

  /** `log`: undefined where brokers remove old records. `beforeOffset`: nothing from there on may go; 0 ends it. */
  async trim(retentionMs: number, log: TrimLog | undefined, beforeOffset: () => number): Promise<void> {
    const owner = this.#owner;
    if (log !== undefined) while (await trimOldest(this.#partition, beforeOffset(), retentionMs, { ...log, ...owner }));
    if (owner.nowMs() - this.#restTrimmedMs < HOUR_MS || beforeOffset() === 0) return;
    this.#restTrimmedMs = owner.nowMs();
    await trimRest(this.#partition, retentionMs, owner);
  }
}

/** What one record is about. */
interface Found {
  readonly offset: number;
  readonly id: string;
  readonly nonce: string | undefined;
  /** When it was made; of a record that is no event, when it was counted; 0 when nobody knows. */
  readonly stampMs: number;
}

/**
 * Removes what is older than the retention: the record in the log, and its marker, history, duplicates and nonce in the journal. Unfinished runs keep a copy
 * of their event in the journal, so nothing live is lost; what they leave behind is trimmed by `trimRest`. At most one batch a call; resolves with whether
 * there may be more. A crash between the two writes leaves records that the next call meets again.
 *
 * The log is in order of time, whatever the clock said: all before a record that is too old are too old, also those whose stamp is in the future because the
 * clock was ahead when they came.
 */
export async function trimOldest(partition: number, beforeOffset: number, retentionMs: number, ports: TrimPorts): Promise<boolean> {
  const nowMs = ports.nowMs();
  const isOld = ({ stampMs }: Found): boolean => nowMs - stampMs >= retentionMs;
  const batch: Found[] = [];
  let count = 0;
  for (const record of await ports.oldest(BATCH_COUNT)) {
    if (record.offset >= beforeOffset) break;
    const found = await look(partition, record, ports);
    batch.push(found);
    if (isOld(found)) count = batch.length;
    // Young, and honestly so: what follows is no older.
    else if (found.stampMs <= nowMs) break;
  }
  const isWholeBatch = batch.length === BATCH_COUNT;
  if (isWholeBatch && count === 0 && (await isBeforeAnOldOne(partition, batch[0]?.offset ?? 0, beforeOffset, ports, isOld)))
    count = BATCH_COUNT;
  const last = batch[count - 1];
  if (last === undefined) return false;
  const entries: JournalEntry[] = [];
  for (const found of batch.slice(0, count)) entries.push(...(await removals(partition, found, ports)));
  await ports.put(entries);
  await ports.trim(last.offset + 1);
  return count === BATCH_COUNT;
}

/** Looks ahead here and there, for a whole batch whose stamps are in the future. */
async function isBeforeAnOldOne(
  partition: number,
  first: number,
  beforeOffset: number,
  ports: TrimPorts,
  isOld: (found: Found) => boolean,
): Promise<boolean> {
  const step = Math.max(1, Math.floor((beforeOffset - first) / LOOK_COUNT));
  for (let offset = first + BATCH_COUNT; offset < beforeOffset; offset += step) {
    const record = await ports.read(offset);
    if (record !== undefined && isOld(await look(partition, record, ports))) return true;
  }
  return false;
}

async function look(partition: number, { offset, value }: TrimRecord, { journal }: TrimPorts): Promise<Found> {
  const event = readEvent(value);
  if (event !== undefined) {
    const nonce = event.nonce === undefined ? undefined : nonceKey(nonceHash(event.partitionkey, event.nonce));
    return { offset, id: event.id, nonce, stampMs: Date.parse(event.recordedtime) };
  }
  const id = unreadableId(offset);
  const marker = (await journal.get(partition, markerKey(id))) as Marker | undefined;
  return { offset, id, nonce: undefined, stampMs: marker?.t ?? 0 };
}

async function removals(partition: number, { offset, id, nonce }: Found, ports: TrimPorts): Promise<JournalEntry[]> {
  const keys = nonce === undefined ? [] : [nonce];
  if (ports.isLive(id)) return [...keys.map(removal), { key: lateKey(id), value: true }];
  const marker = (await ports.journal.get(partition, markerKey(id))) as Marker | undefined;
  // This record was a duplicate; the marker belongs to another, which has its own time to go.
  if (marker !== undefined && marker.p !== offset) return [removal(duplicateKey(id, offset))];
  return [...keys, ...(await keysOf(partition, id, ports))].map(removal);
}

async function keysOf(partition: number, id: string, { journal }: Pick<TrimOwner, 'journal'>): Promise<string[]> {
  const keys = [markerKey(id), historyKey(id)];
  const prefix = duplicateKey(id, 0).slice(0, -1);
  // "x/a/" is also a prefix of what belongs to event "a/b".
  for await (const { key } of journal.range(partition, prefix)) if (/^\d+$/.test(key.slice(prefix.length))) keys.push(key);
  return keys;
}

/** What is not in order of time: now and then is enough. */
export async function trimRest(partition: number, retentionMs: number, ports: TrimOwner): Promise<void> {
  await trimClaims(partition, ports);
  await trimLate(partition, retentionMs, ports);
}

/** What is left of runs that were unfinished when their record was trimmed, a retention after their end. Reads every one of them: they are few. */
async function trimLate(partition: number, retentionMs: number, ports: TrimOwner): Promise<void> {
  const entries: JournalEntry[] = [];
  for await (const { key } of ports.journal.range(partition, lateKey(''))) {
    const id = key.slice(lateKey('').length);
    if (ports.isLive(id)) continue;
    const marker = (await ports.journal.get(partition, markerKey(id))) as Marker | undefined;
    if (marker !== undefined && ports.nowMs() - marker.t < retentionMs) continue;
    entries.push(removal(key), ...(await keysOf(partition, id, ports)).map(removal));
    if (entries.length >= BATCH_COUNT) await ports.put(entries.splice(0));
  }
  if (entries.length > 0) await ports.put(entries);
}

/** Removes the claims of `once` whose window is over. Reads every claim: their number follows live keys, not history. */
async function trimClaims(partition: number, ports: TrimOwner): Promise<void> {
  const entries: JournalEntry[] = [];
  for await (const { key, value } of ports.journal.range(partition, 'o/')) {
    if ((value as unknown as OnceRecord).untilMs > ports.nowMs()) continue;
    entries.push(removal(key));
    if (entries.length >= BATCH_COUNT) await ports.put(entries.splice(0));
  }
  if (entries.length > 0) await ports.put(entries);
}

const removal = (key: string): JournalEntry => ({ key, value: undefined });
