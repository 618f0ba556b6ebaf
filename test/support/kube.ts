import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { isRecord, type K8sObject } from '#synth/k8s-object.js';

export interface KubeAnswer {
  readonly status: number;
  readonly body: KubeBody;
  /** What the server warns of: fields that go away, pods that a policy will not admit. */
  readonly warnings: readonly string[];
}

/** Objects, lists, Status. */
// biome-ignore lint/suspicious/noExplicitAny: answers of an API server; each test looks at the fields that it asserts
export type KubeBody = any;

export interface KubeRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  readonly type?: string;
  readonly accept?: string;
}

export interface KubeAccess {
  readonly api: string;
  readonly caFile: string;
  readonly token: string;
}

/** An answer that a test did not expect. */
export class KubeError extends Error {
  constructor(
    what: string,
    readonly answer: KubeAnswer,
  ) {
    super(`${what}: ${answer.status} ${String(answer.body?.message ?? JSON.stringify(answer.body))}`);
  }
}

interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** A real API server over HTTPS, as one user. */
export class Kube {
  readonly access: KubeAccess;
  readonly #agent: Agent;
  readonly #resources = new Map<string, Promise<Map<string, Resource>>>();

  constructor(access: KubeAccess) {
    this.access = access;
    this.#agent = new Agent({ ca: readFileSync(access.caFile), keepAlive: true });
  }

  /** The same server as somebody else. */
  as(token: string): Kube {
    return new Kube({ ...this.access, token });
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One request and its answer, whatever that is. */
  ask(
    path: string,
    { method = 'GET', body, type = 'application/json', accept = 'application/json' }: KubeRequest = {},
  ): Promise<KubeAnswer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.access.token}`,
        accept,
        ...(text === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) }),
      };
      const asked = request(`${this.access.api}${path}`, { method, headers, agent: this.#agent, timeout: 30_000 }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const said = Buffer.concat(chunks).toString('utf8');
          const isJson = response.headers['content-type']?.startsWith('application/json') === true;
          const warnings = [response.headers.warning ?? []].flat().flatMap((line) => line.split(/, (?=\d{3} )/));
          resolve({ status: response.statusCode ?? 0, body: isJson ? (JSON.parse(said) as KubeBody) : said, warnings });
        });
      });
      asked.on('timeout', () => asked.destroy(new Error(`${method} ${path}: no answer`)));
      asked.on('error', reject);
      asked.end(text);
    });
  }

  /** An answer below 300, else a KubeError. */
  async do(path: string, options: KubeRequest = {}): Promise<KubeBody> {
    const answer = await this.ask(path, options);
    if (answer.status < 300) return answer.body;
    throw new KubeError(`${options.method ?? 'GET'} ${path}`, answer);
  }

  /** Undefined: there is no such object. */
  async get(object: ObjectRef): Promise<KubeBody | undefined> {
    const answer = await this.ask(await this.pathOf(object));
    if (answer.status === 404) return undefined;
    if (answer.status < 300) return answer.body;
    throw new KubeError(`GET ${object.kind}/${object.metadata.name}`, answer);
  }

  /** Server-side apply, unknown fields refused, as the named manager. A conflict with another manager is an error unless forced. */
  async apply(object: K8sObject, { manager = 'gitops', force = false } = {}): Promise<KubeAnswer> {
    const query = `fieldManager=${manager}&force=${force}&fieldValidation=Strict`;
    const path = `${await this.pathOf(object)}?${query}`;
    const answer = await this.ask(path, { method: 'PATCH', body: object, type: 'application/apply-patch+yaml' });
    if (answer.status < 300) return answer;
    throw new KubeError(`apply ${object.kind}/${object.metadata.name}`, answer);
  }

  async remove(object: ObjectRef, body: Record<string, unknown> = {}): Promise<void> {
    const answer = await this.ask(await this.pathOf(object), { method: 'DELETE', body });
    if (answer.status >= 300 && answer.status !== 404) throw new KubeError(`DELETE ${object.kind}/${object.metadata.name}`, answer);
  }

  async namespace(name: string, labels: Record<string, string> = {}): Promise<void> {
    await this.do('/api/v1/namespaces', { method: 'POST', body: { metadata: { name, labels } } });
  }

  /** A token of a ServiceAccount, as a pod of it would have. */
  async tokenOf(namespace: string, serviceAccount: string): Promise<string> {
    const body = await this.do(`/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`, {
      method: 'POST',
      body: { spec: { expirationSeconds: 3_600 } },
    });
    return body.status.token as string;
  }

  /** policy/v1 Eviction, as `kubectl drain` asks for it. */
  evict(namespace: string, pod: string): Promise<KubeAnswer> {
    return this.ask(`/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, {
      method: 'POST',
      body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } },
    });
  }

  async pathOf({ apiVersion, kind, metadata }: ObjectRef): Promise<string> {
    return `${await this.#collection(apiVersion, kind, metadata.namespace)}/${metadata.name}`;
  }

  /** All objects of a kind, in a namespace or in all. */
  async list(apiVersion: string, kind: string, namespace?: string): Promise<KubeBody[]> {
    return ((await this.do(await this.#collection(apiVersion, kind, namespace))) as { items: KubeBody[] }).items;
  }

  /** What is asked for kinds of a group is known from its first answer on; after new CRDs it is asked again. */
  forgetKinds(): void {
    this.#resources.clear();
  }

  async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
    return (await this.#resource(apiVersion, kind)).namespaced;
  }

  async #collection(apiVersion: string, kind: string, namespace: string | undefined): Promise<string> {
    const { plural, namespaced } = await this.#resource(apiVersion, kind);
    const root = `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`;
    return namespaced && namespace !== undefined ? `${root}/namespaces/${namespace}/${plural}` : `${root}/${plural}`;
  }

  async #resource(apiVersion: string, kind: string): Promise<Resource> {
    const root = `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}`;
    let known = this.#resources.get(apiVersion);
    if (known === undefined) {
      known = this.do(root).then((body: { resources: { name: string; kind: string; namespaced: boolean }[] }) => {
        const whole = body.resources.filter(({ name }) => !name.includes('/'));
        return new Map(whole.map(({ name, kind: of, namespaced }) => [of, { plural: name, namespaced }]));
      });
      this.#resources.set(apiVersion, known);
      known.catch(() => this.#resources.delete(apiVersion));
    }
    const found = (await known).get(kind);
    if (found) return found;
    this.#resources.delete(apiVersion);
    throw new Error(`the API server knows no kind ${kind} of ${apiVersion}`);
  }
}

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/**
 * Where `live` lacks what `wanted` says, as paths; empty where it has all of it. What the server adds (defaults, status) does not count, and neither does
 * an empty map or list that it leaves out.
 */
export function missingIn(live: unknown, wanted: unknown, path = ''): string[] {
  if (isEmpty(wanted) && (live === undefined || isEmpty(live))) return [];
  if (isRecord(wanted)) {
    if (!isRecord(live)) return [path];
    return Object.entries(wanted).flatMap(([key, child]) => (child === undefined ? [] : missingIn(live[key], child, `${path}/${key}`)));
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(live) || live.length !== wanted.length) return [path];
    return wanted.flatMap((child, index) => missingIn(live[index], child, `${path}/${index}`));
  }
  return live === wanted || (path.includes('/resources/') && isSameQuantity(live, wanted)) ? [] : [path];
}

/** The server keeps 1024Mi as 1Gi, and 1000m as 1. */
function isSameQuantity(a: unknown, b: unknown): boolean {
  const [one, other] = [a, b].map((text) => /^(\d+)(m|Ki|Mi|Gi|Ti|)$/.exec(String(text)));
  if (!one || !other) return false;
  return Number(one[1]) * (UNITS[one[2] ?? ''] ?? 1) === Number(other[1]) * (UNITS[other[2] ?? ''] ?? 1);
}

const UNITS: Readonly<Record<string, number>> = { m: 1 / 1_000, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

const isEmpty = (value: unknown): boolean =>
  (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0);
