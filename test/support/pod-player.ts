import { randomInt } from 'node:crypto';
import type { Kube, KubeBody } from './kube.js';

export interface PlayedPod {
  readonly name: string;
  readonly ip: string;
  /** As it was when it was scheduled. */
  readonly object: KubeBody;
  /** What the kubelet would report of a container. At first each runs and none is ready. */
  report(container: string, state: { readonly ready: boolean; readonly restarts?: number }): void;
}

/** What a pod does when it runs. The function returned ends it, and the pod goes when that is done. */
export type PodScript = (pod: PlayedPod) => () => Promise<void>;

export interface PodPlayerOptions {
  readonly script?: PodScript;
  /** false: this pod stays Pending. */
  readonly schedules?: (name: string) => boolean;
}

interface Played {
  readonly pod: PlayedPod;
  readonly containers: Map<string, { ready: boolean; restarts: number }>;
  end: () => Promise<void>;
  changed: boolean;
  ended: boolean;
}

const POLL_MS = 100;
const NODE = 'node-1';
const STARTED_AT = '2026-01-31T12:00:00Z';

/**
 * Scheduler and kubelet of one namespace, as far as the API server sees them: binds each pod to a node, gives it an address, says that its containers run and whether they are
 * ready, and lets it go once it is deleted. No container is run; a script may run something in its place.
 */
export class PodPlayer {
  readonly #kube: Kube;
  readonly #namespace: string;
  readonly #options: PodPlayerOptions;
  readonly #played = new Map<string, Played>();
  readonly #subnet = `10.${randomInt(1, 255)}`;
  #count = 0;
  #stopped = false;
  readonly #loop: Promise<void>;
  /** What went wrong; thrown by stop(). */
  #error: unknown;

  constructor(kube: Kube, namespace: string, options: PodPlayerOptions = {}) {
    this.#kube = kube;
    this.#namespace = namespace;
    this.#options = options;
    this.#loop = this.#play();
  }

  /** Sets every container of a pod that runs. */
  ready(name: string, ready: boolean): void {
    const played = this.pod(name);
    for (const container of played.containers.keys()) played.pod.report(container, { ready });
  }

  pod(name: string): Played {
    const found = [...this.#played.values()].find(({ pod, ended }) => pod.name === name && !ended);
    if (found === undefined) throw new Error(`pod ${name} does not run`);
    return found;
  }

  /** Names of the pods that run. */
  get running(): string[] {
    return [...this.#played.values()]
      .filter(({ ended }) => !ended)
      .map(({ pod }) => pod.name)
      .sort();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loop;
    await Promise.all([...this.#played.values()].filter(({ ended }) => !ended).map(({ end }) => end()));
    if (this.#error !== undefined) throw this.#error;
  }

  async #play(): Promise<void> {
    // Services that do not publish addresses that are not ready leave out pods whose node is unknown.
    await this.#kube
      .apply({ apiVersion: 'v1', kind: 'Node', metadata: { name: NODE } }, { manager: 'pod-player', force: true })
      .catch((error) => {
        this.#error = error;
      });
    while (!this.#stopped) {
      try {
        await this.#round();
      } catch (error) {
        this.#error = error;
        return;
      }
      await new Promise((again) => setTimeout(again, POLL_MS));
    }
  }

  async #round(): Promise<void> {
    const pods = await this.#kube.list('v1', 'Pod', this.#namespace);
    const uids = new Set(pods.map(({ metadata }) => metadata.uid as string));
    await Promise.all([
      ...pods.map((object) => this.#look(object)),
      ...[...this.#played].filter(([uid]) => !uids.has(uid)).map(([uid, played]) => this.#forget(uid, played)),
    ]);
  }

  async #look(object: KubeBody): Promise<void> {
    const { name, uid, deletionTimestamp } = object.metadata as { name: string; uid: string; deletionTimestamp?: string };
    const played = this.#played.get(uid);
    if (played === undefined) {
      if (deletionTimestamp !== undefined || this.#options.schedules?.(name) === false) return;
      return this.#start(object);
    }
    if (deletionTimestamp !== undefined) {
      if (played.ended) return;
      played.ended = true;
      await played.end();
      return this.#kube.remove(
        { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: this.#namespace } },
        { gracePeriodSeconds: 0 },
      );
    }
    if (played.changed) await this.#report(played);
  }

  async #start(object: KubeBody): Promise<void> {
    const { name, uid } = object.metadata as { name: string; uid: string };
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${name}`;
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name }, target: { apiVersion: 'v1', kind: 'Node', name: NODE } };
    const bound = await this.#kube.ask(`${path}/binding`, { method: 'POST', body: binding });
    // Deleted in between.
    if (bound.status === 404 || bound.status === 409) return;
    this.#count += 1;
    const ip = `${this.#subnet}.${Math.floor(this.#count / 250)}.${(this.#count % 250) + 1}`;
    const names = (object.spec.containers as { name: string }[]).map((container) => container.name);
    const containers = new Map(names.map((container) => [container, { ready: false, restarts: 0 }]));
    const pod: PlayedPod = {
      name,
      ip,
      object,
      report: (container, { ready, restarts }) => {
        const state = containers.get(container);
        if (state === undefined) throw new Error(`pod ${name} has no container ${container}`);
        containers.set(container, { ready, restarts: restarts ?? state.restarts });
        played.changed = true;
      },
    };
    const played: Played = { pod, containers, end: async () => undefined, changed: false, ended: false };
    played.end = this.#options.script?.(pod) ?? played.end;
    this.#played.set(uid, played);
    await this.#report(played);
  }

  async #report(played: Played): Promise<void> {
    played.changed = false;
    const { pod, containers } = played;
    const isReady = [...containers.values()].every(({ ready }) => ready);
    const condition = (type: string, is: boolean) => ({ type, status: is ? 'True' : 'False', lastTransitionTime: STARTED_AT });
    const status = {
      phase: 'Running',
      podIP: pod.ip,
      podIPs: [{ ip: pod.ip }],
      startTime: STARTED_AT,
      conditions: [
        condition('PodScheduled', true),
        condition('Initialized', true),
        condition('ContainersReady', isReady),
        condition('Ready', isReady),
      ],
      containerStatuses: [...containers].map(([name, { ready, restarts }]) => ({
        name,
        ready,
        started: true,
        restartCount: restarts,
        image: 'played',
        imageID: '',
        state: { running: { startedAt: STARTED_AT } },
      })),
    };
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod.name}/status`;
    const body = { metadata: { uid: pod.object.metadata.uid }, status };
    const answer = await this.#kube.ask(path, { method: 'PATCH', body, type: 'application/merge-patch+json' });
    // 404, 409, 422: gone or another one in between; the next round sees it.
    if (answer.status >= 500) throw new Error(`${path}: ${answer.status}`);
  }

  async #forget(uid: string, played: Played): Promise<void> {
    this.#played.delete(uid);
    if (played.ended) return;
    played.ended = true;
    await played.end();
  }
}
