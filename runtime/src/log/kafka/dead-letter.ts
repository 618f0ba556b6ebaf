import { gunzipSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { cut } from '../../event/cut.js';
import type { FetchedRecord } from './internals.js';
import { DLQ_ROOM_BYTES, RAW_BYTES } from './topics.js';

/** Where a record of raw was. Its text `<partition>/<offset>/<timestamp in ms>` names the dead letter: the same however often it is written. */
export interface RawPosition {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
}

export const letterId = ({ partition, offset, timestampMs }: RawPosition): string => `${partition}/${offset}/${timestampMs}`;

/** A record of raw that no source can read, as it lies in dlq. */
export interface DeadLetter {
  readonly id: string;
  readonly raw: RawPosition;
  /** Error code, and what is wrong in words. */
  readonly reason: string;
  readonly detail: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: Buffer;
  /** True: only the beginning of its value fitted. */
  readonly isCut: boolean;
}

/** A record of dlq that says of a letter: it was sent again. */
export interface ReplayMark {
  /** RFC 3339. */
  readonly at: string;
  /** Name of the caller's token. */
  readonly by: string;
  readonly why: string;
  /** How many events it gave, and the ids of the first of them (MAX_MARK_IDS). */
  readonly count: number;
  readonly events: readonly string[];
}

export const MAX_MARK_IDS = 100;
const REPLAYED = 'x-replayed';

/** Our own headers; they win over a record's own of the same name. */
const NAMES = {
  partition: 'x-raw-partition',
  offset: 'x-raw-offset',
  timestamp: 'x-raw-timestamp',
  reason: 'x-reason',
  detail: 'x-detail',
  /** gzip: the value came compressed, and is too large to be kept as it was. */
  encoding: 'x-encoding',
  /** Bytes that the value had before it was cut. */
  cut: 'x-cut-from-bytes',
} as const;
const OURS: ReadonlySet<string> = new Set(Object.values(NAMES));

const MAX_DETAIL_UNITS = 1_000;
/** Of the record's own headers; with ours they stay within DLQ_ROOM_BYTES. */
const MAX_HEADERS_BYTES = DLQ_ROOM_BYTES / 2;
/** What inflates to more is nobody's. A record batch that inflates to more is refused by the codecs. */
const MAX_INFLATED_BYTES = 67_108_864;

interface Dlq {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** The record of dlq: key is the letter's id, value the bytes as they came, headers those of the record and what is wrong. */
export function writeDeadLetter(letter: Pick<DeadLetter, 'raw' | 'reason' | 'detail' | 'headers' | 'value'>): Dlq {
  const { raw, reason, detail, headers, value } = letter;
  const { partition, offset, timestampMs } = raw;
  const kept = fitting(value);
  return {
    key: Buffer.from(letterId(raw)),
    value: kept.value,
    headers: {
      ...fittingHeaders(headers),
      [NAMES.partition]: String(partition),
      [NAMES.offset]: String(offset),
      [NAMES.timestamp]: String(timestampMs),
      [NAMES.reason]: reason,
      [NAMES.detail]: cut(detail, MAX_DETAIL_UNITS),
      ...kept.headers,
    },
  };
}

/** undefined: it is none. Never throws. */
export function readDeadLetter({ key, value, headers }: Pick<FetchedRecord, 'key' | 'value' | 'headers'>): DeadLetter | undefined {
  const reason = headers[NAMES.reason];
  const raw = {
    partition: Number(headers[NAMES.partition]),
    offset: Number(headers[NAMES.offset]),
    timestampMs: Number(headers[NAMES.timestamp]),
  };
  if (reason === undefined || key?.toString('utf8') !== letterId(raw)) return undefined;
  const whole = inflated(value ?? Buffer.alloc(0), headers[NAMES.encoding]);
  return {
    id: letterId(raw),
    raw,
    reason,
    detail: headers[NAMES.detail] ?? '',
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !OURS.has(name))),
    value: whole ?? value ?? Buffer.alloc(0),
    isCut: whole === undefined || headers[NAMES.cut] !== undefined,
  };
}

/** The mark's record. It has no reason, as every letter has: nobody can write a letter that reads as a mark. */
export function writeMark(id: string, mark: ReplayMark): Dlq {
  return { key: Buffer.from(id), value: Buffer.from(JSON.stringify(mark)), headers: { [REPLAYED]: mark.at } };
}

/** undefined: it is none. Never throws. */
export function readMark({
  key,
  value,
  headers,
}: Pick<FetchedRecord, 'key' | 'value' | 'headers'>): (ReplayMark & { id: string }) | undefined {
  if (key === null || headers[NAMES.reason] !== undefined || headers[REPLAYED] === undefined) return undefined;
  try {
    const given = markSchema.safeParse(JSON.parse(value?.toString('utf8') ?? ''));
    return given.success ? { id: key.toString('utf8'), ...given.data } : undefined;
  } catch {
    return undefined;
  }
}

const markSchema = z.object({ at: z.string(), by: z.string(), why: z.string(), count: z.int(), events: z.array(z.string()) });

/** A record that came compressed may be larger than any record that is not: kept compressed, or cut. */
function fitting(value: Buffer): { readonly value: Buffer; readonly headers: Readonly<Record<string, string>> } {
  if (value.length <= RAW_BYTES) return { value, headers: {} };
  const packed = gzipSync(value);
  if (packed.length <= RAW_BYTES) return { value: packed, headers: { [NAMES.encoding]: 'gzip' } };
  return { value: value.subarray(0, RAW_BYTES), headers: { [NAMES.cut]: String(value.length) } };
}

function inflated(value: Buffer, encoding: string | undefined): Buffer | undefined {
  if (encoding !== 'gzip') return value;
  try {
    return gunzipSync(value, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch {
    return undefined;
  }
}

/** The first ones that fit, in their order. */
function fittingHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes > MAX_HEADERS_BYTES) break;
    if (!OURS.has(name)) kept[name] = value;
  }
  return kept;
}
