import { randomBytes } from 'node:crypto';
import { dcrChart } from '#synth/charts/dcr/chart.js';
import type { K8sObject } from '#synth/k8s-object.js';
import { deepMerge } from '#synth/values/parse-values.js';
import { renderCase } from '#test/control-plane/chart-suite.js';
import { dnsResolver } from '#test/dcr/dns.js';
import type { OpenPlane } from '#test/support/control-plane.js';
import type { Kube, KubeBody } from '#test/support/kube.js';
import { PodPlayer, type PodPlayerOptions } from '#test/support/pod-player.js';
import { until } from '#test/support/processes.js';

export type Given = Record<string, unknown>;
export const SYNCHRONIZER = 'dcr-synchronizer-0';

/** One installation of charts/dcr in a namespace of its own, applied as Argo CD does, with its pods played. */
export class Installation {
  readonly namespace = `dcr-${randomBytes(4).toString('hex')}`;
  readonly kube: Kube;
  readonly #plane: OpenPlane['plane'];
  #given: Given;
  #player: PodPlayer | undefined;

  constructor({ kube, plane }: OpenPlane, given: Given = {}) {
    this.kube = kube;
    this.#plane = plane;
    this.#given = given;
  }

  /** Makes the namespace and plays its pods; applies nothing yet. */
  async open(options: PodPlayerOptions = {}): Promise<void> {
    await this.kube.namespace(this.namespace);
    this.#player = new PodPlayer(this.kube, this.namespace, options);
  }

  get player(): PodPlayer {
    if (this.#player === undefined) throw new Error('open() first');
    return this.#player;
  }

  /** What the chart says with these values. */
  objects(change: Given = {}): K8sObject[] {
    this.#given = deepMerge(this.#given, change) as Given;
    return renderCase(dcrChart, this.#given, this.namespace).map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace: object.metadata.namespace ?? this.namespace },
    }));
  }

  /** Argo CD's sync of values that somebody has committed. `as`: what stands in the cluster instead of what the chart says. */
  async sync(change: Given = {}, as: (object: K8sObject) => K8sObject = (object) => object): Promise<K8sObject[]> {
    const objects = this.objects(change).map(as);
    for (const object of objects) await this.kube.apply(object, { manager: 'argocd' });
    return objects;
  }

  ref(kind: string, name: string): { apiVersion: string; kind: string; metadata: { name: string; namespace: string } } {
    const groups: Record<string, string> = { StatefulSet: 'apps/v1', PodDisruptionBudget: 'policy/v1' };
    return { apiVersion: groups[kind] ?? 'v1', kind, metadata: { name, namespace: this.namespace } };
  }

  get(kind: string, name: string): Promise<KubeBody | undefined> {
    return this.kube.get(this.ref(kind, name));
  }

  async podNames(): Promise<string[]> {
    return (await this.kube.list('v1', 'Pod', this.namespace)).map(({ metadata }) => metadata.name as string).sort();
  }

  /** name → uid. */
  async podUids(): Promise<Record<string, string>> {
    const pods = await this.kube.list('v1', 'Pod', this.namespace);
    return Object.fromEntries(pods.map(({ metadata }) => [metadata.name, metadata.uid]));
  }

  /** Until exactly so many pods of each role run. */
  async running(farmers: number, synchronizers = 1): Promise<void> {
    const wanted = [
      ...Array.from({ length: farmers }, (_, ordinal) => `dcr-farmer-${ordinal}`),
      ...Array.from({ length: synchronizers }, (_, ordinal) => `dcr-synchronizer-${ordinal}`),
    ].sort();
    await until(`pods ${wanted.join()}`, async () => {
      const isThere = (names: readonly string[]): boolean => names.join() === wanted.join();
      return isThere(await this.podNames()) && isThere(this.player.running) ? true : undefined;
    });
  }

  fqdn(pod: string): string {
    const set = pod.replace(/-\d+$/, '');
    return `${pod}.${set}.${this.namespace}.svc.cluster.local`;
  }

  /** What CoreDNS answers. */
  lookUp(name: string): Promise<readonly string[]> {
    return dnsResolver(this.#plane.dns)(name);
  }

  /** Until CoreDNS answers with the pod's own address. */
  async resolves(pod: string): Promise<void> {
    const { ip } = this.player.pod(pod).pod;
    await until(`${this.fqdn(pod)} to resolve`, async () => ((await this.lookUp(this.fqdn(pod))).includes(ip) ? true : undefined));
  }

  /** Endpoints of a Service, over all its slices. */
  async endpoints(service: string): Promise<KubeBody[]> {
    const slices = await this.kube.list('discovery.k8s.io/v1', 'EndpointSlice', this.namespace);
    return slices
      .filter(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === service)
      .flatMap(({ endpoints }) => endpoints ?? []);
  }

  /** Until the disruption controller has counted: so many pods are meant, so many are healthy. */
  async budget(name: string, expectedPods: number, currentHealthy: number): Promise<void> {
    await until(`the budget ${name} to count ${currentHealthy}/${expectedPods}`, async () => {
      const { metadata, status = {} } = await this.get('PodDisruptionBudget', name);
      const isCounted = status.observedGeneration === metadata.generation && status.expectedPods === expectedPods;
      return isCounted && status.currentHealthy === currentHealthy ? true : undefined;
    });
  }

  async close(): Promise<void> {
    await this.#player?.stop();
  }
}

/** A chart's values under which nothing but the rebuild itself is there: no kinds beyond core. */
export const PLAIN: Given = { dcr: { runId: 'r-1', mode: 'balance' }, farmers: { replicas: 3 } };
