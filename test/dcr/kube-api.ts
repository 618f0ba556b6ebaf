import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export interface KubeStandIn {
  readonly url: string;
  /** By path, e.g. /api/v1/namespaces/dcr/pods/dcr-synchronizer-0. Lists are made of them. */
  readonly objects: Map<string, Json>;
  /** "PATCH /api/…?dryRun=All", in order. */
  readonly requests: string[];
  /** Forbidden: "<verb> <resource>", e.g. "patch pods". */
  readonly forbidden: Set<string>;
  /** Answers every request with this status until it is undefined again. */
  down: number | undefined;
  close(): Promise<void>;
}

export const KUBE_TOKEN = 'kube-token-of-the-pod';

/**
 * As much of the Kubernetes API as dcrctl speaks, for what needs no control plane: objects, merge patches with dry run and uid precondition, 401, 403, 404.
 * The real kube-apiserver is in the control-plane tests.
 */
export async function startKube(): Promise<KubeStandIn> {
  const objects = new Map<string, Json>();
  const requests: string[] = [];
  const forbidden = new Set<string>();
  const state: { down: number | undefined } = { down: undefined };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const url = new URL(request.url ?? '/', 'http://kube');
    requests.push(`${request.method} ${request.url}`);
    const send = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const refuse = (status: number, reason: string, message: string): void =>
      send(status, { kind: 'Status', status: 'Failure', reason, message, code: status });
    if (state.down !== undefined) return refuse(state.down, 'ServiceUnavailable', 'down');
    if (request.headers.authorization !== `Bearer ${KUBE_TOKEN}`) return refuse(401, 'Unauthorized', 'Unauthorized');
    const [, resource = '', name] = /\/namespaces\/[^/]+\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    const verb = request.method === 'GET' ? (name === undefined ? 'list' : 'get') : 'patch';
    if (forbidden.has(`${verb} ${resource}`))
      return refuse(403, 'Forbidden', `${resource} "${name ?? ''}" is forbidden: User "x" cannot ${verb} resource "${resource}"`);
    if (verb === 'list') {
      const wanted = (url.searchParams.get('labelSelector') ?? '').split(',').map((part) => part.split('='));
      const items = [...objects.entries()].filter(([path]) => path.startsWith(`${url.pathname}/`)).map(([, object]) => object);
      const labels = (item: Json): Json => ((item.metadata as Json | undefined)?.labels ?? {}) as Json;
      return send(200, {
        kind: 'List',
        items: items.filter((item) => wanted.every(([key, value]) => key === '' || labels(item)[key ?? ''] === value)),
      });
    }
    const found = objects.get(url.pathname);
    if (found === undefined) return refuse(404, 'NotFound', `${resource} "${name}" not found`);
    if (verb === 'get') return send(200, found);
    if (request.headers['content-type'] !== 'application/merge-patch+json') return refuse(415, 'UnsupportedMediaType', 'merge-patch');
    const patch = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
    const uid = (patch.metadata as Json | undefined)?.uid;
    const theirs = (found.metadata as Json).uid;
    if (uid !== undefined && uid !== theirs)
      return refuse(409, 'Conflict', `the UID in the precondition (${String(uid)}) does not match ${String(theirs)}`);
    const patched = merge(found, patch) as Json;
    if (url.searchParams.get('dryRun') !== 'All') objects.set(url.pathname, patched);
    return send(200, patched);
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    forbidden,
    get down() {
      return state.down;
    },
    set down(status) {
      state.down = status;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (!isMap(patch)) return patch;
  const merged: Json = isMap(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}
