import type { Clock } from '../clock.js';
import { DcrError } from './dcr-error.js';
import { durationText } from './duration-text.js';
import type { Look } from './look.js';
import { advance, MAX_RESTARTS, type ProgressSeen } from './progress.js';
import { sleep } from './sleep.js';

export interface WaitOptions {
  /** For the messages. */
  readonly phase: string;
  readonly timeoutMs: number;
  /** `progress`: the time-out counts from the last progress, however long the run is. */
  readonly countsFrom: 'start' | 'progress';
  /** From when `start` counts; a wait that is tried again goes on counting where the first began. */
  readonly sinceMs: number;
  readonly pollMs: number;
  /** How often what was seen last is said while only its numbers change, or nothing. */
  readonly reportEveryMs: number;
}

export interface WaitPorts {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** One look at the world. What it throws (no answer, 5xx) is shown and waited out. */
  look(): Promise<Look>;
  say(line: string): void;
  /** Each look, for progress events. */
  onLook?(look: Look): void;
}

/**
 * Looks until the phase is reached. Keeps nothing: stopped and started again it goes on from what it sees.
 * @throws DcrError RUN_FAILED, SUPERSEDED, TIMEOUT with what was seen last, STOPPED.
 */
export async function waitFor(options: WaitOptions, { clock, stop, look, say, onLook }: WaitPorts): Promise<Look> {
  const { phase, timeoutMs, countsFrom, pollMs, reportEveryMs } = options;
  let countedFromMs = options.sinceMs;
  let progress: ProgressSeen | undefined;
  let lastKind: string | undefined;
  let saidMs = Number.NEGATIVE_INFINITY;
  for (;;) {
    const now = await look().catch((error: unknown): Look => {
      if (error instanceof DcrError && error.code !== 'USAGE') return { verdict: 'pending', seen: `could not look: ${error.message}` };
      throw error;
    });
    const nowMs = clock.nowMs();
    if (now.progress !== undefined && countsFrom === 'progress') {
      const { moved, seen } = advance(progress, now.progress);
      if (seen.restarts > (progress?.restarts ?? 0))
        say(`The synchronizer has started anew (${seen.restarts} of ${MAX_RESTARTS} times that count as progress).`);
      progress = seen;
      if (moved) countedFromMs = nowMs;
    }
    onLook?.(now);
    if (now.verdict === 'reached') {
      say(`${phase}: reached; ${now.seen}`);
      return now;
    }
    if (now.verdict === 'failed')
      throw new DcrError('RUN_FAILED', `${phase}: ${now.seen}. Look at the node's log; the run has to be started again.`);
    if (now.verdict === 'superseded') throw new DcrError('SUPERSEDED', `${phase}: ${now.seen}.`);
    const spentMs = nowMs - countedFromMs;
    // Another sentence is said at once; the same one with other numbers as often as asked for.
    const kind = now.seen.replaceAll(/\d+/g, '');
    if (kind !== lastKind || nowMs - saidMs >= reportEveryMs) {
      const since = countsFrom === 'progress' ? 'without progress' : 'waited';
      say(`${phase}: ${durationText(spentMs)} of ${durationText(timeoutMs)} ${since}; ${now.seen}`);
      saidMs = nowMs;
    }
    lastKind = kind;
    if (spentMs >= timeoutMs) {
      const what = countsFrom === 'progress' ? 'no progress for' : 'not reached within';
      throw new DcrError('TIMEOUT', `${phase}: ${what} ${durationText(timeoutMs)}. Seen last: ${now.seen}.`);
    }
    await sleep(clock, Math.min(pollMs, Math.max(1, timeoutMs - spentMs)), stop);
  }
}
