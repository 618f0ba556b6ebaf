import type { Clock } from '#runtime/clock.js';
import type { NodeAddress } from '#runtime/dcr/thrift-client.js';

export interface Registration {
  /** The full DNS name under which the pump looks the node up. */
  readonly name: string;
  readonly ip: string;
  /** Where the simulated node listens in truth: the network in which `ip` would lead there. */
  readonly address: NodeAddress;
  readonly role: 'farmer' | 'synchronizer';
  readonly run: string;
  readonly boot: string;
  /** How often it will be heard of. */
  readonly heartbeatMs: number;
  /** Of a synchronizer: the farmers it gives work to. */
  readonly working: readonly string[];
}

export interface NodeEntry extends Registration {
  readonly registeredMs: number;
  readonly seenMs: number;
  /** When the pump last reached it under its name. */
  readonly reachedMs: number | undefined;
  /** Why the pump gave it up. */
  readonly broken: string | undefined;
}

export interface TopologyAnswer {
  /** The pump has given this node up: it ends itself. */
  readonly broken: string | undefined;
  readonly works: boolean;
}

/** What nodes and the pump need of the registry; the same over HTTP. */
export interface Topology {
  /** Registers, and is the heartbeat afterwards. */
  register(node: Registration): Promise<TopologyAnswer>;
  remove(name: string, boot: string): Promise<void>;
  nodes(): Promise<readonly NodeEntry[]>;
  reached(name: string, boot: string): Promise<void>;
  giveUp(name: string, boot: string, why: string): Promise<void>;
}

/** After so many heartbeats without one a node is gone for those who count farmers. */
const GONE_AFTER_BEATS = 4;

const isThere = (node: NodeEntry, nowMs: number): boolean => nowMs - node.seenMs < GONE_AFTER_BEATS * node.heartbeatMs;

/** The backend's registry of nodes. An entry stays when its node dies; a node that starts anew under the name replaces it. */
export class MemoryTopology implements Topology {
  readonly #clock: Clock;
  readonly #entries = new Map<string, NodeEntry>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async register(node: Registration): Promise<TopologyAnswer> {
    const known = this.#entries.get(node.name);
    const nowMs = this.#clock.nowMs();
    const kept = known?.boot === node.boot ? known : { registeredMs: nowMs, reachedMs: undefined, broken: undefined };
    const entry: NodeEntry = { ...node, registeredMs: kept.registeredMs, reachedMs: kept.reachedMs, broken: kept.broken, seenMs: nowMs };
    this.#entries.set(node.name, entry);
    const works = [...this.#entries.values()].some(
      (other) => other.run === node.run && isThere(other, nowMs) && other.working.includes(node.name),
    );
    return { broken: entry.broken, works };
  }

  async remove(name: string, boot: string): Promise<void> {
    if (this.#entries.get(name)?.boot === boot) this.#entries.delete(name);
  }

  async nodes(): Promise<readonly NodeEntry[]> {
    return [...this.#entries.values()].sort((a, b) => a.registeredMs - b.registeredMs);
  }

  async reached(name: string, boot: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry?.boot === boot) this.#entries.set(name, { ...entry, reachedMs: this.#clock.nowMs() });
  }

  async giveUp(name: string, boot: string, why: string): Promise<void> {
    const entry = this.#entries.get(name);
    if (entry?.boot === boot) this.#entries.set(name, { ...entry, broken: why });
  }
}

/** Farmers of a run that are there, in the order of registration. */
export function farmersOf(nodes: readonly NodeEntry[], run: string, nowMs: number): string[] {
  return nodes
    .filter((node) => node.role === 'farmer' && node.run === run && node.broken === undefined && isThere(node, nowMs))
    .map(({ name }) => name);
}
