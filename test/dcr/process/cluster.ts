import { type Clock, systemClock } from '#runtime/clock.js';
import { startDns } from '#test/dcr/dns.js';
import { fastClock } from '#test/dcr/fast-clock.js';
import { asEnv, Dcrctl } from '#test/dcr/process/dcrctl.js';
import { nodeEnv } from '#test/dcr/process/node-env.js';
import { PROPERTIES, type Properties } from '#test/dcr/properties.js';
import { S3_KEYS, type S3StandIn, startS3 } from '#test/dcr/s3.js';
import type { SimTimes } from '#test/dcr/sim-options.js';
import { type Child, Processes } from '#test/support/processes.js';

export interface ClusterNode {
  readonly child: Child;
  readonly port: number;
  fault(fault: object): Promise<void>;
}

/** Real node processes, backend, DNS and S3, on a clock that runs `factor` times as fast. 20 simulated minutes are 1.2 s at factor 1,000. */
export class Cluster {
  readonly processes = new Processes();
  readonly factor: number;
  readonly #fromMs = Date.now();
  readonly #names = new Map<string, string>();
  #properties: Properties = PROPERTIES;
  s3!: S3StandIn;
  #dns!: { port: number; close(): Promise<void> };
  #topology = '';

  constructor(factor = 1_000) {
    this.factor = factor;
  }

  async open(properties: Partial<Properties> = {}, patience = '60s'): Promise<void> {
    this.s3 = await startS3();
    this.#dns = await startDns((name) => this.#names.get(name));
    this.properties = { ...properties, cache: { ...PROPERTIES.cache, endpoint: this.s3.url } };
    const backend = this.processes.start('test/dist/dcr/backend.js', ['--dns', this.#server, '--patience', patience], this.env);
    this.#topology = (JSON.parse(await backend.firstLine()) as { topology: string }).topology;
  }

  get #server(): string {
    return `127.0.0.1:${this.#dns.port}`;
  }

  set properties(change: Partial<Properties>) {
    this.#properties = { ...this.#properties, ...change };
    this.processes.file('dcr.json', JSON.stringify(this.#properties));
  }

  /** The clock of all its processes. */
  get clock(): Clock {
    return fastClock(systemClock, this.factor, this.#fromMs);
  }

  /** The clock, and the credentials of a pod. */
  get env(): Record<string, string> {
    return nodeEnv(this.factor, this.#fromMs);
  }

  async node(pod: string, times: Partial<SimTimes> = {}, args: readonly string[] = []): Promise<ClusterNode> {
    const role = pod.replace(/^dcr-(.*)-\d+$/, '$1');
    const name = `${pod}.dcr-${role}.dcr.svc.cluster.local`;
    const ip = `10.0.${role === 'farmer' ? 1 : 0}.${Number(pod.split('-').at(-1)) + 1}`;
    this.#names.set(name, ip);
    const properties = `${this.processes.dir}/dcr.json`;
    const flags = { role, name, ip, properties, topology: this.#topology, dns: this.#server, times: JSON.stringify(times) };
    const child = this.processes.start(
      'test/dist/dcr/node.js',
      [...Object.entries(flags).flatMap(([key, value]) => [`--${key}`, value]), ...args],
      this.env,
    );
    const { port, control } = JSON.parse(await child.firstLine()) as { port: number; control: string };
    return {
      child,
      port,
      async fault(fault) {
        const answer = await fetch(control, { method: 'PUT', body: JSON.stringify(fault) });
        if (!answer.ok) throw new Error(await answer.text());
      },
    };
  }

  /** dcrctl on the same clock, set up for this cluster. */
  dcrctl(args: readonly string[], options: Readonly<Record<string, string>> = {}): Dcrctl {
    const settings = {
      'run-id': 'r-1',
      cluster: 'express-7',
      'node-host': '127.0.0.1',
      's3-endpoint': this.s3.url,
      's3-path-style': 'true',
      's3-region': S3_KEYS.region,
      's3-bucket': PROPERTIES.cache.bucket,
      's3-prefix': PROPERTIES.cache.prefix,
      ...options,
    };
    return new Dcrctl(this.processes, args, { ...this.env, ...asEnv(settings) });
  }

  async close(): Promise<void> {
    await this.processes.close();
    await this.#dns.close();
    await this.s3.close();
  }
}
