import type { Clock } from '../clock.js';
import { DcrError } from './dcr-error.js';

/** @throws DcrError STOPPED as soon as `stop` is aborted. */
export function sleep(clock: Clock, forMs: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = (): void => {
      cancel();
      reject(new DcrError('STOPPED', 'Stopped. Run the same command again: it goes on where it was.'));
    };
    if (stop.aborted) {
      reject(new DcrError('STOPPED', 'Stopped. Run the same command again: it goes on where it was.'));
      return;
    }
    const cancel = clock.after(forMs, () => {
      stop.removeEventListener('abort', stopped);
      resolve();
    });
    stop.addEventListener('abort', stopped, { once: true });
  });
}
