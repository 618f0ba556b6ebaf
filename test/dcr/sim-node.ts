import type { Clock } from '#runtime/clock.js';
import { FB_STATUS } from '#runtime/dcr/fb303.js';
import type { NodeState } from '#runtime/dcr/node-status.js';
import type { CacheStore, WrittenPart } from './cache-store.js';
import { decideStart } from './decide-start.js';
import type { ServedStatus } from './fb303-server.js';
import type { Properties } from './properties.js';
import { Rebuild } from './rebuild.js';
import type { SimOptions } from './sim-options.js';
import { farmersOf, type Topology } from './topology.js';

export interface SimPorts {
  readonly clock: Clock;
  readonly topology: Topology;
  readonly cache: CacheStore;
  properties(): Properties;
  resolve(name: string): Promise<readonly string[]>;
}

export type SimEnd = 'stopped' | 'broken' | 'crashed';

const DNS_FIRST_MS = 2_000;
const DNS_POLL_MS = 5_000;
const PART_BYTES = 12_500_000_000;

const CODES: Readonly<Record<NodeState, (typeof FB_STATUS)[number]>> = {
  BOOTING: 'STARTING',
  HISTORY_UPDATE: 'STARTING',
  WAITING_FOR_FARMERS: 'STARTING',
  REGISTERED: 'ALIVE',
  REBUILDING: 'ALIVE',
  WORKING: 'ALIVE',
  WRITING_CACHE: 'ALIVE',
  GUARDIAN: 'ALIVE',
  PAUSED_MANUAL: 'WARNING',
  FAILED: 'WARNING',
  DRAINING: 'STOPPING',
  DEAD: 'DEAD',
};

class Ended extends Error {}

/** A node as docs/dcr-node.md describes it: one life of its process, from start to end. */
export class SimNode {
  readonly options: SimOptions;
  /** Resolves when the process ends. */
  readonly end: Promise<SimEnd>;
  /** Answers nothing and does nothing, but is there. */
  hung = false;
  /** Divides all work: 2 is half as fast. */
  slowness = 1;
  readonly #ports: SimPorts;
  readonly #over = new AbortController();
  #resolveEnd: (end: SimEnd) => void = () => undefined;
  #stage: NodeState = 'BOOTING';
  /** Stands in front of the stage: paused, failed, draining, dead. */
  #instead: NodeState | undefined;
  #text = '';
  #run = '';
  #counters: Record<string, number> = {};
  #working: readonly string[] = [];
  #registered = false;

  constructor(options: SimOptions, ports: SimPorts) {
    this.options = options;
    this.#ports = ports;
    this.end = new Promise((resolve) => {
      this.#resolveEnd = resolve;
    });
  }

  get state(): NodeState {
    return this.#instead ?? this.#stage;
  }

  status(): ServedStatus {
    const { role, boot } = this.options;
    const words = [this.state, this.#text, this.#run === '' ? '' : `run=${this.#run}`, `boot=${boot}`, `role=${role}`];
    return { code: FB_STATUS.indexOf(CODES[this.state]), details: words.filter((word) => word !== '').join(' '), counters: this.#counters };
  }

  start(): void {
    this.#life().catch((error: unknown) => {
      if (!(error instanceof Ended)) this.fail(String(error));
    });
  }

  pause(): void {
    if (this.#instead === undefined && this.#stage !== 'BOOTING') this.#instead = 'PAUSED_MANUAL';
  }

  resume(): void {
    if (this.#instead === 'PAUSED_MANUAL') this.#instead = undefined;
  }

  /** The engine gives up; the process stays for people to look at. */
  fail(text: string): void {
    this.#instead = 'FAILED';
    this.#text = text.replaceAll(/\s+/g, ' ');
  }

  crash(): void {
    this.#finish('crashed');
  }

  /** SIGTERM: first out of the topology, since the name goes on resolving while it ends. */
  async terminate(): Promise<void> {
    this.#instead = 'DRAINING';
    if (this.#registered) await this.#ports.topology.remove(this.options.name, this.options.boot);
    this.#finish('stopped');
  }

  #finish(end: SimEnd): void {
    this.#over.abort();
    this.#resolveEnd(end);
  }

  async #life(): Promise<void> {
    const { role, times, dnsGate } = this.options;
    await this.#pass(times.bootMs);
    // The run is taken once: a node that was started for a run stays of that run.
    this.#run = this.#ports.properties().runId;
    if (dnsGate) {
      await this.#pass(DNS_FIRST_MS);
      while (!(await this.#resolves())) await this.#pass(DNS_POLL_MS);
      await this.#pass(times.settleMs);
    }
    await this.#heartbeat();
    this.#registered = true;
    this.#enter('REGISTERED');
    this.#beat().catch(() => undefined);
    if (role === 'synchronizer') await this.#synchronize();
  }

  async #synchronize(): Promise<void> {
    const { times } = this.options;
    if (this.#run !== '' && (await this.#ports.cache.manifestRun()) === this.#run) {
      this.#text = 'reading the cache of this run';
      await this.#pass(times.readMs);
      this.#enter('HISTORY_UPDATE', 'catching up');
      await this.#pass(times.historyMs);
      return this.#guard();
    }
    this.#enter('HISTORY_UPDATE');
    await this.#pass(times.historyMs);
    const members = await this.#waitForFarmers();
    await this.#rebuild(members);
    await this.#writeCache();
    this.#guard();
  }

  #guard(): void {
    this.#enter('GUARDIAN');
    this.#counters.last_pump_lag_ms = 0;
  }

  async #waitForFarmers(): Promise<readonly string[]> {
    const sinceMs = this.#ports.clock.nowMs();
    for (;;) {
      const properties = this.#ports.properties();
      const present = await this.#farmers();
      const decision = decideStart(properties, present, this.#ports.clock.nowMs() - sinceMs);
      this.#count(decision.members.length, properties);
      const leftOut = decision.leftOut.length === 0 ? '' : `left_out=${decision.leftOut.map((name) => name.split('.')[0]).join(',')}`;
      if (decision.start) {
        this.#enter('REBUILDING', leftOut);
        return decision.members;
      }
      const needed = decision.reason === 'below-minimum' ? properties.minFarmers : properties.expectedFarmers;
      this.#enter('WAITING_FOR_FARMERS', `${decision.members.length}/${needed}`);
      await this.#pass(this.options.times.tickMs);
    }
  }

  async #rebuild(members: readonly string[]): Promise<void> {
    const { times } = this.options;
    const { mode } = this.#ports.properties();
    const rebuild = new Rebuild({ mode, units: times.units, unitMs: times.unitMs, members });
    this.#counters.work_units_total = rebuild.units;
    while (!rebuild.isOver) {
      const properties = this.#ports.properties();
      const present = (await this.#farmers()).slice(0, properties.maxFarmers);
      this.#count(present.length, properties);
      this.#working = rebuild.working(mode === 'static' ? present.filter((name) => members.includes(name)) : present);
      this.#counters.work_units_done = rebuild.done;
      const startedMs = this.#ports.clock.nowMs();
      await this.#pass(this.options.times.tickMs);
      // As long as it really was: ticks of a fast clock are late.
      rebuild.work(this.#working, (this.#ports.clock.nowMs() - startedMs) / this.slowness);
    }
    this.#counters.work_units_done = rebuild.done;
    this.#working = [];
  }

  async #writeCache(): Promise<void> {
    const { parts, partMs, units } = this.options.times;
    this.#enter('WRITING_CACHE');
    this.#counters.cache_bytes_total = parts * PART_BYTES;
    const written: WrittenPart[] = [];
    for (let number = 0; number < parts; number += 1) {
      this.#counters.cache_bytes_written = number * PART_BYTES;
      await this.#pass(partMs * this.slowness);
      written.push(await this.#ports.cache.writePart(this.#run, number));
    }
    const writtenAt = new Date(this.#ports.clock.nowMs()).toISOString();
    await this.#ports.cache.writeManifest({
      runId: this.#run,
      dataset: '1',
      rows: units,
      writtenAt,
      objects: written.map((part) => ({ ...part })),
    });
    this.#counters.cache_bytes_written = parts * PART_BYTES;
  }

  async #farmers(): Promise<string[]> {
    return farmersOf(await this.#ports.topology.nodes(), this.#run, this.#ports.clock.nowMs());
  }

  #count(registered: number, properties: Properties): void {
    this.#counters.farmers_registered = registered;
    this.#counters.farmers_min = properties.minFarmers;
    this.#counters.farmers_expected = properties.expectedFarmers;
  }

  #enter(stage: NodeState, text = ''): void {
    this.#stage = stage;
    if (this.#instead !== 'FAILED') this.#text = text;
  }

  async #resolves(): Promise<boolean> {
    return (await this.#ports.resolve(this.options.name).catch((): readonly string[] => [])).includes(this.options.ip);
  }

  async #beat(): Promise<void> {
    for (;;) {
      await this.#wait(this.options.times.heartbeatMs);
      if (!this.hung) await this.#heartbeat().catch(() => undefined);
    }
  }

  async #heartbeat(): Promise<void> {
    const { name, ip, address, role, boot, times } = this.options;
    const { heartbeatMs } = times;
    const answer = await this.#ports.topology.register({
      name,
      ip,
      address,
      role,
      boot,
      heartbeatMs,
      run: this.#run,
      working: this.#working,
    });
    if (answer.broken !== undefined) {
      this.#instead = 'DEAD';
      this.#text = answer.broken.replaceAll(/\s+/g, '_');
      this.#finish('broken');
    }
    if (role === 'farmer' && this.#registered) this.#enter(answer.works ? 'WORKING' : 'REGISTERED');
  }

  /** Time in which the node does something; none passes while it is paused, hung or failed. */
  async #pass(forMs: number): Promise<void> {
    await this.#wait(forMs);
    while (this.#instead !== undefined || this.hung) await this.#wait(this.options.times.tickMs);
  }

  #wait(forMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = this.#over;
      if (signal.aborted) return reject(new Ended());
      const ended = (): void => {
        cancel();
        reject(new Ended());
      };
      const cancel = this.#ports.clock.after(forMs, () => {
        signal.removeEventListener('abort', ended);
        resolve();
      });
      signal.addEventListener('abort', ended, { once: true });
    });
  }
}
