import type { K8sObject } from '#synth/k8s-object.js';
import { helm } from './helm.js';
import type { Kube, KubeBody } from './kube.js';

/** One release of a chart in a namespace, by a real Helm. Each step throws with what Helm said when Helm refuses. */
export class HelmRelease {
  readonly #binary: string;
  readonly #where: readonly string[];
  readonly name: string;

  constructor(binary: string, kubeconfig: string, { name, namespace }: { readonly name: string; readonly namespace: string }) {
    this.#binary = binary;
    this.name = name;
    this.#where = ['--namespace', namespace, '--kubeconfig', kubeconfig];
  }

  install(folder: string, valuesFile: string): Promise<string> {
    return this.#run(['install', this.name, folder, '--values', valuesFile]);
  }

  /** As Argo CD and people do it: nothing of the values before is taken over. */
  upgrade(folder: string, valuesFile: string): Promise<string> {
    return this.#run(['upgrade', this.name, folder, '--reset-values', '--values', valuesFile]);
  }

  rollback(revision: number): Promise<string> {
    return this.#run(['rollback', this.name, String(revision)]);
  }

  uninstall(): Promise<string> {
    return this.#run(['uninstall', this.name]);
  }

  async #run(args: readonly string[]): Promise<string> {
    const { text, error } = await helm(this.#binary, [...args, ...this.#where]);
    if (text !== undefined) return text;
    throw new Error(`helm ${args.slice(0, 2).join(' ')}: ${error}`);
  }
}

export interface KindRef {
  readonly apiVersion: string;
  readonly kind: string;
}

/** What somebody has put into a namespace: of these kinds, without what Kubernetes itself and Helm's bookkeeping add. */
export async function objectsIn(kube: Kube, namespace: string, kinds: readonly KindRef[]): Promise<KubeBody[]> {
  const lists = await Promise.all(
    kinds.map(async ({ apiVersion, kind }) => {
      const items = await kube.list(apiVersion, kind, namespace);
      return items.map((item) => ({ ...item, apiVersion, kind }));
    }),
  );
  return lists.flat().filter(({ kind, type, metadata }) => {
    if (metadata.ownerReferences !== undefined || metadata.deletionTimestamp !== undefined) return false;
    return !(kind === 'ServiceAccount' && metadata.name === 'default') && !(kind === 'Secret' && type === 'helm.sh/release.v1');
  });
}

export function kindsOf(objects: readonly K8sObject[]): KindRef[] {
  return [...new Map(objects.map(({ apiVersion, kind }) => [`${apiVersion}/${kind}`, { apiVersion, kind }])).values()];
}

/** An object without what the server keeps for itself: equal for two that say the same. */
export function saidBy({ metadata, status: _status, ...object }: KubeBody): KubeBody {
  const rest = object.kind === 'Service' ? withoutAddress(object) : object;
  const { name, namespace, labels = {}, annotations = {} } = metadata;
  // The deployment controller's own count.
  const { 'deployment.kubernetes.io/revision': _revision, ...said } = annotations as Record<string, string>;
  return { ...rest, metadata: { name, namespace, labels, annotations: said } };
}

/** A Service that was away and is made again has another address. */
function withoutAddress({ spec, ...rest }: KubeBody): KubeBody {
  const { clusterIP, clusterIPs: _all, ...said } = spec;
  return { ...rest, spec: clusterIP === 'None' ? { ...said, clusterIP } : said };
}
