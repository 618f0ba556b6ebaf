import { statSync } from 'node:fs';
import { asError, RouterError } from '../errors.js';

/**
 * What is read from some files, read again when one of them changes: rotation needs no restart. Looks at times and sizes at each call.
 * `read` throws RouterError for a broken file. Of the first one that is thrown here; later ones are told once to `onError`, and what was read before stays in
 * force until the file is mended.
 */
export function watchFiles<T>(files: readonly string[], read: () => T, onError: (error: Error) => void): () => T {
  const stamp = (): string =>
    files
      .map((file) => statSync(file))
      .map(({ mtimeMs, size, ino }) => `${mtimeMs}/${size}/${ino}`)
      .join(' ');
  let known = read();
  let seen = stamp();
  return () => {
    try {
      const now = stamp();
      if (now !== seen) {
        // Before it is read: a broken one is told once, not at every request.
        seen = now;
        known = read();
      }
    } catch (error) {
      const isGone = !(error instanceof RouterError);
      if (!isGone || seen !== '') onError(asError(error));
      if (isGone) seen = '';
    }
    return known;
  };
}
