import type { Logger } from 'pino';
import type { Clock } from './clock.js';
import { asError, RouterError } from './errors.js';
import type { Event, Json } from './event/event.js';
import type { ApiPorts } from './http/endpoint.js';
import type {
  LetterDetail,
  LetterPage,
  LetterQuery,
  LetterRowShape,
  ReplayAnswer,
  ReplayRequest,
  ReplayResult,
} from './http/letter-shapes.js';
import { type DeadLetter, letterId, MAX_MARK_IDS, type RawPosition } from './log/kafka/dead-letter.js';
import { comparePositions, type DeadLetters, type LetterRow } from './log/kafka/dead-letters.js';
import { lowerCase } from './log/kafka/raw-consumer.js';
import { redactJson } from './redact.js';

/** What the API asks. `ports` throws where there can be no dead letters. */
export function letterDesk(ports: () => LetterPorts): ApiPorts['letters'] {
  return {
    list: async (query) => listLetters(ports(), query),
    show: async (record) => showLetter(ports(), record),
    replay: async (request, by) => replayLetters(ports(), request, by),
  };
}

export interface LetterPorts {
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info'>;
  readonly letters: Pick<DeadLetters, 'rows' | 'read' | 'mark'>;
  /** As the raw intake does it: names events by the record's place, so that they are the same each time. Throws RouterError for what no source can read. */
  decode(raw: RawPosition, body: Buffer, headers: Readonly<Record<string, string>>): readonly Event[];
  append(events: readonly Event[]): Promise<void>;
}

/** One answer stays below the deadline of requests, and below this much memory. */
const ONE_ANSWER = { count: 200, bytes: 16_777_216, ms: 4_000 };

/** Newest first. */
export async function listLetters({ letters }: LetterPorts, { state, limit, cursor }: LetterQuery): Promise<LetterPage> {
  const rows = await letters.rows();
  const before = cursor === undefined ? undefined : positionOf(cursor, 'cursor');
  const wanted = rows
    .filter(({ replayed }) => state === 'all' || (replayed === undefined) === (state === 'standing'))
    .filter(({ raw }) => before === undefined || comparePositions(raw, before) < 0)
    .reverse();
  const page = wanted.slice(0, limit);
  const last = page.at(-1);
  return {
    letters: page.map((row) => redactJson(shapeOf(row) as unknown as Json) as unknown as LetterRowShape),
    standing: rows.filter(({ replayed }) => replayed === undefined).length,
    ...(last === undefined || wanted.length <= limit ? {} : { next: last.id }),
  };
}

export async function showLetter({ letters }: LetterPorts, record: string): Promise<LetterDetail> {
  const row = named(await letters.rows(), record);
  const letter = await letters.read(row.id);
  if (letter === undefined) throw gone(row.id);
  const text = letter.value.toString('utf8');
  const isText = Buffer.from(text).equals(letter.value);
  return {
    ...shapeOf(row),
    detail: letter.detail,
    headers: { ...letter.headers },
    ...(isText ? { text } : { base64: letter.value.toString('base64') }),
  };
}

/**
 * Each letter's events are durable before its mark is. A crash between the two leaves it standing: sent again it gives the same event ids, which their owner
 * recognises within incidents.dedupeWindow.
 */
export async function replayLetters(ports: LetterPorts, request: ReplayRequest, by: string): Promise<ReplayAnswer> {
  const { clock, letters } = ports;
  const rows = await letters.rows();
  const behind = request.after === undefined ? undefined : positionOf(request.after, 'after');
  const asked = request.records?.map((record) => named(rows, record)) ?? rows.filter(({ replayed }) => replayed === undefined);
  const wanted = asked
    .filter(({ raw }) => behind === undefined || comparePositions(raw, behind) > 0)
    .sort((a, b) => comparePositions(a.raw, b.raw));
  const untilMs = clock.nowMs() + ONE_ANSWER.ms;
  const results: ReplayResult[] = [];
  let bytes = 0;
  for (const row of wanted) {
    if (results.length > 0 && (results.length >= ONE_ANSWER.count || bytes >= ONE_ANSWER.bytes || clock.nowMs() >= untilMs)) {
      const last = results.at(-1);
      return { results, ...(last === undefined ? {} : { next: last.record }) };
    }
    bytes += row.bytes;
    results.push(await replayOne(ports, row, request, by));
  }
  return { results };
}

async function replayOne(ports: LetterPorts, row: LetterRow, request: ReplayRequest, by: string): Promise<ReplayResult> {
  const record = row.id;
  if (row.replayed !== undefined) return { record, state: 'replayed-before', events: [...row.replayed.events], at: row.replayed.at };
  const letter = await ports.letters.read(record);
  if (letter === undefined) throw gone(record);
  const events = eventsOf(ports, letter, request);
  if (events instanceof RouterError)
    return redactJson({ record, state: 'unreadable', reason: events.code, detail: events.message }) as unknown as ReplayResult;
  const ids = events.map(({ id }) => id);
  if (request.dryRun) return { record, state: 'readable', events: ids };
  await ports.append(events);
  const mark = {
    at: new Date(ports.clock.nowMs()).toISOString(),
    by,
    why: request.reason ?? '',
    count: ids.length,
    events: ids.slice(0, MAX_MARK_IDS),
  };
  await ports.letters.mark(record, mark);
  ports.logger.info({ record, ...mark }, 'a dead letter was sent again');
  return { record, state: 'replayed', events: ids };
}

function eventsOf({ decode }: LetterPorts, letter: DeadLetter, { body, contentType }: ReplayRequest): readonly Event[] | RouterError {
  if (body === undefined && letter.isCut)
    return new RouterError('BODY_TOO_LARGE', 'Only the beginning of it was kept; give the whole as a mended body.');
  const headers = contentType === undefined ? letter.headers : { 'content-type': contentType };
  try {
    return decode(letter.raw, body === undefined ? letter.value : Buffer.from(body), lowerCase(headers));
  } catch (error) {
    return error instanceof RouterError ? error : new RouterError('INTERNAL', asError(error).message);
  }
}

/** The letter with this id, or with these partition and offset. */
function named(rows: readonly LetterRow[], record: string): LetterRow {
  const found = rows.filter(({ id }) => id === record || id.startsWith(`${record}/`));
  const [only] = found;
  if (only === undefined)
    throw new RouterError(
      'NOT_FOUND',
      `No dead letter ${record.slice(0, 100)}. GET /api/v1/dlq?state=all lists them (sre-router replay --dlq --list).`,
    );
  if (found.length > 1)
    throw new RouterError(
      'INVALID_REQUEST',
      `${record} names several dead letters: ${found.map(({ id }) => id).join(', ')}. Give one in full.`,
    );
  return only;
}

function positionOf(id: string, where: string): RawPosition {
  const [partition, offset, timestampMs] = id.split('/').map(Number);
  const position = { partition: partition ?? Number.NaN, offset: offset ?? Number.NaN, timestampMs: timestampMs ?? Number.NaN };
  if (letterId(position) !== id || Object.values(position).some(Number.isNaN))
    throw new RouterError('INVALID_REQUEST', `${where}: expected \`next\` of the answer before.`);
  return position;
}

export const noLetters = (): RouterError =>
  new RouterError(
    'NOT_FOUND',
    'log.kind is embedded: there is no raw topic, and no dead letters. What could not be read is a quarantined event: sre-router replay --state quarantined.',
  );

const gone = (id: string): RouterError => new RouterError('NOT_FOUND', `Dead letter ${id} is gone with the retention of the dlq topic.`);

function shapeOf({ id, raw, reason, detail, bytes, isCut, buriedMs, replayed }: LetterRow): LetterRowShape {
  return {
    record: id,
    receivedAt: iso(raw.timestampMs),
    buriedAt: iso(buriedMs),
    reason,
    detail,
    bytes,
    isCut,
    ...(replayed === undefined ? {} : { replayed: { ...replayed, events: [...replayed.events] } }),
  };
}

/** A record's timestamp is its producer's word: any number. */
const iso = (ms: number): string => (Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '');
