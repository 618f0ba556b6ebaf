import { RouterError } from '../errors.js';
import type { Json } from '../event/event.js';
import { scanJson } from './json-scan.js';
import { pointerOf } from './pointer.js';
import type { DecodeLimits } from './source.js';

/** Default: a key that is never allowed refuses the body. */
function refuse(path: readonly (string | number)[]): never {
  throw new RouterError('BODY_FORBIDDEN_KEY', `The key ${JSON.stringify(path.at(-1))} is never allowed.`, { pointer: pointerOf(path) });
}

/**
 * UTF-8 JSON → value, strictly and without loss: what would be lost or changed by reading it is refused with a pointer (see json-scan.ts).
 * A byte order mark is ignored; −0 becomes 0, as JSON.stringify would make it. Throws RouterError BODY_*.
 */
export function parseJson(body: Buffer, limits: DecodeLimits, forbiddenKey: (path: readonly (string | number)[]) => void = refuse): Json {
  const text = decodeUtf8(body);
  if (text === undefined) throw new RouterError('BODY_NOT_UTF8', 'The body has bytes that are not UTF-8.');
  // Before JSON.parse, which would build any nesting first.
  const { hasNegativeZero } = scanJson(text, { maxDepth: limits.maxDepth, forbiddenKey });
  try {
    return JSON.parse(text, hasNegativeZero ? (_key, value: unknown) => (value === 0 ? 0 : value) : undefined) as Json;
  } catch (error) {
    throw new RouterError('BODY_NOT_JSON', text === '' ? 'The body is empty; expected JSON.' : `Expected JSON: ${reason(error)}`, {
      cause: error,
    });
  }
}

/** undefined: not UTF-8. A byte order mark is dropped. */
export function decodeUtf8(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The parser's message quotes the body, and a secret may stand there: only what comes before the quote. */
const reason = (error: unknown): string => (error instanceof Error ? error.message : '').replace(/, (\.{3})?".*$/s, '').slice(0, 200);
