import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { asError, RouterError } from '../errors.js';
import { isLocal } from './host-check.js';
import { watchFiles } from './watched-files.js';

export const ROLES = ['ingest', 'read', 'operate'] as const;
export type Role = (typeof ROLES)[number];

const tokens = z.array(
  z.strictObject({
    name: z.string().min(1),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected the sha-256 of the token in lower-case hex'),
    roles: z.array(z.enum(ROLES)).min(1),
  }),
);
type Tokens = z.infer<typeof tokens>;

export interface AuthHeaders {
  readonly authorization?: string | undefined;
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/** Who calls: the token's name; "anyone" where no tokens are configured or none is needed. Throws UNAUTHENTICATED, FORBIDDEN, HOST_REFUSED. */
export type Authorise = (headers: AuthHeaders, role: Role | 'none') => string;

const ANYONE = 'anyone';

/** Reads the file again when it changes; a broken new file keeps the old tokens in force until it is mended. Throws CONFIG_INVALID for a broken first one. */
export function createAuthorise(tokensFile: string | undefined, onError: (error: Error) => void): Authorise {
  if (tokensFile === undefined) return withoutTokens;
  const current = watchTokens(tokensFile, onError);
  return ({ authorization }, role) => {
    if (role === 'none') return ANYONE;
    const given = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1];
    if (given === undefined) throw new RouterError('UNAUTHENTICATED', 'Send the header "Authorization: Bearer <token>".');
    const digest = createHash('sha256').update(given).digest();
    // Every token is compared, in constant time, so that the answer's time tells nothing.
    let found: Tokens[number] | undefined;
    for (const token of current()) if (timingSafeEqual(digest, Buffer.from(token.sha256, 'hex'))) found = token;
    if (found === undefined) throw new RouterError('UNAUTHENTICATED', 'The token is not known.');
    if (!found.roles.includes(role))
      throw new RouterError('FORBIDDEN', `Token ${found.name} has the roles ${found.roles.join(', ')}; this needs ${role}.`);
    return found.name;
  };
}

function withoutTokens({ host, origin }: AuthHeaders): string {
  if (isLocal(host, origin)) return ANYONE;
  throw new RouterError(
    'HOST_REFUSED',
    'A page or a public name leads here. Ask under localhost or an address, or set http.auth.tokensFile and send a token.',
  );
}

/** The tokens in force. */
function watchTokens(file: string, onError: (error: Error) => void): () => Tokens {
  const read = (): Tokens => {
    let text: unknown;
    try {
      text = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      // The parser's message would quote the file.
      const why = error instanceof SyntaxError ? 'it is not JSON' : asError(error).message;
      throw new RouterError('CONFIG_INVALID', `http.auth.tokensFile: ${file} cannot be used: ${why}.`, { cause: error });
    }
    const parsed = tokens.safeParse(text);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new RouterError(
      'CONFIG_INVALID',
      `http.auth.tokensFile: ${file}: at ${issue?.path.join('.') || 'the top'}: ${issue?.message}. Expected [{name, sha256, roles: [ingest|read|operate]}].`,
    );
  };
  return watchFiles([file], read, onError);
}
