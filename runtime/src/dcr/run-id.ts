import { DcrError } from './dcr-error.js';

/** A run's id stands in label values, commit trailers, S3 keys and the node's status line, so it is what all of them take. */
const RUN_ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

export const isRunId = (text: string): boolean => RUN_ID.test(text);

/** @throws DcrError USAGE */
export function checkRunId(text: string | undefined): string {
  if (text === undefined || text === '') throw new DcrError('USAGE', 'No run: name it with --run-id (the workflow gives its uid).');
  if (!isRunId(text))
    throw new DcrError(
      'USAGE',
      `--run-id: expected 1 to 63 letters, digits, ".", "_" or "-", beginning and ending with a letter or digit; received ${JSON.stringify(text.slice(0, 80))}`,
    );
  return text;
}
