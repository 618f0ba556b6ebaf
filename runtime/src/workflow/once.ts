import { createHash } from 'node:crypto';
import type { Json } from '../event/event.js';
import type { JournalEntry } from '../journal/journal.js';
import type { OnceRecord } from '../journal/records.js';
import { onceKey } from '../journal/records.js';
import type { Run } from './run-state.js';
import type { RunnerPorts } from './runner.js';

/** Journal key of "this step of this route for this ordering key". */
export function onceHash(key: string, route: string, step: string): string {
  return onceKey(
    createHash('sha256')
      .update(JSON.stringify([key, route, step]))
      .digest('hex'),
  );
}

/** Written with the first intent (no output) and again with the output: a crash between leaves a claim, never a second effect. */
export function claimOnce(
  run: Pick<Run, 'eventId' | 'key'>,
  route: string,
  branch: number,
  step: string,
  withinMs: number,
  atMs: number,
  out?: Json,
): JournalEntry {
  const record: OnceRecord = { e: run.eventId, branch, step, atMs, untilMs: atMs + withinMs, ...(out === undefined ? {} : { out }) };
  return { key: onceHash(run.key, route, step), value: { ...record } };
}

/** The standing claim of another event, with its output if known; undefined: nobody did it within the window, it is ours to do. */
export async function onceOutput(
  ports: Pick<RunnerPorts, 'get' | 'clock'>,
  eventId: string,
  key: string,
  withinMs: number,
): Promise<{ by: string; output: Json | undefined } | undefined> {
  const record = (await ports.get(key)) as OnceRecord | undefined;
  if (record === undefined || record.e === eventId || ports.clock.nowMs() - record.atMs >= withinMs) return undefined;
  return { by: record.e, output: record.out };
}
