import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';
import type { Json } from '../event/event.js';
import type { View } from '../view/view.js';
import type { Role } from './auth.js';
import type { LetterDetail, LetterPage, LetterQuery, ReplayAnswer, ReplayRequest } from './letter-shapes.js';

export interface CommandRequest {
  readonly kind: 'retry' | 'resolve' | 'abandon' | 'resubmit';
  readonly target: string;
  /** Name of the caller's token. */
  readonly by: string;
  readonly reason: string;
  readonly step?: string;
  readonly branch?: number;
  readonly output?: Json;
  readonly data?: Json;
}

/** What the endpoints need of the router. */
export interface ApiPorts {
  readonly version: string;
  readonly view: Pick<View, 'event' | 'events' | 'incident' | 'incidents' | 'absent'>;
  /** Resolves when every event of the body is durable. */
  ingest(
    source: string,
    raw: Buffer,
    headers: ApiRequest['headers'],
  ): Promise<readonly { readonly id: string; readonly quarantine?: string | undefined }[]>;
  /** UTF-8 JSON → value, strictly: depth and forbidden keys are checked. Throws RouterError. */
  readJson(body: Buffer): Json;
  command(request: CommandRequest): Promise<{ id: string; events?: string[] }>;
  /** Dead letters. Throws NOT_FOUND where there can be none. */
  readonly letters: {
    list(query: LetterQuery): Promise<LetterPage>;
    show(record: string): Promise<LetterDetail>;
    replay(request: ReplayRequest, by: string): Promise<ReplayAnswer>;
  };
  readiness(): Promise<{ ready: boolean; reasons: readonly string[] }>;
  mappings(): Json;
  metricsText(): Promise<string>;
  readonly metricsType: string;
}

/** Header names in lower case; of a repeated header the first. */
export interface ApiRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Name of the caller's token. */
  readonly by: string;
}

export interface ApiReply {
  readonly status: number;
  /** JSON, unless `type` says otherwise: then text. */
  readonly body: unknown;
  readonly type?: string;
}

/** One way to ask the router something. Routes, roles, errors, the OpenAPI document and docs/api.md come from it. */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: /api/v1/events/{id}. */
  readonly path: string;
  /** none: everybody may, also without a token. */
  readonly role: Role | 'none';
  readonly summary: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: z.ZodObject;
  /** Media types, and the schema of a JSON body. */
  readonly body?: { readonly types: readonly string[]; readonly schema?: z.ZodType };
  /** By status. No schema: text of this media type. */
  readonly answers: Readonly<
    Record<number, { readonly description: string; readonly schema?: z.ZodType; readonly types?: readonly string[] }>
  >;
  /** But for those of every endpoint (errorsOf). */
  readonly errors: readonly ErrorCode[];
  handle(request: ApiRequest, ports: ApiPorts): Promise<ApiReply>;
}

/** Every code that this endpoint may answer with. */
export function errorsOf({ role, errors, params, query, body }: Endpoint): readonly ErrorCode[] {
  const codes: ErrorCode[] = [...errors, 'TIMED_OUT', 'INTERNAL', 'HOST_REFUSED'];
  if (role !== 'none') codes.push('UNAUTHENTICATED', 'FORBIDDEN', 'RATE_LIMITED');
  if (params !== undefined || query !== undefined || body !== undefined) codes.push('INVALID_REQUEST');
  if (body !== undefined) codes.push('BODY_TOO_LARGE', 'REQUEST_TIMEOUT');
  return [...new Set(codes)];
}
