import { z } from 'zod';

/** A JSON value, as it comes from outside and as steps pass it on. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Any JSON. What comes here was parsed from JSON text by the event manager (json-body.ts), so it is not walked again. */
export const anyJson = z.unknown() as unknown as z.ZodType<Json>;

export const PHASES = ['firing', 'update', 'resolved'] as const;
export type Phase = (typeof PHASES)[number];

const instant = z.iso.datetime({ offset: true });

/**
 * One thing that happened: CloudEvents 1.0 in structured JSON plus our extension attributes (names lower-case, values strings).
 * It is made by the event manager and never changed afterwards.
 */
export const eventSchema = z.strictObject({
  specversion: z.literal('1.0'),
  /** Names one delivery, unique for all sources. See id.ts. */
  id: z.string().min(1).max(256),
  type: z.string().min(1).max(256),
  /** The configured source's name, or what the caller put there. */
  source: z.string().min(1).max(1024),
  subject: z.string().max(1024).optional(),
  time: instant,
  datacontenttype: z.string().optional(),
  dataschema: z.string().optional(),
  /** When the event manager made it. */
  recordedtime: instant,
  /** The ordering key: events of one key run one at a time, in order. */
  partitionkey: z.string().min(1).max(1024),
  /** The configured source (POST /ingest/<name>) or "router" for internal events. */
  ingestsource: z.string().min(1).max(128),
  /** Ties deliveries of one incident together; Alertmanager: the fingerprint. */
  correlationid: z.string().min(1).max(512).optional(),
  phase: z.enum(PHASES).optional(),
  severitytext: z.string().max(64).optional(),
  nonce: z.string().min(1).max(256).optional(),
  /** Not worth acting on after this instant. */
  expirytime: instant.optional(),
  traceparent: z.string().max(128).optional(),
  /** The caller's own id, where it gave one. */
  originid: z.string().max(1024).optional(),
  /** Set when `data` failed its type's schema: "<JSON pointer>: <what is wrong>". The event is quarantined at acceptance. */
  quarantine: z.string().max(1000).optional(),
  data: anyJson.optional(),
});
export type Event = z.infer<typeof eventSchema>;

/** Types that begin with this are the router's own: refused from outside. */
export const INTERNAL_TYPE_PREFIX = 'router.';

/** The incident an event belongs to; undefined when it belongs to none. */
export function incidentKeyOf(event: Pick<Event, 'source' | 'correlationid'>): string | undefined {
  return event.correlationid === undefined ? undefined : `${event.source}:${event.correlationid}`;
}
