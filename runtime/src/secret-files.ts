import type { DestinationConfig } from './config.js';
import { asError } from './errors.js';

/** Settings that name a secret file: tokenFile, headersFile, … */
const SECRET_FILE = /File$/;

/**
 * Reads every secret file of the destinations once, at the start: from then on the redactor knows their contents, before anything of them can be told.
 * Returns those that cannot be read.
 */
export function unreadableSecrets(
  destinations: Readonly<Record<string, Pick<DestinationConfig, 'settings'>>>,
  read: (file: string) => string,
): { destination: string; problem: string }[] {
  const unreadable: { destination: string; problem: string }[] = [];
  for (const [destination, { settings }] of Object.entries(destinations)) {
    for (const [name, file] of Object.entries(settings ?? {})) {
      if (!SECRET_FILE.test(name) || typeof file !== 'string') continue;
      try {
        read(file);
      } catch (error) {
        unreadable.push({ destination, problem: `destinations.${destination}.${name}: ${asError(error).message}` });
      }
    }
  }
  return unreadable;
}
