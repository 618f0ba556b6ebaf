import { z } from 'zod';
import type { Phase } from '../event/event.js';

/** A request body as it came, bounded and inflated by the HTTP room. */
export interface Payload {
  readonly body: Buffer;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** Where an event belongs: its incident, what it says about it, when it happened. */
export interface Placement {
  readonly correlationId?: string;
  readonly phase?: Phase;
  /** RFC 3339. Default: now. */
  readonly time?: string;
  readonly severity?: string;
}

/** What a source makes of one entry of a payload; the manager turns it into an Event (id, times, key, schema check). */
export interface Draft extends Placement {
  readonly type: string;
  readonly data: unknown;
  /** Default: the configured source's name. */
  readonly source?: string;
  readonly subject?: string;
  /** What the caller calls this delivery: makes a redelivery recognisable. Absent: the nonce within its key, else the wrapper's id, else an id is made. */
  readonly originId?: string;
  readonly nonce?: string;
  readonly expiryTime?: string;
  /** Default: the `traceparent` header of the payload. One that is malformed is dropped. */
  readonly traceparent?: string;
  readonly dataschema?: string;
  /** The caller's own partition key, if it gave one. */
  readonly partitionKey?: string;
  /** The entry itself is unusable: "<JSON pointer>: <what>". It becomes a quarantined event, its neighbours are accepted. */
  readonly quarantine?: string;
}

export interface DecodeLimits {
  readonly maxEntries: number;
  readonly maxDepth: number;
}

/** What a wrapping source unwraps: the body of another source, and the id the wrapper gave the delivery. */
export interface Handoff {
  readonly handTo: string;
  readonly payload: Payload;
  readonly originId: string;
  /** JSON pointers within the wrapper: to what names the other source, and to the body; for error messages. */
  readonly namedAt: string;
  readonly bodyAt: string;
}

interface AnyKind<Config> {
  readonly kind: string;
  readonly config: z.ZodType<Config>;
  /** Media types taken, lower case, without parameters. Absent: any; the kind looks by itself. */
  readonly contentTypes?: readonly string[];
}

export interface DecodingKind<Config = unknown> extends AnyKind<Config> {
  /** The one event type it makes, where it makes one only: expressions over `data` are then type-checked. */
  readonly eventType?: string;
  /** One bad entry must not refuse its neighbours: an entry that is too large is quarantined even when it is the only one. */
  readonly neverRefusesEntries?: boolean;
  /** Throws RouterError with a pointer for a bad envelope. */
  decode(payload: Payload, config: Config, limits: DecodeLimits): readonly Draft[];
  /** Where an entry belongs, told by its data alone. Absent: the envelope says so. Asked again when a person corrects the data. Never throws. */
  place?(data: unknown): Placement;
}

/** Unwraps what an event bus adds. What cannot be read is kept as a quarantined event and answered 2xx, because the sender would retry poison for ever. */
export interface WrappingKind<Config = unknown> extends AnyKind<Config> {
  unwrap(payload: Payload, config: Config, limits: DecodeLimits): Handoff;
}

/** One source kind = one file = one of these, listed in manager/registry.ts. */
export type SourceKind<Config = unknown> = DecodingKind<Config> | WrappingKind<Config>;

/** Media type in lower case, without parameters; '' when there is none. */
export const mediaTypeOf = ({ headers }: Payload): string => (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** A text of an event's attributes: as in CloudEvents, without control characters. */
export const attributeText = (maxCharacters: number): z.ZodString =>
  z
    .string()
    .min(1)
    .max(maxCharacters)
    .regex(/^\P{Cc}*$/u, 'has a control character');
