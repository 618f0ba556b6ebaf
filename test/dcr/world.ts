import type { Clock } from '#runtime/clock.js';
import { FB_STATUS } from '#runtime/dcr/fb303.js';
import { type NodeStatus, readStatus } from '#runtime/dcr/node-status.js';
import { judge } from '#runtime/dcr/state-table.js';
import { MemoryCache } from './cache-store.js';
import { type ContainerProbes, KubeletContainer } from './kubelet.js';
import { PROBE_NUMBERS } from './probe-numbers.js';
import { PROPERTIES, type Properties } from './properties.js';
import { Pump } from './pump.js';
import { SimNode } from './sim-node.js';
import { type SimTimes, TIMES } from './sim-options.js';
import { MemoryTopology } from './topology.js';

export interface WorldOptions {
  readonly clock: Clock;
  /** publishNotReadyAddresses of the headless Services. */
  readonly publishNotReady: boolean;
  /** From the pod's birth until DNS answers for it: EndpointSlices, CoreDNS, negative answers on the way. Default 0. */
  readonly dnsLagMs?: number;
  readonly pumpPatienceMs: number;
  /** Whether nodes look for their own name before they register. */
  readonly dnsGate: boolean;
  readonly properties?: Partial<Properties>;
  readonly times?: Partial<SimTimes>;
  readonly probes?: { farmer: ContainerProbes; synchronizer: ContainerProbes };
}

interface SimPod {
  readonly name: string;
  readonly ip: string;
  readonly bornMs: number;
  node: SimNode | undefined;
  readonly container: KubeletContainer;
}

const GRACE_MS = 1_000;

/** Pods, their kubelet, cluster DNS, topology, pump and S3 in one process on one clock, joined by functions instead of sockets. */
export class World {
  readonly cache = new MemoryCache();
  readonly topology: MemoryTopology;
  properties: Properties;
  readonly pods = new Map<string, SimPod>();
  readonly #options: WorldOptions;
  readonly #pump: Pump;
  #boots = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.properties = { ...PROPERTIES, ...options.properties };
    this.topology = new MemoryTopology(options.clock);
    this.#pump = new Pump(
      {
        clock: options.clock,
        topology: this.topology,
        resolve: (name) => this.#resolve(name),
        ask: async ({ port }) => {
          const node = [...this.pods.values()].find(({ ip }) => portOf(ip) === port)?.node;
          return node !== undefined && !node.hung && node.state !== 'BOOTING';
        },
      },
      { everyMs: 5_000, patienceMs: options.pumpPatienceMs },
    );
    this.#pump.start();
  }

  /** A StatefulSet with podManagementPolicy Parallel: all pods at once. */
  scale(role: 'farmer' | 'synchronizer', replicas: number): void {
    const set = `dcr-${role}`;
    for (let ordinal = 0; ordinal < replicas; ordinal += 1)
      if (!this.pods.has(`${set}-${ordinal}`)) this.#create(role, `${set}-${ordinal}`);
    for (const [name] of this.pods) if (name.startsWith(set) && Number(name.slice(set.length + 1)) >= replicas) this.remove(name);
  }

  /** A pod that is gone for good, its process with it. */
  remove(name: string): void {
    const pod = this.pods.get(name);
    pod?.container.stop();
    pod?.node?.terminate().catch(() => undefined);
    this.pods.delete(name);
  }

  node(name: string): SimNode {
    const node = this.pods.get(name)?.node;
    if (node === undefined) throw new Error(`${name} does not run`);
    return node;
  }

  status(name: string): NodeStatus | undefined {
    const node = this.pods.get(name)?.node;
    if (node === undefined || node.hung) return undefined;
    const { code, details, counters } = node.status();
    return readStatus({ code: FB_STATUS[code] ?? 'DEAD', details, counters });
  }

  restarts(): number {
    return [...this.pods.values()].reduce((sum, { container }) => sum + container.restartCount, 0);
  }

  stop(): void {
    this.#pump.stop();
    for (const [name] of this.pods) this.remove(name);
  }

  async #resolve(fqdn: string): Promise<readonly string[]> {
    const pod = this.pods.get(fqdn.split('.')[0] ?? '');
    const { clock, dnsLagMs = 0, publishNotReady } = this.#options;
    if (pod === undefined || clock.nowMs() - pod.bornMs < dnsLagMs) return [];
    return publishNotReady || pod.container.ready ? [pod.ip] : [];
  }

  #create(role: 'farmer' | 'synchronizer', name: string): void {
    const { clock, times, dnsGate, probes = PROBE_NUMBERS } = this.#options;
    const ip = `10.0.${role === 'farmer' ? 1 : 0}.${Number(name.split('-').at(-1)) + 1}`;
    const container = new KubeletContainer(probes[role], {
      clock,
      start: (exited) => {
        this.#boots += 1;
        const node = new SimNode(
          {
            role,
            name: `${name}.dcr-${role}.dcr.svc.cluster.local`,
            ip,
            address: { host: ip, port: portOf(ip), transport: 'framed', protocol: 'binary' },
            boot: `b${this.#boots}`,
            times: { ...TIMES, ...times },
            dnsGate,
          },
          { clock, topology: this.topology, cache: this.cache, properties: () => this.properties, resolve: (fqdn) => this.#resolve(fqdn) },
        );
        pod.node = node;
        node.start();
        node.end.then((end) => {
          if (pod.node === node) pod.node = undefined;
          if (end !== 'stopped') exited();
        }, exited);
      },
      kill: async () => {
        await pod.node?.terminate();
        pod.node = undefined;
        await new Promise<void>((resolve) => clock.after(GRACE_MS, resolve));
      },
      probe: (kind) => {
        const mode = { startup: 'started', readiness: 'ready', liveness: 'live' } as const;
        const status = this.status(name);
        // Thrift is up only once the JVM is: no answer at all.
        if (status === undefined) return { result: 'failure' };
        return { result: judge(mode[kind], status).ok ? 'success' : 'failure' };
      },
    });
    const pod: SimPod = { name, ip, bornMs: clock.nowMs(), node: undefined, container };
    this.pods.set(name, pod);
    container.start();
  }
}

/** Each address has a port of its own, so that the simulated network finds its node. */
const portOf = (ip: string): number => ip.split('.').reduce((port, part) => (port * 7 + Number(part)) % 60_000, 1_000);
