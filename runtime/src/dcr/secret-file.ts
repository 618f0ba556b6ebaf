import { readFileSync } from 'node:fs';
import { asError } from '../errors.js';
import { registerSecret } from '../redact.js';
import { DcrError } from './dcr-error.js';

/** A secret's text, read anew each time since mounted tokens rotate. From then on it is redacted wherever it would be printed. */
export function readSecret(file: string, option: string): string {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (thrown) {
    throw new DcrError(
      'USAGE',
      `${option}: ${file} cannot be read: ${asError(thrown).message}. Name a file that holds the secret alone.`,
      thrown,
    );
  }
  if (text === '') throw new DcrError('USAGE', `${option}: ${file} is empty; expected the secret alone.`);
  registerSecret(text);
  return text;
}
