import { eventSchema } from '../event/event.js';
import type { Journal, JournalEntry } from '../journal/journal.js';
import type { OnceRecord } from '../journal/records.js';
import { duplicateKey, historyKey, markerKey, nonceKey } from '../journal/records.js';
import { nonceHash } from './nonce.js';

const BATCH_COUNT = 500;

export interface TrimPorts {
  readonly journal: Pick<Journal, 'range'>;
  oldest(count: number): Promise<readonly { offset: number; value: Buffer }[]>;
  trim(offset: number): Promise<void>;
  put(entries: readonly JournalEntry[]): Promise<void>;
  isLive(eventId: string): boolean;
  nowMs(): number;
}

/**
 * Removes what is older than the retention: the record in the log, and its marker, history, duplicates and nonce in the journal. Unfinished runs keep a copy
 * of their event in the journal, so nothing live is lost. At most one batch a call; resolves with whether there may be more.
 * A crash between the two writes leaves records that the next call meets again.
 */
export async function trimOldest(partition: number, beforeOffset: number, retentionMs: number, ports: TrimPorts): Promise<boolean> {
  const entries: JournalEntry[] = [];
  let trimTo = 0;
  const records = await ports.oldest(BATCH_COUNT);
  for (const { offset, value } of records) {
    if (offset >= beforeOffset) break;
    const parsed = eventSchema.safeParse(readJson(value));
    if (parsed.success) {
      const event = parsed.data;
      if (ports.nowMs() - Date.parse(event.recordedtime) < retentionMs) break;
      if (!ports.isLive(event.id)) {
        entries.push({ key: markerKey(event.id), value: undefined }, { key: historyKey(event.id), value: undefined });
        if (event.nonce !== undefined) entries.push({ key: nonceKey(nonceHash(event.partitionkey, event.nonce)), value: undefined });
        for await (const { key } of ports.journal.range(partition, `${duplicateKey(event.id, 0).slice(0, -1)}`))
          entries.push({ key, value: undefined });
      }
    }
    trimTo = offset + 1;
  }
  if (trimTo === 0) return false;
  await ports.put(entries);
  await ports.trim(trimTo);
  return records.length === BATCH_COUNT;
}

/** Removes the claims of `once` whose window is over. Reads every claim: their number follows live keys, not history. */
export async function trimClaims(partition: number, ports: Pick<TrimPorts, 'journal' | 'put' | 'nowMs'>): Promise<void> {
  const entries: JournalEntry[] = [];
  for await (const { key, value } of ports.journal.range(partition, 'o/')) {
    if ((value as unknown as OnceRecord).untilMs > ports.nowMs()) continue;
    entries.push({ key, value: undefined });
    if (entries.length >= BATCH_COUNT) await ports.put(entries.splice(0));
  }
  if (entries.length > 0) await ports.put(entries);
}

function readJson(value: Buffer): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch {
    return undefined;
  }
}
