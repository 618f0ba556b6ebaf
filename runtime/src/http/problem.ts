import { ERRORS, type ErrorCode, RouterError } from '../errors.js';

/** RFC 9457 problem details. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
  readonly pointer?: string;
}

/** Errors of ours tell what they know; anything else is a 500 that tells nothing of the inside. */
export function problemOf(error: unknown): Problem {
  if (error instanceof RouterError) return make(error.code, error.message, error.pointer);
  const { code, statusCode } = error as { code?: string; statusCode?: number };
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return make('BODY_TOO_LARGE', 'The body is larger than limits.body.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return make('INVALID_REQUEST', error instanceof Error ? error.message : 'Invalid request.');
  return { type: 'about:blank', title: 'Internal error.', status: 500, code: 'INTERNAL' };
}

function make(code: ErrorCode, detail: string, pointer?: string): Problem {
  const { title, status } = ERRORS[code];
  return { type: `urn:sre-router:error:${code}`, title, status, code, detail, ...(pointer === undefined ? {} : { pointer }) };
}
