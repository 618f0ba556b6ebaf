import type { z } from 'zod';
import type { Phase } from '../event/event.js';

/** A request body as it came, bounded and inflated by the HTTP room. */
export interface Payload {
  readonly body: Buffer;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

/** What a source makes of one entry of a payload; the manager turns it into an Event (id, times, key, schema check). */
export interface Draft {
  readonly type: string;
  readonly data: unknown;
  /** Default: the configured source's name. */
  readonly source?: string;
  readonly subject?: string;
  /** RFC 3339. Default: now. */
  readonly time?: string;
  /** What the caller calls this delivery: makes a redelivery recognisable. Absent: an id is made. */
  readonly originId?: string;
  readonly correlationId?: string;
  readonly phase?: Phase;
  readonly severity?: string;
  readonly nonce?: string;
  readonly expiryTime?: string;
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
}

/** One source kind = one file = one of these, listed in manager/registry.ts. Throws RouterError with a pointer for a bad envelope. */
export interface SourceKind<Config = unknown> {
  readonly kind: string;
  readonly config: z.ZodType<Config>;
  /** Media types taken, lower case, without parameters; ending in "/*" or "+json" patterns allowed as written. */
  readonly contentTypes: readonly string[];
  /** True: what cannot be decoded is kept as a quarantined event and answered 2xx, because the sender would retry poison for ever. */
  readonly keepsPoison?: boolean;
  decode(payload: Payload, config: Config, limits: DecodeLimits): readonly Draft[] | Handoff;
}
