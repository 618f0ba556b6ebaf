import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '#runtime/clock.js';
import type { NodeStatus } from '#runtime/dcr/node-status.js';
import { askNode } from '#runtime/dcr/probe-node.js';
import { judge, type ProbeMode } from '#runtime/dcr/state-table.js';
import { fastClock } from '#test/dcr/fast-clock.js';
import { type ContainerProbes, KubeletContainer, type ProbeSpec } from '#test/dcr/kubelet.js';
import { nodeEnv } from '#test/dcr/process/node-env.js';
import { S3_KEYS, type S3StandIn, startS3 } from '#test/dcr/s3.js';
import { type SimTimes, TIMES } from '#test/dcr/sim-options.js';
import type { NodeEntry } from '#test/dcr/topology.js';
import { HttpTopology } from '#test/dcr/topology-http.js';
import type { ControlPlane } from '#test/support/control-plane.js';
import type { KubeBody } from '#test/support/kube.js';
import type { PlayedPod, PodScript } from '#test/support/pod-player.js';
import { type Child, Processes } from '#test/support/processes.js';
import type { Given } from './installation.js';

export interface RealNodesOptions {
  /** How many times as fast nodes, kubelets and backend run. The control plane and CoreDNS keep real time. */
  readonly factor: number;
  /** Of the pump: how long a node that it cannot reach is "not yet" there. 0s is the backend of today. */
  readonly patience: string;
  /** false: nodes register without looking for their own name, as those of today do. */
  readonly dnsGate: boolean;
  /** Readiness asks a status command that works only once the history is updated, as the one of today does. */
  readonly lateStatus: boolean;
  readonly times?: Partial<SimTimes>;
}

interface RealPod {
  readonly name: string;
  readonly container: KubeletContainer;
  child: Child | undefined;
  status: NodeStatus | undefined;
  /** On the nodes' clock, the first time. */
  readyMs: number | undefined;
}

const LIMITS = { timeoutMs: 3_000, connectTimeoutMs: 1_000 };
const BEFORE_HISTORY = new Set(['BOOTING', 'REGISTERED', 'HISTORY_UPDATE']);
const LOOK_MS = 50;

/**
 * What runs in played pods: a node process in each, started with what its pod says (name, role, address, properties) and asked by a kubelet with the pod's own probes;
 * beside them the backend with its pump, which asks CoreDNS, and S3.
 */
export class RealNodes {
  readonly processes = new Processes();
  readonly pods: RealPod[] = [];
  readonly clock: Clock;
  readonly #options: RealNodesOptions;
  readonly #plane: ControlPlane;
  readonly #fromMs = Date.now();
  #s3: S3StandIn | undefined;
  #topologyUrl = '';

  constructor(plane: ControlPlane, options: RealNodesOptions) {
    this.#plane = plane;
    this.#options = options;
    this.clock = fastClock(systemClock, options.factor, this.#fromMs);
  }

  async open(): Promise<void> {
    this.#s3 = await startS3();
    const args = ['--dns', this.#plane.dns, '--patience', this.#options.patience];
    const backend = this.processes.start('test/dist/dcr/backend.js', args, this.#env);
    this.#topologyUrl = (JSON.parse(await backend.firstLine()) as { topology: string }).topology;
  }

  /** The chart's values that lead to this S3. */
  get given(): Given {
    return { s3: { endpoint: this.#s3?.url, pathStyle: true, region: S3_KEYS.region, bucket: 'cache' } };
  }

  /** What the backend knows of. */
  registered(): Promise<readonly NodeEntry[]> {
    return new HttpTopology(this.#topologyUrl).nodes();
  }

  pod(name: string): RealPod {
    const found = this.pods.findLast((pod) => pod.name === name);
    if (found === undefined) throw new Error(`${name} was never started`);
    return found;
  }

  /** For the pods of a namespace whose properties are these. */
  script(properties: string): PodScript {
    return (played) => {
      const node = containerOf(played, 'node');
      const name = envOf(node, 'DCR_NODE_NAME', played);
      const file = join(this.processes.dir, `${name}.json`);
      writeFileSync(file, properties);
      const flags = {
        ...{ role: envOf(node, 'DCR_ROLE', played), properties: file, name, ip: played.ip },
        ...{ topology: this.#topologyUrl, dns: this.#plane.dns, times: JSON.stringify({ ...TIMES, ...this.#options.times }) },
      };
      const args = [
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ...(this.#options.dnsGate ? [] : ['--no-dns-gate']),
      ];
      const report = (): void => played.report('node', { ready: container.ready, restarts: container.restartCount });
      const container = new KubeletContainer(probesOf(node), {
        clock: this.clock,
        start: (exited) => {
          this.#run(pod, args, exited);
          report();
        },
        kill: async () => {
          await pod.child?.kill('SIGTERM');
        },
        probe: (kind) => ({ result: this.#answers(node, kind, pod.status) ? 'success' : 'failure' }),
        onReady: (ready) => {
          if (ready) pod.readyMs ??= this.clock.nowMs();
          report();
        },
      });
      const pod: RealPod = { name: played.name, container, child: undefined, status: undefined, readyMs: undefined };
      this.pods.push(pod);
      played.report('probe', { ready: true });
      container.start();
      return async () => {
        container.stop();
        await pod.child?.kill('SIGTERM');
      };
    };
  }

  async close(): Promise<void> {
    for (const { container } of this.pods) container.stop();
    await this.processes.close();
    await this.#s3?.close();
  }

  get #env(): Record<string, string> {
    return nodeEnv(this.#options.factor, this.#fromMs);
  }

  /** One life of the node's process; it is looked at again and again, so that a probe has its answer at once. */
  #run(pod: RealPod, args: readonly string[], exited: () => void): void {
    const child = this.processes.start('test/dist/dcr/node.js', args, this.#env);
    pod.child = child;
    pod.status = undefined;
    child.process.once('exit', () => {
      if (pod.child === child) pod.status = undefined;
      exited();
    });
    const look = async (): Promise<void> => {
      const { port } = JSON.parse(await child.firstLine()) as { port: number };
      while (!child.exited) {
        const status = await askNode({ host: '127.0.0.1', port, transport: 'framed', protocol: 'binary' }, LIMITS).catch(() => undefined);
        if (pod.child === child && !child.exited) pod.status = status;
        await new Promise((again) => setTimeout(again, LOOK_MS));
      }
    };
    // It ended before it said where it listens: its exit is known already.
    look().catch(() => undefined);
  }

  #answers(node: KubeBody, kind: keyof ContainerProbes, status: NodeStatus | undefined): boolean {
    if (status === undefined) return false;
    if (this.#options.lateStatus && kind === 'readiness') return !BEFORE_HISTORY.has(status.state ?? '');
    return judge(String(node[`${kind}Probe`].httpGet.path).slice(1) as ProbeMode, status).ok;
  }
}

const containerOf = ({ object }: PlayedPod, name: string): KubeBody =>
  (object.spec.containers as KubeBody[]).find((container) => container.name === name);

/** As the kubelet would hand it over, with the pod's own name in it. */
function envOf(container: KubeBody, name: string, { name: podName }: PlayedPod): string {
  const variable = (container.env as { name: string; value: string }[]).find((one) => one.name === name);
  if (variable === undefined) throw new Error(`${podName} has no ${name}`);
  return variable.value.replaceAll('$(POD_NAME)', podName);
}

function probesOf(container: KubeBody): ContainerProbes {
  const spec = (probe: Partial<ProbeSpec> | undefined): ProbeSpec | undefined =>
    probe === undefined ? undefined : { initialDelaySeconds: 0, ...(probe as Omit<ProbeSpec, 'initialDelaySeconds'>) };
  const [startup, readiness, liveness] = [spec(container.startupProbe), spec(container.readinessProbe), spec(container.livenessProbe)];
  return {
    ...(startup === undefined ? {} : { startup }),
    ...(readiness === undefined ? {} : { readiness }),
    ...(liveness === undefined ? {} : { liveness }),
  };
}
