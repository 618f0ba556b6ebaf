import { ActionError } from '../action.js';

/** Codes of errors that are raised before anything was sent. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

/** Retry-After: seconds, or an HTTP date. undefined when absent or unreadable; at most a day. */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | undefined {
  if (header === null || header === undefined || header === '') return undefined;
  const ms = /^\d+(\.\d+)?$/.test(header.trim()) ? Number(header) * 1_000 : Date.parse(header) - nowMs;
  return Number.isFinite(ms) ? Math.min(86_400_000, Math.max(0, ms)) : undefined;
}

/** What an HTTP status that is no success means. `safe`: the call changes nothing or can be repeated as it is (GET). */
export function classifyStatus(status: number, what: string, options: { safe: boolean; retryAfterMs?: number | undefined }): ActionError {
  const wait = options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs };
  if (status === 429) return new ActionError('known', 'rate-limited', `${what}: 429, asked to wait.`, { status, ...wait });
  if (status >= 500)
    return new ActionError(options.safe ? 'known' : 'unknown', 'http-5xx', `${what}: status ${status}.`, { status, ...wait });
  if (status >= 400) {
    const retryable = status === 408 || status === 423 || status === 425;
    return new ActionError('known', `http-${status}`, `${what}: status ${status}.`, { status, retryable, ...wait });
  }
  return new ActionError('known', `http-${status}`, `${what}: status ${status}; redirects are not followed.`, { status, retryable: false });
}

function codeOf(error: unknown): string | undefined {
  for (let at: unknown = error, depth = 0; at !== null && typeof at === 'object' && depth < 6; depth += 1) {
    const { code, cause, original, errors } = at as { code?: unknown; cause?: unknown; original?: unknown; errors?: unknown };
    if (typeof code === 'string' && !code.startsWith('slack_')) return code;
    at = cause ?? original ?? (Array.isArray(errors) ? errors[0] : undefined);
  }
  return undefined;
}

/** A failure without an answer: refused connections and failed look-ups certainly sent nothing; anything else may have arrived. */
export function classifyTransport(error: unknown, what: string, safe = false): ActionError {
  if (error instanceof ActionError) return error;
  const code = codeOf(error);
  const detail = `${what}: ${code ?? (error instanceof Error ? error.message.slice(0, 200) : 'failed')}`;
  if (code !== undefined && BEFORE_SENDING.has(code)) return new ActionError('known', 'refused', detail, { cause: error });
  const reason =
    code === 'ETIMEDOUT' || code === 'ECONNABORTED' || (error instanceof Error && error.name === 'TimeoutError')
      ? 'timeout'
      : 'answer-lost';
  return new ActionError(safe ? 'known' : 'unknown', reason, detail, { cause: error });
}
