import type { z } from 'zod';
import { RouterError } from '../errors.js';
import { cut } from '../event/cut.js';

const KEY_MAX_UNITS = 100;
const POINTER_MAX_UNITS = 1_000;

/** JSON pointer (RFC 6901) of a path; very long keys and paths are cut, since they come from outside. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return cut(
    path.map((part) => `/${cut(String(part), KEY_MAX_UNITS).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
    POINTER_MAX_UNITS,
  );
}

/** Where and what is wrong, of the first issue. An unknown key is named itself, not the object that holds it. */
export function firstIssue(error: z.ZodError): { readonly pointer: string; readonly message: string } {
  const issue = error.issues[0];
  if (issue?.code === 'unrecognized_keys')
    return { pointer: pointerOf([...issue.path, issue.keys[0] ?? '']), message: 'no such field is known here' };
  return { pointer: pointerOf(issue?.path ?? []), message: cut(issue?.message ?? 'invalid', 500) };
}

/** A body that is not what the source takes. `expected`: what it takes, in a sentence part; `below`: pointer of what was checked. */
export function bodyInvalid(error: z.ZodError, expected: string, below = ''): RouterError {
  const { pointer, message } = firstIssue(error);
  return new RouterError('BODY_INVALID', `Expected ${expected}; at ${`${below}${pointer}` || '/'}: ${message}.`, {
    pointer: `${below}${pointer}`,
  });
}
