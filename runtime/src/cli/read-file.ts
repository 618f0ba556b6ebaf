import { readFileSync } from 'node:fs';
import { UsageError } from './io.js';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'you may not read it',
  EISDIR: 'it is a folder',
};

/** Throws UsageError that names the option and the file. */
export function readFileOf(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new UsageError(`${option}: ${file} cannot be read: ${WHY[code] ?? code}.`);
  }
}
