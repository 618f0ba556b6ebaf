import { existsSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../clock.js';
import { registerSecret } from '../redact.js';
import { DcrError } from './dcr-error.js';
import type { HttpAnswer, HttpAsk } from './http-ask.js';
import { readSecret } from './secret-file.js';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Fetched anew this long before they end, so that no request is signed with ones that end on the way. */
const RENEW_BEFORE_MS = 300_000;

const issuedSchema = z.looseObject({
  AccessKeyId: z.string().min(1),
  SecretAccessKey: z.string().min(1),
  Token: z.string().optional(),
  Expiration: z.string().optional(),
});
const stsSchema = z.looseObject({
  AssumeRoleWithWebIdentityResponse: z.looseObject({
    AssumeRoleWithWebIdentityResult: z.looseObject({
      Credentials: z.looseObject({
        AccessKeyId: z.string(),
        SecretAccessKey: z.string(),
        SessionToken: z.string(),
        Expiration: z.number(),
      }),
    }),
  }),
});

/**
 * Credentials as AWS gives them to a pod, in this order: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; a role by web identity (IRSA: AWS_ROLE_ARN,
 * AWS_WEB_IDENTITY_TOKEN_FILE); the container endpoint (Pod Identity: AWS_CONTAINER_CREDENTIALS_FULL_URI). The last two are renewed before they end.
 */
export function awsCredentials(
  env: NodeJS.ProcessEnv,
  region: string,
  ask: (request: HttpAsk) => Promise<HttpAnswer>,
  clock: Clock,
): () => Promise<AwsCredentials> {
  let held: { credentials: AwsCredentials; endsMs: number } | undefined;
  return async () => {
    const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN: sessionToken } = env;
    if (accessKeyId !== undefined && secretAccessKey !== undefined) {
      registerSecret(secretAccessKey);
      return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    }
    if (held === undefined || clock.nowMs() > held.endsMs - RENEW_BEFORE_MS)
      held = await (env.AWS_ROLE_ARN === undefined ? fromContainer(env, ask) : fromWebIdentity(env, region, ask));
    registerSecret(held.credentials.secretAccessKey);
    if (held.credentials.sessionToken !== undefined) registerSecret(held.credentials.sessionToken);
    return held.credentials;
  };
}

type Issued = { credentials: AwsCredentials; endsMs: number };

async function fromWebIdentity(env: NodeJS.ProcessEnv, region: string, ask: (request: HttpAsk) => Promise<HttpAnswer>): Promise<Issued> {
  const file = env.AWS_WEB_IDENTITY_TOKEN_FILE ?? '';
  const query = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: env.AWS_ROLE_ARN ?? '',
    RoleSessionName: env.AWS_ROLE_SESSION_NAME ?? 'dcrctl',
    WebIdentityToken: readSecret(file, 'AWS_WEB_IDENTITY_TOKEN_FILE'),
  });
  const answer = await ask({
    method: 'POST',
    url: env.AWS_ENDPOINT_URL_STS ?? `https://sts.${region}.amazonaws.com/`,
    headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
    body: query.toString(),
  });
  const { Credentials: issued } = read(stsSchema, answer, 'STS').AssumeRoleWithWebIdentityResponse.AssumeRoleWithWebIdentityResult;
  return {
    credentials: { accessKeyId: issued.AccessKeyId, secretAccessKey: issued.SecretAccessKey, sessionToken: issued.SessionToken },
    endsMs: issued.Expiration * 1000,
  };
}

async function fromContainer(env: NodeJS.ProcessEnv, ask: (request: HttpAsk) => Promise<HttpAnswer>): Promise<Issued> {
  const url = env.AWS_CONTAINER_CREDENTIALS_FULL_URI;
  if (url === undefined)
    throw new DcrError(
      'USAGE',
      'No AWS credentials: expected AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE (IRSA), or AWS_CONTAINER_CREDENTIALS_FULL_URI (Pod Identity).',
    );
  const file = env.AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE;
  const token =
    file !== undefined && existsSync(file)
      ? readSecret(file, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE')
      : env.AWS_CONTAINER_AUTHORIZATION_TOKEN;
  const answer = await ask({
    method: 'GET',
    url,
    headers: { accept: 'application/json', ...(token === undefined ? {} : { authorization: token }) },
  });
  const issued = read(issuedSchema, answer, 'the container credentials endpoint');
  return {
    credentials: {
      accessKeyId: issued.AccessKeyId,
      secretAccessKey: issued.SecretAccessKey,
      ...(issued.Token === undefined ? {} : { sessionToken: issued.Token }),
    },
    endsMs: issued.Expiration === undefined ? Number.POSITIVE_INFINITY : Date.parse(issued.Expiration),
  };
}

function read<T>(schema: z.ZodType<T>, { status, text }: HttpAnswer, who: string): T {
  if (status >= 500 || status === 429) throw new DcrError('UNREACHABLE', `${who} answers ${status}.`);
  if (status !== 200) throw new DcrError('REFUSED', `${who} answers ${status}; is the role's trust policy for this ServiceAccount?`);
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw new DcrError('UNREACHABLE', `${who}: the answer has no credentials.`, error);
  }
}
