import { ActionError } from './action.js';

/** System calls that come before anything is sent. The same codes from `read` or `write` speak of a connection that stood. */
const BEFORE_SENDING_SYSCALLS = new Set(['connect', 'getaddrinfo']);

/** Codes of errors that are raised before anything was sent, whatever the system call. */
const BEFORE_SENDING_CODES = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** The client refused to make a request of it (a header with a line break, an address that is never called): the same call can never work. */
const NEVER_SENT_CODES = new Set(['UND_ERR_INVALID_ARG', 'UND_ERR_NOT_SUPPORTED', 'LINK_LOCAL_REFUSED']);

const MAX_RETRY_AFTER_MS = 86_400_000;

/** Retry-After: seconds, or an HTTP date as seen at `nowMs`. undefined when absent or unreadable; at most a day. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | undefined {
  if (header === null || header === undefined || header === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms)) : undefined;
}

/** What an HTTP status that is no success means. `safe`: the call changes nothing or can be repeated as it is (GET). */
export function classifyStatus(status: number, what: string, options: { safe: boolean; retryAfterMs?: number | undefined }): ActionError {
  const outcome = options.safe ? 'known' : 'unknown';
  const wait = options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs };
  if (status === 429) return new ActionError('known', 'rate-limited', `${what}: 429, asked to wait.`, { status, ...wait });
  if (status >= 500) return new ActionError(outcome, 'http-5xx', `${what}: status ${status}.`, { status, ...wait });
  if (status >= 400) {
    const retryable = status === 408 || status === 423 || status === 425;
    return new ActionError('known', `http-${status}`, `${what}: status ${status}.`, { status, retryable, ...wait });
  }
  // 307 and 308 ask for the same request elsewhere, so it was not done here; others may answer what was done (303 after a POST).
  return new ActionError(
    status === 307 || status === 308 ? 'known' : outcome,
    `http-${status}`,
    `${what}: status ${status}; redirects are not followed.`,
    { status, retryable: false },
  );
}

interface Raised {
  readonly code: string | undefined;
  readonly syscall: string | undefined;
}

/** The first code in an error, its causes and the errors it gathers (one an address that was tried). */
function raisedBy(error: unknown): Raised {
  for (let at: unknown = error, depth = 0; at !== null && typeof at === 'object' && depth < 6; depth += 1) {
    const { code, syscall, cause, errors } = at as { code?: unknown; syscall?: unknown; cause?: unknown; errors?: unknown };
    const first = Array.isArray(errors) ? (errors[0] as { syscall?: unknown } | undefined) : undefined;
    const call = syscall ?? first?.syscall;
    if (typeof code === 'string') return { code, syscall: typeof call === 'string' ? call : undefined };
    at = cause ?? first;
  }
  return { code: undefined, syscall: undefined };
}

/** A failure without an answer: what failed while connecting certainly sent nothing; anything else may have arrived. */
export function classifyTransport(error: unknown, what: string, safe = false): ActionError {
  if (error instanceof ActionError) return error;
  const { code, syscall } = raisedBy(error);
  const detail = `${what}: ${code ?? (error instanceof Error ? error.message.slice(0, 200) : 'failed')}`;
  if (BEFORE_SENDING_SYSCALLS.has(syscall ?? '') || BEFORE_SENDING_CODES.has(code ?? ''))
    return new ActionError('known', 'refused', detail, { cause: error });
  if (NEVER_SENT_CODES.has(code ?? '')) return new ActionError('known', 'not-sent', detail, { cause: error, retryable: false });
  const reason = code === 'ETIMEDOUT' || (error instanceof Error && error.name === 'TimeoutError') ? 'timeout' : 'answer-lost';
  return new ActionError(safe ? 'known' : 'unknown', reason, detail, { cause: error });
}
