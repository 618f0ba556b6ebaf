import type { KafkaCluster } from '#test/support/kafka.js';
import { makeTopics } from '#test/support/kafka-member.js';
import { type Child, freePort, Processes, type SandboxUrls, until, writeRouter } from '#test/support/processes.js';

export interface FleetOptions {
  readonly routers: number;
  readonly partitions: number;
  readonly mappings: Readonly<Record<string, unknown>>;
  /** Default 3 s. */
  readonly sessionTimeout?: string;
  /** A script of test/dist that is run in place of the router's own. */
  readonly script?: string;
  /** Merged over the configuration, a level deep. */
  readonly config?: Readonly<Record<string, Record<string, unknown>>>;
  readonly destinations?: Readonly<Record<string, Record<string, unknown>>>;
}

/** Several router processes of one consumer group on a real cluster, with stand-ins for their targets. */
export class Fleet {
  readonly #members: { readonly port: number; readonly config: string; child?: Child }[] = [];
  private constructor(
    readonly cluster: KafkaCluster,
    readonly prefix: string,
    readonly processes: Processes,
    readonly sandbox: SandboxUrls,
    readonly options: FleetOptions,
  ) {}

  /** Topics, stand-ins and configurations; no router runs yet. */
  static async open(cluster: KafkaCluster, options: FleetOptions): Promise<Fleet> {
    const prefix = await makeTopics(cluster, options.partitions);
    const processes = new Processes();
    const fleet = new Fleet(cluster, prefix, processes, await processes.sandbox(), options);
    const log = {
      kind: 'kafka',
      brokers: cluster.brokers,
      prefix,
      group: prefix,
      sessionTimeout: options.sessionTimeout ?? '3s',
      scratchDir: processes.dir,
    };
    for (let index = 0; index < options.routers; index += 1) {
      const port = await freePort();
      const { mappings, config = {}, destinations = {} } = options;
      const file = writeRouter(processes, {
        mappings,
        sandbox: fleet.sandbox,
        port,
        destinations,
        config: { ...config, log: { ...log, ...config.log } },
        name: `router-${index}`,
      });
      fleet.#members.push({ port, config: file });
    }
    return fleet;
  }

  get size(): number {
    return this.#members.length;
  }

  url(index: number): string {
    return `http://127.0.0.1:${this.#members[index]?.port}`;
  }

  output(index: number): string {
    return this.#members[index]?.child?.output ?? '';
  }

  pid(index: number): number {
    return this.#members[index]?.child?.process.pid ?? -1;
  }

  /** Starts one router; resolves once it is ready. */
  async start(index: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
    const member = this.#members[index];
    if (member === undefined) throw new RangeError(`router ${index}`);
    const { script } = this.options;
    member.child =
      script === undefined
        ? this.processes.start('runtime/dist/cli.js', ['serve', '--config', member.config], env)
        : this.processes.start(script, [member.config], env);
    await this.ready(index);
  }

  async ready(index: number): Promise<void> {
    const child = this.#members[index]?.child;
    await until(
      `router ${index} to be ready`,
      async () => ((await fetch(`${this.url(index)}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok ? true : undefined),
      90_000,
      child,
    );
  }

  async startAll(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await Promise.all(this.#members.map((_, index) => this.start(index, env)));
  }

  /** Ends one router and resolves with its exit code; SIGSTOP and SIGCONT only freeze and thaw it. */
  async kill(index: number, signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#members[index]?.child;
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') return (await child?.kill(signal)) ?? null;
    child?.process.kill(signal);
    return null;
  }

  /** Sum over the routers of a metric's samples whose labels contain `labels`. */
  async sum(metric: string, labels = ''): Promise<number> {
    return sumOf(await this.metrics(), metric, labels);
  }

  async metric(index: number, metric: string, labels = ''): Promise<number> {
    return sumOf([await this.#metricsOf(index)], metric, labels);
  }

  /** /metrics of every router. */
  metrics(): Promise<string[]> {
    return Promise.all(this.#members.map((_, index) => this.#metricsOf(index)));
  }

  async #metricsOf(index: number): Promise<string> {
    return (await fetch(`${this.url(index)}/metrics`, { signal: AbortSignal.timeout(10_000) })).text();
  }

  /** Resolves when every partition has an owner and nothing is running or waiting; asks twice a second, so as not to be the load itself. */
  async settled(withinMs: number): Promise<void> {
    let seen = '';
    const look = async (): Promise<true | undefined> => {
      await pause(500);
      const texts = await this.metrics();
      const unfinished = (state: string): number => sumOf(texts, 'sre_router_unfinished', `state="${state}"`);
      const owned = sumOf(texts, 'sre_router_partitions');
      const received = sumOf(texts, 'sre_router_received_total');
      seen = JSON.stringify({ owned, running: unfinished('running'), waiting: unfinished('waiting'), received });
      return owned === this.options.partitions && unfinished('running') + unfinished('waiting') === 0 ? true : undefined;
    };
    await until('every run to end', look, withinMs).catch((error: unknown) => {
      throw new Error(`${String(error)} ${seen}`);
    });
  }

  /** Sets a fault of a stand-in. */
  async fault(target: keyof SandboxUrls, fault: object): Promise<void> {
    const response = await fetch(new URL('/__sandbox/faults', this.sandbox[target]), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
    });
    if (!response.ok) throw new Error(`${target} does not know the fault ${JSON.stringify(fault)}`);
  }

  /** Effects at the stand-ins: by key, in order. */
  async effects(): Promise<{ readonly route: string; readonly key: string | null }[]> {
    const all = await Promise.all(
      (['slack', 'jira', 'sre'] as const).map(async (target) => {
        const response = await fetch(new URL('/__sandbox/state', this.sandbox[target]));
        return ((await response.json()) as { effects: { route: string; key: string | null }[] }).effects;
      }),
    );
    return all.flat();
  }

  close(): Promise<void> {
    return this.processes.close();
  }
}

export const pause = (ms: number): Promise<void> => new Promise((over) => setTimeout(over, ms));

function sumOf(texts: readonly string[], metric: string, labels = ''): number {
  let total = 0;
  for (const line of texts.flatMap((text) => text.split('\n')))
    if (line.startsWith(metric) && /^[ {]/.test(line.slice(metric.length)) && line.includes(labels))
      total += Number(line.split(' ').at(-1));
  return total;
}
