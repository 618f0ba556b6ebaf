import type { Clock } from '../clock.js';
import type { Json } from '../event/event.js';
import { redactSecrets, redactText } from '../redact.js';
import { ActionError, Ongoing } from './action.js';

export type CallResult<T> =
  | { readonly ok: true; readonly value: T; readonly durationMs: number }
  | { readonly ok: false; readonly error: ActionError; readonly durationMs: number };

/**
 * One call of an action or its probe under its timeout. Never throws: what is not an ActionError has an unknown outcome, because nobody classified it.
 * The promise settles at the timeout even if the action ignores its signal. Credentials that the target told back are gone from what is returned: it is
 * journaled, logged and shown.
 */
export async function call<T>(
  clock: Clock,
  timeoutMs: number,
  shutdown: AbortSignal,
  make: (signal: AbortSignal) => Promise<T>,
): Promise<CallResult<T>> {
  const startMs = clock.nowMs();
  const abort = new AbortController();
  let giveUp: (error: ActionError) => void = () => undefined;
  const gaveUp = new Promise<never>((_resolve, reject) => {
    giveUp = (error) => {
      reject(error);
      abort.abort(error);
    };
  });
  const cancelTimer = clock.after(timeoutMs, () => giveUp(new ActionError('unknown', 'timeout', `No answer within ${timeoutMs} ms.`)));
  const onShutdown = (): void => giveUp(new ActionError('unknown', 'shutdown', 'The router stopped while the call was under way.'));
  shutdown.addEventListener('abort', onShutdown, { once: true });
  try {
    const value = await Promise.race([make(abort.signal), gaveUp]);
    return { ok: true, value: cleaned(value), durationMs: clock.nowMs() - startMs };
  } catch (thrown) {
    const error =
      thrown instanceof ActionError
        ? thrown
        : new ActionError('unknown', 'unclassified', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
    return { ok: false, error: withoutSecrets(error), durationMs: clock.nowMs() - startMs };
  } finally {
    cancelTimer();
    shutdown.removeEventListener('abort', onShutdown);
    gaveUp.catch(() => undefined);
  }
}

function cleaned<T>(value: T): T {
  if (value === undefined) return value;
  if (value instanceof Ongoing) return new Ongoing(redactSecrets(value.memo), value.againMs, redactText(value.detail)) as T;
  return redactSecrets(value as Json) as T;
}

function withoutSecrets(error: ActionError): ActionError {
  const { outcome, reason, message, retryable, retryAfterMs, status } = error;
  if (redactText(message) === message && redactText(reason) === reason) return error;
  const optional = { ...(retryAfterMs === undefined ? {} : { retryAfterMs }), ...(status === undefined ? {} : { status }) };
  return new ActionError(outcome, redactText(reason), redactText(message), { retryable, ...optional });
}
