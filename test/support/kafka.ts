import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import kafkajs from 'kafkajs';
import { KafkaProxy } from './kafka-proxy.js';
import { freePort, until } from './processes.js';

export const KAFKA_VERSIONS = ['3.9.1', '4.1.0'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

const START_WITHIN_MS = 60_000;

function jarsOf(version: KafkaVersion): string {
  const folder = process.env[`KAFKA_${version.replaceAll('.', '_')}_JARS`];
  if (folder === undefined) throw new Error(`KAFKA_${version.replaceAll('.', '_')}_JARS is not set: run through npm test -- kafka`);
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jar'))
    .map((file) => join(folder, file))
    .join(':');
}

export interface KafkaOptions {
  /** Default 4.1.0. */
  readonly version?: KafkaVersion;
  /** Default 1. */
  readonly nodes?: number;
  /** A proxy before each node, which clients go through: `cluster.proxies`. */
  readonly proxied?: boolean;
  /** Further listeners of a one-node cluster; the plain one stays. */
  readonly listeners?: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
  /** Further lines of server.properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

class Node {
  process: ChildProcess | undefined;
  output = '';
  constructor(
    readonly id: number,
    readonly port: number,
    readonly config: string,
    readonly classpath: string,
    readonly dir: string,
  ) {}

  start(): void {
    // Lean for tests: small heap, C1 only, so that a broker is up in a few seconds on two cores.
    const child = spawn(
      'java',
      ['-Xmx384m', '-Xss512k', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', this.classpath, 'kafka.Kafka', this.config],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: this.dir,
      },
    );
    this.process = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        this.output = (this.output + chunk.toString()).slice(-20_000);
      });
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

/** A real Kafka cluster of one or three KRaft nodes on loopback; each node broker and controller. */
export class KafkaCluster {
  readonly #dir = mkdtempSync(join(tmpdir(), 'sre-router-kafka-'));
  readonly #nodes: Node[] = [];
  readonly proxies: KafkaProxy[] = [];

  /** Of the cluster's version, for Kafka's own tools. */
  classpath = '';

  private constructor() {}

  static async start(options: KafkaOptions = {}): Promise<KafkaCluster> {
    const cluster = new KafkaCluster();
    try {
      await cluster.#start(options);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get brokers(): string[] {
    return this.#nodes.map(({ port }, index) => `127.0.0.1:${this.proxies[index]?.port ?? port}`);
  }

  get size(): number {
    return this.#nodes.length;
  }

  client(clientId = 'test'): kafkajs.Kafka {
    return new kafkajs.Kafka({
      brokers: this.brokers,
      clientId,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 20, maxRetryTime: 1_000 },
    });
  }

  async #start({ version = '4.1.0', nodes = 1, proxied = false, listeners = [], properties = {} }: KafkaOptions): Promise<void> {
    const classpath = jarsOf(version);
    this.classpath = classpath;
    const ports = await Promise.all(Array.from({ length: nodes * 2 }, freePort));
    const voters = Array.from({ length: nodes }, (_, index) => `${index + 1}@127.0.0.1:${ports[index * 2 + 1]}`).join(',');
    const clusterId = 'c3JlLXJvdXRlci10ZXN0cw';
    for (let index = 0; index < nodes; index += 1) {
      const dir = join(this.#dir, `node-${index + 1}`);
      mkdirSync(dir, { recursive: true });
      const config = join(dir, 'server.properties');
      const replicas = String(nodes);
      if (proxied) this.proxies.push(await KafkaProxy.start(() => ports[index * 2] as number));
      const more = listeners.map(({ name, port }) => `${name}://127.0.0.1:${port}`);
      const advertised = this.proxies[index]?.port ?? ports[index * 2];
      const settings: Record<string, string> = {
        'process.roles': 'broker,controller',
        'node.id': String(index + 1),
        'controller.quorum.voters': voters,
        listeners: [`PLAINTEXT://127.0.0.1:${ports[index * 2]},CONTROLLER://127.0.0.1:${ports[index * 2 + 1]}`, ...more].join(','),
        'advertised.listeners': [`PLAINTEXT://127.0.0.1:${advertised}`, ...more].join(','),
        'listener.security.protocol.map': [
          'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
          ...listeners.map(({ name, protocol }) => `${name}:${protocol}`),
        ].join(','),
        'controller.listener.names': 'CONTROLLER',
        'log.dirs': join(dir, 'data'),
        'offsets.topic.replication.factor': replicas,
        'offsets.topic.num.partitions': '3',
        'transaction.state.log.replication.factor': replicas,
        'transaction.state.log.min.isr': '1',
        'transaction.state.log.num.partitions': '3',
        'group.initial.rebalance.delay.ms': '0',
        'auto.create.topics.enable': 'false',
        'num.network.threads': '2',
        'num.io.threads': '2',
        'log.cleaner.dedupe.buffer.size': '4194304',
        ...properties,
      };
      writeFileSync(
        config,
        Object.entries(settings)
          .map(([key, value]) => `${key}=${value}`)
          .join('\n'),
      );
      const format = spawnSync('java', [
        '-Xmx128m',
        '-XX:TieredStopAtLevel=1',
        '-cp',
        classpath,
        'kafka.tools.StorageTool',
        'format',
        '-t',
        clusterId,
        '-c',
        config,
      ]);
      if (format.status !== 0) throw new Error(`StorageTool format failed:\n${format.stdout}\n${format.stderr}`);
      this.#nodes.push(new Node(index + 1, ports[index * 2] as number, config, classpath, dir));
    }
    for (const node of this.#nodes) node.start();
    await this.ready();
  }

  /** Resolves when every node that runs is a broker of the cluster. */
  async ready(count = this.#nodes.length): Promise<void> {
    const admin = new kafkajs.Kafka({
      brokers: this.brokers,
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: 500,
      retry: { retries: 0 },
    }).admin();
    try {
      await until(
        'the brokers to be up',
        async () => {
          const dead = this.#nodes.find(({ process }) => process?.exitCode !== null && process?.exitCode !== undefined);
          if (dead !== undefined && count === this.#nodes.length) throw new Error(`broker ${dead.id} ended:\n${dead.output.slice(-3_000)}`);
          await admin.connect();
          const { brokers } = await admin.describeCluster();
          return brokers.length >= count ? true : undefined;
        },
        START_WITHIN_MS,
      );
    } catch (error) {
      throw new Error(`${String(error)}\n${this.#nodes.map(({ output }) => output.slice(-2_000)).join('\n')}`);
    } finally {
      await admin.disconnect();
    }
  }

  /** Stops one node as by power loss (or with another signal); SIGSTOP and SIGCONT freeze and thaw it. */
  async kill(id: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const node = this.#nodes[id - 1];
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') node?.process?.kill(signal);
    else await node?.kill(signal);
  }

  startNode(id: number): void {
    this.#nodes[id - 1]?.start();
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.kill('SIGKILL')));
    await Promise.all(this.proxies.map((proxy) => proxy.close()));
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
