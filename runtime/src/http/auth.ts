import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { z } from 'zod';
import { RouterError } from '../errors.js';

export type Role = 'ingest' | 'read' | 'operate';

const tokens = z.array(
  z.strictObject({
    name: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected the sha-256 of the token in lower-case hex'),
    roles: z.array(z.enum(['ingest', 'read', 'operate'])).min(1),
  }),
);

/** Who calls: the token's name; "anyone" where no tokens are configured (then only loopback is listened on). */
export type Authorise = (authorization: string | undefined, role: Role) => string;

/** Reads the file again when it changes; a broken new file keeps the old tokens in force until it is mended. Throws CONFIG_INVALID for a broken first one. */
export function createAuthorise(tokensFile: string | undefined, onError: (error: Error) => void): Authorise {
  if (tokensFile === undefined) return () => 'anyone';
  const read = (): z.infer<typeof tokens> => {
    const parsed = tokens.safeParse(JSON.parse(readFileSync(tokensFile, 'utf8')));
    if (!parsed.success) throw new RouterError('CONFIG_INVALID', `${tokensFile}: ${z.prettifyError(parsed.error)}`);
    return parsed.data;
  };
  const stamp = (): string => {
    const { mtimeMs, size } = statSync(tokensFile);
    return `${mtimeMs}/${size}`;
  };
  let known = read();
  let seen = stamp();
  return (authorization, role) => {
    try {
      const now = stamp();
      if (now !== seen) {
        seen = now;
        known = read();
      }
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)));
    }
    const given = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) throw new RouterError('UNAUTHENTICATED', 'Send the header "Authorization: Bearer <token>".');
    const digest = createHash('sha256').update(given).digest();
    // Every token is compared, in constant time, so that the answer's time tells nothing.
    let found: (typeof known)[number] | undefined;
    for (const token of known) if (timingSafeEqual(digest, Buffer.from(token.sha256, 'hex'))) found = token;
    if (found === undefined) throw new RouterError('UNAUTHENTICATED', 'The token is not known.');
    if (!found.roles.includes(role))
      throw new RouterError('FORBIDDEN', `Token ${found.name} has the roles ${found.roles.join(', ')}; this needs ${role}.`);
    return found.name;
  };
}
