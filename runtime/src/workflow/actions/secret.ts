import type { DestinationTools } from '../action.js';
import { ActionError } from '../action.js';

/** A secret file's content; a file that cannot be read is a failure that may pass, as while it is being replaced. Names the file, never the content. */
export function readSecret(tools: Pick<DestinationTools, 'secret'>, file: string): string {
  try {
    return tools.secret(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new ActionError('known', 'secret-unreadable', `The secret file ${file} cannot be read (${code}).`);
  }
}
