import { cleanForTerminal } from '../redact.js';
import type { EventDetail } from '../view/detail.js';

const clean = (value: unknown): string => cleanForTerminal(typeof value === 'string' ? value : JSON.stringify(value));

/** One line a step, for people. */
export function stepLines(detail: EventDetail): string[] {
  const lines: string[] = [];
  for (const branch of detail.branches) {
    if (detail.branches.length > 1 || branch.list !== 'actions' || branch.mode === 'shadow')
      lines.push(`  route ${clean(branch.route)}, ${branch.list}${branch.mode === 'shadow' ? ' (shadow: nothing is called)' : ''}`);
    for (const step of branch.steps) {
      if (step.state === 'pending') continue;
      const why = [step.reason, step.detail]
        .filter((part) => part !== undefined)
        .map(clean)
        .join(': ');
      const out = step.out === undefined ? '' : ` → ${clean(step.out).slice(0, 200)}`;
      const due = step.dueMs === undefined ? '' : ` (again at ${new Date(step.dueMs).toISOString()})`;
      lines.push(
        `  ${step.state.padEnd(9)} ${clean(step.id)} · ${step.use}${out}${why === '' ? '' : ` · ${why}`}${due}${step.attempts > 1 ? ` · ${step.attempts} calls` : ''}`,
      );
    }
  }
  return lines;
}

/** Everything about one event, readable. */
export function explainLines(detail: EventDetail): string[] {
  const event = detail.event as { type?: string; source?: string; partitionkey?: string; recordedtime?: string } | undefined;
  const lines = [`${detail.id}: ${detail.state}`];
  if (event !== undefined)
    lines.push(`  ${clean(event.type)} from ${clean(event.source)} at ${event.recordedtime}, key ${clean(event.partitionkey)}`);
  if (detail.incident !== undefined) lines.push(`  incident ${clean(detail.incident)}`);
  for (const sentence of detail.explanation.sentences) lines.push(`  ${clean(sentence)}`);
  if (detail.explanation.mappingsChanged) lines.push('  The mappings have changed since; the routes below are tried as they are today.');
  for (const trial of detail.explanation.routes) {
    const values =
      trial.values === undefined
        ? ''
        : ` (${Object.entries(trial.values)
            .map(([path, value]) => `${path} = ${clean(value)}`)
            .join(', ')})`;
    const why = trial.matched
      ? 'takes it'
      : `${trial.reason}${trial.clause === undefined ? '' : `: ${clean(trial.clause)}`}${values}${trial.detail === undefined ? '' : ` ${clean(trial.detail)}`}`;
    lines.push(`  route ${clean(trial.route)}: ${why}`);
  }
  lines.push(...stepLines(detail));
  for (const duplicate of detail.duplicates) lines.push(`  delivered again at ${duplicate.at} (offset ${duplicate.offset})`);
  return lines;
}
