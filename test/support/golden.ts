import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect } from '@jest/globals';

const ROOT = new URL('../../', import.meta.url).pathname;

/** Compares a text with a committed file. `UPDATE_GOLDEN=1` writes the files instead: read what changed before it is committed. */
export function expectGolden(file: string, text: string): void {
  const path = `${ROOT}${file}`;
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  expect(text).toBe(existsSync(path) ? readFileSync(path, 'utf8') : '');
}
