import type { Event } from '#runtime/event/event.js';
import type { Ledger } from '#runtime/journal/records.js';
import { drawEvents } from './draw-events.js';
import { JournalObserver } from './observer.js';
import { Prng } from './prng.js';
import { SimBrokers } from './sim-brokers.js';
import { SimJournal } from './sim-journal.js';
import { commandsOfPerson } from './sim-person.js';
import { SimProcess } from './sim-process.js';
import type { SendFaults } from './sim-producer.js';
import { openSimRouter } from './sim-router.js';
import type { SimFaults, SimResult, SimWorld, Violation } from './sim-world.js';
import { drawWorld } from './sim-world.js';
import type { ProcessClock } from './virtual-clock.js';
import { drainMicrotasks, VirtualClock } from './virtual-clock.js';

const START_MS = Date.UTC(2030, 0, 1);
const FAULTS_FOR_MS = 300_000;
/** After the faults have ended everything must end within this. */
const FINISH_WITHIN_MS = 86_400_000;
/** Many times what the busiest honest seed needs. */
const MOST_TRACE = 10_000;
const MOST_STEPS = 200_000;
const LOOK_EVERY_MS = 40_000;

const RULES = {
  reopenWithinMs: 200_000,
  expireAfterMs: 500_000,
  dedupeWindowMs: 400_000,
  batch: 16,
  batchBytes: 65_536,
  queue: 64,
  queueBytes: 262_144,
  unfinished: 40,
} as const;
/** Longer than any process is stopped: beyond it nobody can promise that a call which was under way is recognised. */
const SHORT_MEMORY_MS = 600_000;
const LONGEST_STOP_MS = 150_000;
const LONG_TIMEOUT_MS = 200_000;

interface Router {
  readonly name: string;
  readonly process: SimProcess;
  close(): Promise<void>;
  isClosing: boolean;
}

/**
 * Runs one seed of several routers on the Kafka room: its real membership, take-over, fetcher, flusher and journal, on simulated brokers. Routers crash, leave,
 * are stopped beyond their session and go on; the group is rebalanced; brokers go down, sends and acknowledgements are lost or come late. Then calm, until
 * nothing is left to do. Judges at every step.
 */
class ClusterSimulation {
  readonly #seed: number;
  readonly #random: Prng;
  readonly #clock: VirtualClock;
  readonly #world: SimWorld;
  readonly #brokers: SimBrokers;
  readonly #journals: readonly SimJournal[];
  readonly #sendFaults: SendFaults;
  readonly #sessionTimeoutMs: number;
  readonly #violations: Violation[] = [];
  readonly #trace: string[] = [];
  readonly #acked = new Set<string>();
  readonly #routers: (Router | undefined)[];
  /** Steps whose call was under way when their process was stopped. */
  readonly #stopped = new Set<string>();
  readonly #doubled = new Set<string>();
  /** Routers that are stopped when they next call something: before it is sent, if it so happens. */
  readonly #stopAtCall = new Set<number>();
  #unheard = 0;
  #events = 0;
  #crashes = 0;
  #zombies = 0;
  #commands = 0;
  #boots = 0;
  #isOver = false;

  constructor(seed: number, faults: SimFaults = {}) {
    this.#seed = seed;
    this.#random = new Prng(seed * 2_246_822_519 + 7);
    const random = this.#random;
    this.#clock = new VirtualClock(random, START_MS);
    const trace = (line: string): void => void this.#trace.push(`${this.#clock.steadyMs} ${line}`);
    const violate = (law: string, detail: string): void => {
      this.#violations.push({ law, detail });
      trace(`VIOLATION ${law}: ${detail}`);
    };
    this.#sessionTimeoutMs = random.pick([30_000, 60_000, 120_000]);
    this.#sendFaults = { rate: random.pick([0, 0.003, 0.02]) };
    this.#brokers = new SimBrokers(random.between(2, 4), this.#clock, random);
    this.#brokers.lossRate = random.pick([0, 0.002, 0.02]);
    this.#world = drawWorld(random, this.#clock, {
      partitions: this.#brokers.partitions,
      entries: (partition) => this.#journalOf(partition).entries,
      rules: RULES,
      // Longer than a stop: then a zombie hears the answer of the call that it had under way.
      timeoutMs: faults.manyZombies === true ? LONG_TIMEOUT_MS : random.pick([2_000, 2_000, LONG_TIMEOUT_MS]),
      jumps: false,
      shortMemoryMs: SHORT_MEMORY_MS,
      faults,
      violate,
      trace,
      judge: ({ name, by }, id, times) => {
        if (by === 'person') return;
        if (by === 'probe' && this.#stopped.has(id)) return void this.#doubled.add(id);
        violate('no-double-effect', `${id} happened ${times} times at ${name}`);
      },
    });
    this.#journals = Array.from(
      { length: this.#brokers.partitions },
      () => new SimJournal(new JournalObserver(this.#world.table, violate), violate),
    );
    this.#brokers.onAppend = (topic, partition, message, by) => {
      if (topic !== 'sim.journal') return;
      const kind = this.#journalOf(partition).append(message, by);
      if (kind !== 'put') trace(`${this.#nameOf(by)} ${kind} of partition ${partition}`);
    };
    this.#brokers.onRead = (topic, partition, offset, by) => {
      if (topic === 'sim.journal') this.#journalOf(partition).read(offset, by, this.#clock.nowMs());
    };
    this.#routers = Array.from({ length: random.between(2, 3) }, () => undefined);
    for (const { atMs, event } of drawEvents(random, this.#world.types, START_MS, FAULTS_FOR_MS / 2)) {
      this.#events += 1;
      this.#clock.after(atMs, () => this.#send(event));
      if (random.chance(0.1)) this.#clock.after(atMs + random.int(60_000), () => this.#send(event));
    }
    this.#drawFaults();
    for (const slot of this.#routers.keys()) this.#clock.after(random.int(3_000), () => this.#boot(slot));
    this.#look();
  }

  async run(): Promise<SimResult> {
    let steps = 0;
    await drainMicrotasks();
    while (this.#violations.length === 0 && !this.#isOver && (await this.#clock.step())) {
      steps += 1;
      this.#checkNow();
      if (steps > MOST_STEPS || this.#clock.steadyMs > FAULTS_FOR_MS + FINISH_WITHIN_MS)
        this.#world.violate(
          'eventual-finish',
          `after ${steps} steps and ${this.#clock.steadyMs} ms: ${this.#openQuestion() ?? 'nothing left'}`,
        );
    }
    if (this.#violations.length === 0) this.#checkEnd();
    return {
      seed: this.#seed,
      violations: this.#violations,
      trace: this.#trace,
      events: this.#events,
      crashes: this.#crashes,
      zombies: this.#zombies,
      doubled: this.#doubled.size,
      listed: this.#journals.reduce((sum, journal) => sum + journal.doubles().length, 0),
    };
  }

  #drawFaults(): void {
    const random = this.#random;
    const { targets } = this.#world;
    const times = (most: number, fault: () => void): void => {
      for (let count = random.int(most + 1); count > 0; count -= 1) this.#clock.after(random.int(FAULTS_FOR_MS), fault);
    };
    for (const target of targets) target.faultRate = random.pick([0, 0.1, 0.3]);
    times(2, () => {
      random.pick(targets).outageUntilMs = Math.min(FAULTS_FOR_MS, this.#clock.steadyMs + random.int(200_000));
    });
    times(2, () => this.#soon((slot) => this.#crash(slot)));
    times(2, () => this.#soon((slot) => this.#stop(slot)));
    times(2, () => void this.#stopAtCall.add(random.int(this.#routers.length)));
    if (this.#world.faults.manyZombies === true) for (const slot of this.#routers.keys()) this.#stopAtCall.add(slot);
    times(2, () => this.#soon((slot) => this.#leave(slot)));
    times(2, () => this.#soon(() => this.#rebalance()));
    times(2, () => this.#soon(() => this.#brokers.down(random.int(2), random.pick([500, 8_000, 30_000, 70_000]))));
    times(1, () => this.#soon(() => this.#brokers.allDown(random.pick([2_000, 25_000, 60_000]))));
    this.#clock.after(FAULTS_FOR_MS, () => {
      for (const target of targets) target.faultRate = 0;
      this.#sendFaults.rate = 0;
      this.#brokers.lossRate = 0;
    });
  }

  /** Shortly after something was called: that is where the interesting moments are. */
  #soon(fault: (slot: number) => void): void {
    const slot = this.#random.int(this.#routers.length);
    let looks = 0;
    const look = (): void => {
      looks += 1;
      const isCalling = (this.#routers[slot]?.process.underWay().length ?? 0) > 0;
      if (isCalling || looks > 200 || this.#clock.steadyMs > FAULTS_FOR_MS) this.#clock.after(this.#random.int(30), () => fault(slot));
      else this.#clock.after(this.#random.int(500), look);
    };
    look();
  }

  #boot(slot: number): void {
    const name = `r${this.#boots++} `;
    this.#world.trace(`${name}boots`);
    let close = async (): Promise<void> => undefined;
    const process = new SimProcess(this.#world, name, (clock) => {
      const router = openSimRouter(
        {
          world: this.#world,
          brokers: this.#brokers,
          random: this.#random,
          sendFaults: this.#sendFaults,
          sessionTimeoutMs: this.#sessionTimeoutMs,
          calls: (caller, { id, key }) => {
            if (this.#stopAtCall.delete(slot)) this.#clock.after(0, () => this.#stop(slot));
            const partition = this.#partitionOf(key);
            const { owner } = this.#journalOf(partition);
            if (owner === caller) return;
            const other = owner === undefined ? 'nobody' : this.#nameOf(owner);
            this.#world.violate('no-call-without-partition', `${name}calls ${id}, partition ${partition} was taken over by ${other}`);
          },
        },
        name,
        clock,
      );
      close = () => router.opened.close();
      return router.log;
    });
    this.#routers[slot] = { name, process, close, isClosing: false };
  }

  #crash(slot: number): void {
    const router = this.#routers[slot];
    if (router === undefined) return;
    this.#crashes += 1;
    this.#world.trace(`${router.name}CRASHES`);
    router.process.crash();
    this.#gone(slot, router);
  }

  #gone(slot: number, router: Router): void {
    if (this.#routers[slot] !== router) return;
    this.#routers[slot] = undefined;
    this.#clock.after(this.#random.pick([50, 5_000, 60_000]), () => this.#boot(slot));
  }

  /** SIGSTOP, for less or for longer than its session lasts; then it goes on where it was. */
  #stop(slot: number): void {
    const router = this.#routers[slot];
    if (router === undefined || router.process.clock.isStopped) return;
    const forMs = this.#random.chance(0.3)
      ? this.#random.int(this.#sessionTimeoutMs)
      : this.#random.between(this.#sessionTimeoutMs, LONGEST_STOP_MS);
    const steps = router.process.underWay();
    if (forMs >= this.#sessionTimeoutMs) this.#zombies += 1;
    this.#world.trace(`${router.name}is STOPPED for ${forMs} ms with ${steps.join(', ') || 'nothing'} under way`);
    for (const step of steps) this.#stopped.add(step);
    router.process.clock.stop();
    // What was under way is over by then, and nobody else can do it before the router tells.
    if (this.#random.chance(0.3))
      for (const target of this.#world.targets) target.outageUntilMs = this.#clock.steadyMs + forMs + this.#random.int(60_000);
    // Others come and go meanwhile: it is out before its session is over.
    if (this.#random.chance(0.4)) this.#clock.after(this.#random.int(forMs), () => this.#rebalance());
    this.#clock.after(forMs, () => {
      this.#world.trace(`${router.name}goes on`);
      router.process.clock.goOn();
      if (this.#world.faults.manyZombies === true && this.#clock.steadyMs < FAULTS_FOR_MS) this.#stopAtCall.add(slot);
    });
  }

  /** SIGTERM; whoever is not gone after a while is killed. */
  #leave(slot: number): void {
    const router = this.#routers[slot];
    if (router === undefined || router.isClosing || router.process.clock.isStopped) return;
    this.#world.trace(`${router.name}leaves`);
    router.isClosing = true;
    const gone = (): void => {
      router.process.clock.dead = true;
      this.#gone(slot, router);
    };
    router.close().then(gone, (error: Error) => this.#world.violate('close', error.stack ?? error.message));
    this.#clock.after(120_000, gone);
  }

  #rebalance(): void {
    this.#world.trace('the group is rebalanced');
    this.#brokers.group.rebalance();
  }

  /** As senders do: again and again until it is acknowledged, by any router. */
  #send(event: Event): void {
    const again = this.#random.between(500, 8_000);
    let heard = false;
    const router = this.#routers[this.#random.int(this.#routers.length)];
    router?.process.clock.hear(this.#random.int(3), () => {
      router.process.pipeline.append([event]).then(
        () => {
          heard = true;
          this.#acked.add(event.id);
        },
        () => undefined,
      );
    });
    this.#unheard += 1;
    this.#clock.after(again, () => {
      this.#unheard -= 1;
      if (!heard) this.#send(event);
    });
  }

  /** A person looks now and then; when nothing is left to do, it is over. */
  #look(): void {
    const calm = this.#clock.steadyMs > FAULTS_FOR_MS;
    if (calm || this.#random.chance(0.3))
      for (const event of commandsOfPerson(this.#world, () => `cmd${this.#commands++}`)) this.#send(event);
    if (calm && this.#clock.steadyMs > 2 * FAULTS_FOR_MS && this.#openQuestion() === undefined) {
      this.#isOver = true;
      return;
    }
    this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** What is not over yet. */
  #openQuestion(): string | undefined {
    if (this.#unheard > 0) return `${this.#unheard} sends are not acknowledged`;
    for (const [slot, router] of this.#routers.entries()) {
      if (router === undefined || router.isClosing || router.process.clock.isStopped) return `router ${slot} is not there`;
      const { pipeline, log } = router.process;
      for (const partition of pipeline.partitions()) {
        if (partition.leftovers > 0)
          return `${partition.leftovers} things of partition ${partition.id} remembered, ${partition.unfinished} unfinished`;
        const end = this.#brokers.messages('sim.events', partition.id).length;
        if (partition.ledger.next < end) return `partition ${partition.id} is at ${partition.ledger.next} of ${end}`;
        if (!log.mayStart(partition.id)) return `partition ${partition.id} may not start`;
      }
    }
    const owned = this.#routers.flatMap((router) => router?.process.pipeline.partitions().map(({ id }) => id) ?? []);
    if (new Set(owned).size < this.#brokers.partitions || owned.length > this.#brokers.partitions)
      return `partitions ${owned.join(', ')} are owned`;
    return undefined;
  }

  #checkNow(): void {
    if (this.#trace.length > MOST_TRACE)
      this.#world.violate('nothing-polls-hot', `${this.#trace.length} lines of trace for ${this.#events} events`);
    for (const router of this.#routers)
      for (const { id, conservation, ledger, unfinished } of router?.process.pipeline.partitions() ?? [])
        if (conservation !== 0)
          this.#world.violate('conservation', `partition ${id}: ${conservation}: ${JSON.stringify(ledger)} unfinished ${unfinished}`);
  }

  #checkEnd(): void {
    const { violate } = this.#world;
    const logged = new Set<string>();
    for (const [partition, journal] of this.#journals.entries()) {
      const records = this.#brokers.messages('sim.events', partition);
      const { entries, facts } = journal;
      const ledger = JSON.parse(entries.get('L') ?? '{"next":0,"received":0,"outcomes":{}}') as Ledger;
      if (ledger.received !== records.length || ledger.next !== records.length)
        violate('nothing-lost', `${records.length} records, ledger ${JSON.stringify(ledger)}`);
      const ended = Object.values(ledger.outcomes).reduce((sum, count) => sum + count, 0);
      if (ended !== ledger.received) violate('eventual-finish', `partition ${partition}: ${ledger.received} received, ${ended} ended`);
      for (const { value } of records) {
        const { id } = JSON.parse(value.toString('utf8')) as Event;
        logged.add(id);
        if (facts.get(`m/${id}`) === undefined) violate('one-outcome-each', `${id} has no marker`);
      }
      for (const key of entries.keys()) if (/^[aidn]\//.test(key)) violate('journal-left-over', key);
      const listed = new Set(journal.doubles().map(({ key }) => key));
      for (const { key, outs } of journal.written())
        if (!listed.has(key)) violate('doubled-is-listed', `${key} has the outputs ${outs.join(' and ')}, and is not listed`);
    }
    for (const id of this.#acked) if (!logged.has(id)) violate('nothing-lost', `${id} was acknowledged and is not in the log`);
    for (const router of this.#routers)
      for (const { name, gate } of router?.process.destinations ?? [])
        if (gate.waiting !== 0 || gate.inside !== 0)
          violate('memory-left-over', `gate ${name}: ${gate.waiting} waiting, ${gate.inside} inside`);
  }

  #nameOf(clock: ProcessClock): string {
    return this.#routers.find((router) => router?.process.clock === clock)?.name ?? 'nobody that lives';
  }

  #partitionOf(key: string): number {
    return this.#routers.find((router) => router !== undefined)?.process.log.partitionOf(key) ?? 0;
  }

  #journalOf(partition: number): SimJournal {
    const journal = this.#journals[partition];
    if (journal === undefined) throw new RangeError(`partition ${partition}`);
    return journal;
  }
}

/** One seed, from the first event to silence. */
export function simulateCluster(seed: number, faults: SimFaults = {}): Promise<SimResult> {
  return new ClusterSimulation(seed, faults).run();
}
