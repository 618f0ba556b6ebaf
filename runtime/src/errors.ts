/**
 * Every failure a caller can meet, in one table. Callers match `code`, never the class or the text.
 * `retry`: never = the same call will fail again; backoff = may work later; after = not before the stated time.
 * docs/errors.md is generated from here.
 */
interface ErrorRow {
  readonly status: number;
  readonly retry: 'never' | 'backoff' | 'after';
  readonly title: string;
}

export const ERRORS = {
  BODY_NOT_JSON: { status: 400, retry: 'never', title: 'The body is not valid JSON.' },
  BODY_NOT_UTF8: { status: 400, retry: 'never', title: 'The body is not valid UTF-8.' },
  BODY_TOO_LARGE: { status: 413, retry: 'never', title: 'The body is larger than limits.body.' },
  BODY_TOO_DEEP: { status: 400, retry: 'never', title: 'The body is nested too deeply.' },
  BODY_FORBIDDEN_KEY: { status: 400, retry: 'never', title: 'The body has a key that is never allowed.' },
  BODY_AMBIGUOUS: { status: 400, retry: 'never', title: 'The body has a key twice, or a number or text that would change when read.' },
  BODY_NOT_INFLATABLE: { status: 400, retry: 'never', title: 'The body says gzip but does not inflate.' },
  BODY_INVALID: { status: 400, retry: 'never', title: 'The body does not have the shape this source takes.' },
  CONTENT_TYPE: { status: 415, retry: 'never', title: 'This source does not take that content type.' },
  BATCH_TOO_LARGE: { status: 413, retry: 'never', title: 'The batch has more entries than limits.alerts.' },
  EVENT_TOO_LARGE: { status: 413, retry: 'never', title: 'An event is larger than limits.event.' },
  UNKNOWN_SOURCE: { status: 404, retry: 'never', title: 'No source of that name is configured.' },
  UNAUTHENTICATED: { status: 401, retry: 'never', title: 'A bearer token is missing or unknown.' },
  FORBIDDEN: { status: 403, retry: 'never', title: 'The token lacks the role this call needs.' },
  HOST_REFUSED: { status: 421, retry: 'never', title: 'Without tokens the router answers only under a local name.' },
  METHOD_NOT_ALLOWED: { status: 405, retry: 'never', title: 'The path is known, but not with that method.' },
  REQUEST_TIMEOUT: { status: 408, retry: 'backoff', title: 'The request did not arrive in time.' },
  HEADERS_TOO_LARGE: { status: 431, retry: 'never', title: 'The request line and headers are larger than 16 KiB.' },
  NOT_FOUND: { status: 404, retry: 'never', title: 'No such thing here.' },
  WRONG_STATE: { status: 409, retry: 'never', title: 'The event is not in a state in which that can be done.' },
  INVALID_REQUEST: { status: 400, retry: 'never', title: 'The request is not valid.' },
  NOT_DURABLE: { status: 503, retry: 'backoff', title: 'The event could not be made durable; nothing was accepted.' },
  OVERLOADED: { status: 503, retry: 'backoff', title: 'Too many unfinished runs (limits.unfinished); intake is paused.' },
  // 503 and not 429: Alertmanager sends again after a 5xx, and gives an alert up after any 4xx.
  RATE_LIMITED: { status: 503, retry: 'after', title: 'The token sends more requests than http.rate allows.' },
  TIMED_OUT: { status: 503, retry: 'backoff', title: 'The router did not finish in time; what was asked for may still happen.' },
  STARTING: { status: 503, retry: 'backoff', title: 'The router is starting; /readyz says what it waits for.' },
  STOPPING: { status: 503, retry: 'backoff', title: 'The router is stopping.' },
  INTERNAL: { status: 500, retry: 'never', title: 'The router failed; its log says how.' },
  CONFIG_INVALID: { status: 500, retry: 'never', title: 'The configuration is not valid.' },
  MAPPING_INVALID: { status: 500, retry: 'never', title: 'The mappings are not valid.' },
  LOG_LOCKED: { status: 500, retry: 'never', title: 'Another router uses this data folder.' },
  LOG_DAMAGED: { status: 500, retry: 'never', title: 'The data folder is damaged.' },
  LOG_FULL: { status: 503, retry: 'backoff', title: 'The disk that holds the log is full.' },
  LOG_FORMAT: { status: 500, retry: 'never', title: 'The data folder was written by an incompatible version.' },
  EXPRESSION: { status: 500, retry: 'never', title: 'An expression of a mapping failed.' },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** `detail`: what, where, expected, received, what to do next; never a secret. `pointer`: JSON pointer to the field, where one is at fault. */
export class RouterError extends Error {
  readonly code: ErrorCode;
  readonly pointer: string | undefined;
  constructor(code: ErrorCode, detail: string, options: { pointer?: string; cause?: unknown } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RouterError';
    this.code = code;
    this.pointer = options.pointer;
  }
}

/** Guards every catch: whatever was thrown becomes an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
