import { once } from 'node:events';
import { SECOND_MS } from '#runtime/clock.js';
import type { KubeStandIn } from '#test/dcr/kube-api.js';
import type { Cluster, ClusterNode } from '#test/dcr/process/cluster.js';
import type { SimTimes } from '#test/dcr/sim-options.js';

const SETS = ['dcr-synchronizer', 'dcr-farmer'] as const;
export type SetName = (typeof SETS)[number];
const AT = '/apis/apps/v1/namespaces/dcr/statefulsets';
export const SYNC_POD = '/api/v1/namespaces/dcr/pods/dcr-synchronizer-0';
const RESTART_MS = 10 * SECOND_MS;

interface NodePod {
  readonly name: string;
  readonly uid: string;
  node: ClusterNode | undefined;
  isLeaving: boolean;
}

/** The two StatefulSets: all pods at once, each a real node process that is started again when it ends; shown in the Kubernetes API. */
export class NodeSets {
  readonly #cluster: Cluster;
  readonly #kube: KubeStandIn;
  readonly #times: Partial<SimTimes>;
  readonly #syncPort: number;
  readonly #wanted: Record<SetName, number> = { 'dcr-synchronizer': 0, 'dcr-farmer': 0 };
  readonly #pods = new Map<string, NodePod>();
  #room = Number.POSITIVE_INFINITY;
  #born = 0;
  #closed = false;
  /** Farmers ever started, by name: a farmer that was started twice stands twice. */
  readonly started: string[] = [];

  constructor(cluster: Cluster, kube: KubeStandIn, times: Partial<SimTimes>, syncPort: number) {
    this.#cluster = cluster;
    this.#kube = kube;
    this.#times = times;
    this.#syncPort = syncPort;
    this.#show();
  }

  scale(set: SetName, replicas: number): void {
    this.#wanted[set] = replicas;
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      const name = `${set}-${ordinal}`;
      if (!this.#pods.has(name)) this.#create(name);
    }
    for (const pod of this.#of(set)) if (ordinal(pod) >= replicas) this.#remove(pod);
    this.#show();
  }

  /** How many farmers the machines have room for; the others' pods are Pending. */
  set room(farmers: number) {
    this.#room = farmers;
    for (const pod of this.#of('dcr-farmer')) this.#fill(pod);
  }

  count(set: SetName): number {
    return this.#of(set).length;
  }

  /** The process in this pod. */
  node(pod: string): ClusterNode {
    const node = this.#pods.get(pod)?.node;
    if (node === undefined) throw new Error(`${pod} does not run`);
    return node;
  }

  get synchronizer(): ClusterNode {
    return this.node('dcr-synchronizer-0');
  }

  /** `kubectl delete pod`: another one is made, with another uid and without labels. */
  deletePod(name: string): void {
    const pod = this.#pods.get(name);
    if (pod !== undefined) this.#remove(pod);
  }

  close(): void {
    this.#closed = true;
  }

  #of(set: SetName): NodePod[] {
    return [...this.#pods.values()].filter(({ name }) => name.startsWith(`${set}-`));
  }

  #create(name: string): void {
    this.#born += 1;
    const pod: NodePod = { name, uid: `uid-${this.#born}`, node: undefined, isLeaving: false };
    this.#pods.set(name, pod);
    if (name === 'dcr-synchronizer-0')
      this.#kube.objects.set(SYNC_POD, { metadata: { name, uid: pod.uid, labels: {} }, status: { phase: 'Running', podIP: '127.0.0.1' } });
    this.#fill(pod);
  }

  #fill(pod: NodePod): void {
    const isFarmer = pod.name.startsWith('dcr-farmer-');
    if (pod.node === undefined && !pod.isLeaving && (!isFarmer || ordinal(pod) < this.#room)) this.#start(pod).catch(() => undefined);
  }

  async #start(pod: NodePod): Promise<void> {
    if (this.#closed || pod.isLeaving) return;
    this.started.push(pod.name);
    const isSync = pod.name === 'dcr-synchronizer-0';
    const node = await this.#cluster.node(pod.name, this.#times, isSync ? ['--port', String(this.#syncPort)] : []);
    pod.node = node;
    this.#show();
    if (pod.isLeaving) node.child.process.kill('SIGTERM');
    if (!node.child.exited) await once(node.child.process, 'exit');
    pod.node = undefined;
    if (pod.isLeaving || this.#closed) return this.#gone(pod);
    this.#show();
    this.#cluster.clock.after(RESTART_MS, () => void this.#start(pod).catch(() => undefined));
  }

  #remove(pod: NodePod): void {
    pod.isLeaving = true;
    if (pod.node === undefined) this.#gone(pod);
    else pod.node.child.process.kill('SIGTERM');
  }

  #gone(pod: NodePod): void {
    if (this.#pods.get(pod.name) !== pod) return;
    this.#pods.delete(pod.name);
    if (pod.name === 'dcr-synchronizer-0') this.#kube.objects.delete(SYNC_POD);
    const set = SETS.find((name) => pod.name.startsWith(`${name}-`));
    if (set !== undefined && !this.#closed && ordinal(pod) < this.#wanted[set]) this.#create(pod.name);
    this.#show();
  }

  #show(): void {
    for (const set of SETS) {
      const pods = this.#of(set);
      const replicas = pods.length;
      const readyReplicas = pods.filter(({ node }) => node !== undefined).length;
      this.#kube.objects.set(`${AT}/${set}`, { spec: { replicas: this.#wanted[set] }, status: { replicas, readyReplicas } });
    }
  }
}

const ordinal = ({ name }: { name: string }): number => Number(name.split('-').at(-1));
