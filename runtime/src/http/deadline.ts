import type { Clock } from '../clock.js';
import { RouterError } from '../errors.js';

/** Below the shortest time after which Alertmanager gives a request up (its flush deadline is at least 10 s): a log that hangs is answered 503. */
export const ANSWER_WITHIN_MS = 8_000;

/** The result, or TIMED_OUT: the work itself cannot be called back, and may still be done. */
export async function withinDeadline<T>(clock: Clock, work: Promise<T>): Promise<T> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cancel = clock.after(ANSWER_WITHIN_MS, () =>
      reject(new RouterError('TIMED_OUT', `No result within ${ANSWER_WITHIN_MS} ms; send it again, under the same id if it has one.`)),
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
