import { readFile, writeFile } from 'node:fs/promises';
import { systemClock } from '#runtime/clock.js';
import type { FetchedRecord } from '#runtime/log/kafka/internals.js';
import { PartitionReader } from '#runtime/log/kafka/read-partition.js';
import type { KafkaCluster } from './kafka.js';
import { connect, makeTopics } from './kafka-member.js';
import { type Child, freePort, type Processes, type SandboxUrls, startRouter, until, writeRouter } from './processes.js';

export interface KafkaRouterOptions {
  readonly mappings: Readonly<Record<string, unknown>>;
  readonly sandbox: SandboxUrls;
  readonly partitions?: number;
  /** Sections of the configuration; `log` is added to. */
  readonly config?: Readonly<Record<string, Record<string, unknown>>>;
}

const UNENDED: ReadonlySet<string> = new Set(['accepting', 'running', 'waiting']);

/** A router process on a real cluster, with topics of its own; started again on the same ones. */
export class KafkaRouter {
  readonly prefix: string;
  readonly url: string;
  readonly #processes: Processes;
  readonly #cluster: KafkaCluster;
  readonly #port: number;
  readonly #configFile: string;
  child: Child | undefined;

  private constructor(processes: Processes, cluster: KafkaCluster, prefix: string, port: number, configFile: string) {
    this.#processes = processes;
    this.#cluster = cluster;
    this.prefix = prefix;
    this.#port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.#configFile = configFile;
  }

  static async write(processes: Processes, cluster: KafkaCluster, options: KafkaRouterOptions): Promise<KafkaRouter> {
    const prefix = await makeTopics(cluster, options.partitions ?? 2);
    const port = await freePort();
    const { log, ...config } = options.config ?? {};
    const configFile = writeRouter(processes, {
      mappings: options.mappings,
      sandbox: options.sandbox,
      port,
      config: {
        ...config,
        log: { kind: 'kafka', brokers: cluster.brokers, prefix, group: prefix, sessionTimeout: '2s', scratchDir: processes.dir, ...log },
      },
      name: prefix,
    });
    return new KafkaRouter(processes, cluster, prefix, port, configFile);
  }

  /** Other sections of the configuration from the next start on. */
  async reconfigure(change: Readonly<Record<string, unknown>>): Promise<void> {
    const config = JSON.parse(await readFile(this.#configFile, 'utf8')) as object;
    await writeFile(this.#configFile, JSON.stringify({ ...config, ...change }));
  }

  async start(): Promise<void> {
    this.child = await startRouter(this.#processes, this.#configFile, this.#port);
  }

  /** Another process of the same group, with this role; resolves with its URL. */
  async startAnother(role: string): Promise<string> {
    const port = await freePort();
    await startRouter(this.#processes, this.#configFile, port, { SRE_ROUTER_ROLE: role, SRE_ROUTER_HTTP__PORT: String(port) });
    return `http://127.0.0.1:${port}`;
  }

  topic(role: 'raw' | 'events' | 'journal' | 'dlq'): string {
    return `${this.prefix}.${role}`;
  }

  /** Sum over the labels. NaN: no such metric. */
  async metric(name: string): Promise<number> {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const values = text
      .split('\n')
      .flatMap((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `) ? [Number(line.split(' ').at(-1))] : []));
    return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0);
  }

  async get<T>(path: string): Promise<T | undefined> {
    const response = await fetch(`${this.url}${path}`);
    return response.ok ? ((await response.json()) as T) : undefined;
  }

  /** Waits until this many records of raw are carried over, and the API knows how every event of the topic ended. */
  async settled(records: number, withinMs = 60_000): Promise<void> {
    const admin = this.#cluster.client().admin();
    await admin.connect();
    try {
      await until(
        `${records} raw records to be carried over, and their events to end`,
        async () => {
          if ((await this.metric('sre_router_raw_records')) < records) return undefined;
          const ends = await admin.fetchTopicOffsets(this.topic('events'));
          const written = ends.reduce((sum, { high }) => sum + Number(high), 0);
          const states = await this.#states();
          return states.length === written && !states.some((state) => UNENDED.has(state)) ? true : undefined;
        },
        withinMs,
        this.child,
      );
    } finally {
      await admin.disconnect();
    }
  }

  async #states(): Promise<string[]> {
    const states: string[] = [];
    for (let cursor = ''; ; ) {
      const page = await this.get<{ events: { state: string }[]; next?: string }>(`/api/v1/events?limit=500${cursor}`);
      states.push(...(page?.events ?? []).map(({ state }) => state));
      if (page?.next === undefined) return states;
      cursor = `&cursor=${page.next}`;
    }
  }

  /** Every record of a topic, by partition. */
  async read(role: 'raw' | 'events' | 'journal' | 'dlq', partitions = 2): Promise<(FetchedRecord & { partition: number })[]> {
    const reader = new PartitionReader(connect(this.#cluster), (ms) => new Promise((resolve) => void systemClock.after(ms, resolve)));
    const found: (FetchedRecord & { partition: number })[] = [];
    for (let partition = 0; partition < partitions; partition += 1)
      await reader.read({ topic: this.topic(role), partition }, undefined, (record) => void found.push({ ...record, partition }));
    await reader.close();
    return found;
  }
}
