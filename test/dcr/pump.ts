import type { Clock } from '#runtime/clock.js';
import type { NodeAddress } from '#runtime/dcr/thrift-client.js';
import type { NodeEntry, Topology } from './topology.js';

export interface PumpPorts {
  readonly clock: Clock;
  readonly topology: Topology;
  /** A DNS question. [] for NXDOMAIN and for no answer. */
  resolve(name: string): Promise<readonly string[]>;
  /** Does a node answer Thrift there? */
  ask(address: NodeAddress): Promise<boolean>;
}

export interface PumpOptions {
  readonly everyMs: number;
  /** How long a node that cannot be reached is "not yet". 0: a node that cannot be reached at once is broken, as the backend does today. */
  readonly patienceMs: number;
}

/** networkaddress.cache.ttl and .negative.ttl of a JVM without a security manager. */
const POSITIVE_TTL_MS = 30_000;
const NEGATIVE_TTL_MS = 10_000;

/**
 * The backend's pump: contacts each registered node under its name and gives up those that it cannot reach. It resolves as a JVM does, negative answers are kept for 10 s.
 * A node that is given up ends itself.
 */
export class Pump {
  readonly #ports: PumpPorts;
  readonly #options: PumpOptions;
  readonly #answers = new Map<string, { ips: readonly string[]; untilMs: number }>();
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(ports: PumpPorts, options: PumpOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #arm(): void {
    this.#cancel = this.#ports.clock.after(this.#options.everyMs, () => {
      this.round()
        // The topology does not answer: next time.
        .catch(() => undefined)
        .finally(() => {
          if (!this.#stopped) this.#arm();
        });
    });
  }

  async round(): Promise<void> {
    const nodes = await this.#ports.topology.nodes();
    await Promise.all(nodes.filter(({ broken }) => broken === undefined).map((node) => this.#contact(node, nodes)));
  }

  async #contact(node: NodeEntry, nodes: readonly NodeEntry[]): Promise<void> {
    const { clock, topology, ask } = this.#ports;
    const [ip] = await this.#lookUp(node.name);
    const there = ip === undefined ? undefined : nodes.find((other) => other.ip === ip);
    if (there !== undefined && (await ask(there.address))) return topology.reached(node.name, node.boot);
    const why = ip === undefined ? `${node.name} does not resolve` : `no answer from ${node.name} (${ip})`;
    if (clock.nowMs() - (node.reachedMs ?? node.registeredMs) >= this.#options.patienceMs) await topology.giveUp(node.name, node.boot, why);
  }

  async #lookUp(name: string): Promise<readonly string[]> {
    const nowMs = this.#ports.clock.nowMs();
    const known = this.#answers.get(name);
    if (known !== undefined && known.untilMs > nowMs) return known.ips;
    const ips = await this.#ports.resolve(name);
    this.#answers.set(name, { ips, untilMs: nowMs + (ips.length > 0 ? POSITIVE_TTL_MS : NEGATIVE_TTL_MS) });
    return ips;
  }
}
