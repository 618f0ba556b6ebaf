import type { RouterError } from '../errors.js';
import { cut } from '../event/cut.js';
import type { Event, Json } from '../event/event.js';
import { decodeUtf8, parseJson } from './json-body.js';
import type { DecodeLimits } from './source.js';

/** Type of the event that keeps a body which a wrapping source could not read. The router's own: nobody can send one. */
export const POISON_TYPE = 'router.poison';

/** The envelope and the escaping of what was cut need room beside the data. */
const ENVELOPE_BYTES = 16_384;

/** The body in the form that people read and change best: as JSON where it is, else as text, else in base64. */
export type PoisonData = { body: Json } | { text: string } | { base64: string } | { truncated: string; bytes: number };

/** Keeps a body whole where it fits into one event; otherwise its beginning. */
export function poisonData(body: Buffer, limits: DecodeLimits, eventBytes: number): PoisonData {
  const room = Math.max(0, eventBytes - ENVELOPE_BYTES);
  const text = decodeUtf8(body);
  const data: PoisonData = text === undefined ? { base64: body.toString('base64') } : (asJson(body, limits) ?? { text });
  if (Buffer.byteLength(JSON.stringify(data)) <= room) return data;
  // A control character becomes six.
  return { truncated: cut(text ?? body.toString('latin1'), Math.floor(room / 6)), bytes: body.length };
}

function asJson(body: Buffer, limits: DecodeLimits): { body: Json } | undefined {
  try {
    return { body: parseJson(body, limits) };
  } catch {
    return undefined;
  }
}

/** The body of a poison event as it came (JSON perhaps spaced otherwise). undefined: it was cut. */
export function poisonBody({ data }: Event): Buffer | undefined {
  if (data === null || typeof data !== 'object' || Array.isArray(data)) return undefined;
  if (data.body !== undefined) return Buffer.from(JSON.stringify(data.body));
  if (typeof data.text === 'string') return Buffer.from(data.text);
  return typeof data.base64 === 'string' ? Buffer.from(data.base64, 'base64') : undefined;
}

/** Why it was kept, as an event's `quarantine`; no full stop at its end, like the others. */
export const poisonReason = (error: RouterError, below: string): string =>
  cut(`${below}${error.pointer ?? ''}: ${error.message.replace(/\.$/, '')}`, 1_000);
