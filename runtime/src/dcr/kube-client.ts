import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { DcrError } from './dcr-error.js';
import { type HttpAnswer, openHttp } from './http-ask.js';
import { readSecret } from './secret-file.js';

const MOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface KubeSettings {
  /** Undefined: the API server of the cluster this runs in. */
  readonly api: string | undefined;
  readonly tokenFile: string | undefined;
  readonly caFile: string | undefined;
  /** Undefined: that of the pod this runs in. */
  readonly namespace: string | undefined;
}

/** The Kubernetes API, as much of it as is needed. Every answer is checked by a schema before it is used. */
export interface Kube {
  readonly namespace: string;
  /** Undefined: there is no such object. `path` from /api or /apis on. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined>;
  /** A merge patch. `dryRun`: the server checks and changes nothing. Undefined: there is no such object. */
  mergePatch(path: string, patch: unknown, options?: { dryRun?: boolean }): Promise<true | undefined>;
}

const statusSchema = z.looseObject({ message: z.string().optional(), reason: z.string().optional() });

/** @throws DcrError USAGE when it runs in no cluster and none is named. */
export function openKube(settings: KubeSettings, env: NodeJS.ProcessEnv): Kube {
  const base = settings.api ?? inCluster(env);
  const tokenFile = settings.tokenFile ?? (existsSync(`${MOUNT}/token`) ? `${MOUNT}/token` : undefined);
  const caFile = settings.caFile ?? (existsSync(`${MOUNT}/ca.crt`) ? `${MOUNT}/ca.crt` : undefined);
  const ask = openHttp(base.startsWith('https:') ? caFile : undefined);
  const send = async (method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<unknown> => {
    const answer = await ask({
      method,
      url: `${base.replace(/\/$/, '')}${path}`,
      headers: {
        accept: 'application/json',
        ...(tokenFile === undefined ? {} : { authorization: `Bearer ${readSecret(tokenFile, '--token-file')}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/merge-patch+json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.status === 404 ? undefined : accepted(`${method} ${path}`, answer);
  };
  return {
    namespace: settings.namespace ?? namespaceOfPod(),
    async get(path, schema) {
      const found = await send('GET', path);
      if (found === undefined) return undefined;
      const parsed = schema.safeParse(found);
      if (parsed.success) return parsed.data;
      throw new DcrError('UNREACHABLE', `GET ${path}: not the shape expected: ${z.prettifyError(parsed.error).slice(0, 300)}`);
    },
    async mergePatch(path, patch, { dryRun = false } = {}) {
      return (await send('PATCH', dryRun ? `${path}?dryRun=All` : path, patch)) === undefined ? undefined : true;
    },
  };
}

function accepted(what: string, { status, text }: HttpAnswer): unknown {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (status >= 200 && status < 300 && body !== undefined) return body;
  const said = statusSchema.safeParse(body);
  const why = `${what}: ${status}${said.success ? ` ${said.data.reason ?? ''} ${(said.data.message ?? '').slice(0, 300)}`.trimEnd() : ''}`;
  if (status === 401) throw new DcrError('REFUSED', `${why}. The token is not accepted; is it of this cluster, and not expired?`);
  if (status === 403) throw new DcrError('REFUSED', `${why}. Give the ServiceAccount this permission.`);
  if (status === 409) throw new DcrError('CONFLICT', `${why}. It was changed or replaced in between; run it again.`);
  if (status >= 400 && status < 500 && status !== 429) throw new DcrError('REFUSED', why);
  throw new DcrError('UNREACHABLE', why);
}

function inCluster(env: NodeJS.ProcessEnv): string {
  const host = env.KUBERNETES_SERVICE_HOST;
  if (host === undefined)
    throw new DcrError('USAGE', 'No Kubernetes API: this runs in no pod (KUBERNETES_SERVICE_HOST is not set). Name one with --kube-api.');
  return `https://${host.includes(':') ? `[${host}]` : host}:${env.KUBERNETES_SERVICE_PORT ?? '443'}`;
}

function namespaceOfPod(): string {
  if (!existsSync(`${MOUNT}/namespace`)) throw new DcrError('USAGE', 'No namespace: this runs in no pod. Name it with --namespace.');
  return readFileSync(`${MOUNT}/namespace`, 'utf8').trim();
}
