import type { Json } from '../event/event.js';
import type { CompiledStep } from '../plan.js';
import type { DigestData, DigestOutput } from './digest.js';
import { digestEvent } from './digest.js';
import type { StepState } from './run-state.js';
import type { RunnerPorts } from './runner.js';
import type { StepEnd, StepRecorder } from './step-recorder.js';

/**
 * The message becomes a row of its channel's digest, or a change of its row, or a reply in the digest's thread.
 * A row whose `done` is lost is appended again under the same event id, and the digest's owner drops it as a duplicate.
 */
export async function collapse(
  ports: RunnerPorts,
  record: StepRecorder,
  step: CompiledStep,
  state: StepState,
  target: DigestOutput,
  input: Json,
): Promise<StepEnd> {
  const slash = target.digest.indexOf('/');
  const op = step.use === 'slack.reply' ? 'reply' : 'row';
  const text = String((input as { text?: Json }).text ?? '');
  const data: DigestData = {
    destination: target.digest.slice('digest:'.length, slash),
    channel: target.digest.slice(slash + 1),
    op,
    row: target.row,
    text,
  };
  const nowMs = ports.clock.nowMs();
  try {
    await ports.append(digestEvent(record.key(step), data, nowMs));
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return record.wait(step, state, {
      n: 0,
      firstMs: nowMs,
      lastMs: nowMs,
      state: 'retry',
      dueMs: nowMs + step.retry.backoffMs,
      reason: 'digest-append',
      detail,
    });
  }
  return record.settle(step, state, { state: 'done', atMs: ports.clock.nowMs(), attempts: 1, out: { ...target }, reason: 'collapsed' });
}
