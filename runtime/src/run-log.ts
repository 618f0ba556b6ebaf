import type { Logger } from 'pino';
import type { Event } from './event/event.js';
import type { Outcome } from './journal/records.js';
import type { Metrics } from './metrics.js';
import type { PartitionPorts } from './workflow/partition-ports.js';
import type { StepReport } from './workflow/runner.js';

type Level = 'info' | 'warn' | 'error';

/** A retry passes by itself: warn. What waits for a person, or was given up: error. */
export function levelOfStep(result: string): Level {
  if (result === 'retry' || result === 'unsettled') return 'warn';
  return result === 'parked' || result === 'ambiguous' || result === 'failed' ? 'error' : 'info';
}

export function levelOfOutcome(outcome: Outcome): Level {
  if (outcome === 'failed') return 'error';
  return outcome === 'quarantined' ? 'warn' : 'info';
}

export type RunLog = Pick<PartitionPorts, 'received' | 'ended' | 'report'>;

/** What runs do, as log lines (each with event id and key; a step's with route and step) and as metrics. `types`: those that have a label of their own. */
export function createRunLog(logger: Logger, metrics: Metrics, types: ReadonlySet<string>, nowMs: () => number): RunLog {
  return {
    received({ type, recordedtime }: Event) {
      metrics.count('received', { type: types.has(type) ? type : 'other' });
      metrics.observe('queue', {}, Math.max(0, nowMs() - Date.parse(recordedtime)) / 1_000);
    },
    ended({ eventId, key, outcome, reason, meaning }) {
      metrics.count('outcomes', { outcome });
      logger[levelOfOutcome(outcome)]({ event: eventId, key, outcome, reason, meaning }, `event ${outcome}`);
    },
    report({ eventId, action, durationMs, ...rest }: StepReport) {
      const { result } = rest;
      metrics.count('stepAttempts', { action, result });
      if (durationMs !== undefined) metrics.observe('stepDuration', { action, result }, durationMs / 1_000);
      logger[levelOfStep(result)]({ event: eventId, ...rest, ...(durationMs === undefined ? {} : { durationMs }) }, `${action} ${result}`);
    },
  };
}
