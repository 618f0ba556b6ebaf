import type { Event, Json } from '#runtime/event/event.js';
import type { Ledger } from '#runtime/journal/records.js';
import { MemoryCluster } from '#runtime/log/memory-cluster.js';
import { drawEvents } from './draw-events.js';
import { FaultyLog } from './faulty-log.js';
import { JournalObserver } from './observer.js';
import { Prng } from './prng.js';
import { commandsOfPerson } from './sim-person.js';
import { SimProcess } from './sim-process.js';
import type { SimFaults, SimResult, SimWorld, Violation } from './sim-world.js';
import { drawWorld } from './sim-world.js';
import { drainMicrotasks, VirtualClock } from './virtual-clock.js';

const START_MS = Date.UTC(2030, 0, 1);
const FAULTS_FOR_MS = 900_000;
/** After the faults have ended everything must end within this. */
const FINISH_WITHIN_MS = 3 * 86_400_000;
/** Many times what the busiest honest seed writes. */
const MOST_TRACE = 5_000;
const MOST_STEPS = 60_000;

const RULES = {
  reopenWithinMs: 600_000,
  expireAfterMs: 7_200_000,
  dedupeWindowMs: 3_600_000,
  batch: 16,
  batchBytes: 65_536,
  queue: 64,
  queueBytes: 262_144,
  unfinished: 40,
} as const;

/**
 * Runs one seed of the router as one process on a log of its own: a schedule of events, crashes and faults; then calm, until nothing is left to do. Judges at
 * every step.
 */
export class ProcessSimulation {
  readonly #seed: number;
  readonly #random: Prng;
  readonly #clock: VirtualClock;
  readonly #world: SimWorld;
  readonly #violations: Violation[] = [];
  readonly #trace: string[] = [];
  readonly #acked = new Set<string>();
  readonly #log: MemoryCluster;
  readonly #forgetsLedger: boolean;
  #process: SimProcess | undefined;
  #events = 0;
  #crashes = 0;
  #commands = 0;

  constructor(seed: number, faults: SimFaults = {}) {
    this.#seed = seed;
    this.#forgetsLedger = faults.forgetLedger ?? false;
    this.#random = new Prng(seed * 2_654_435_761 + 1);
    const random = this.#random;
    this.#clock = new VirtualClock(random, START_MS);
    const jumps = random.chance(0.15);
    const trace = (line: string): void => void this.#trace.push(`${this.#clock.steadyMs} ${line}`);
    const violate = (law: string, detail: string): void => {
      this.#violations.push({ law, detail });
      trace(`VIOLATION ${law}: ${detail}`);
    };
    const log = new MemoryCluster(random.between(1, 2));
    this.#log = log;
    this.#world = drawWorld(random, this.#clock, {
      partitions: log.partitions,
      entries: (partition) => log.entries(partition),
      rules: RULES,
      timeoutMs: 2_000,
      jumps,
      shortMemoryMs: 60_000,
      faults,
      violate,
      trace,
      judge: ({ name, by }, id, times) => {
        if (by !== 'person') violate('no-double-effect', `${id} happened ${times} times at ${name}`);
      },
    });
    const observer = new JournalObserver(this.#world.table, violate);
    log.onPut = (_partition, entries) =>
      observer.see(entries.map(({ key, text }) => ({ key, value: text === undefined ? undefined : (JSON.parse(text) as Json) })));
    const { types } = this.#world;
    for (const { atMs, event } of drawEvents(random, types, START_MS, FAULTS_FOR_MS / 2)) {
      this.#events += 1;
      this.#clock.after(atMs, () => this.#send(event));
      if (random.chance(0.1)) this.#clock.after(atMs + random.int(60_000), () => this.#send(event));
    }
    if (jumps)
      for (let count = random.between(1, 3); count > 0; count -= 1) this.#clock.after(random.int(FAULTS_FOR_MS), () => this.#jump());
    this.#drawFaults();
    this.#boot();
    this.#person();
  }

  async run(): Promise<SimResult> {
    let steps = 0;
    await drainMicrotasks();
    while (this.#violations.length === 0 && (await this.#clock.step())) {
      steps += 1;
      this.#checkNow();
      if (steps > MOST_STEPS || this.#clock.steadyMs > FAULTS_FOR_MS + FINISH_WITHIN_MS) {
        this.#world.violate(
          'eventual-finish',
          `after ${steps} steps and ${this.#clock.steadyMs} ms: ${this.#process?.pipeline.unfinished() ?? '?'} runs unfinished`,
        );
      }
    }
    if (this.#violations.length === 0) this.#checkEnd();
    return {
      seed: this.#seed,
      violations: this.#violations,
      trace: this.#trace,
      events: this.#events,
      crashes: this.#crashes,
      zombies: 0,
      doubled: 0,
      listed: 0,
    };
  }

  #drawFaults(): void {
    const random = this.#random;
    const { targets } = this.#world;
    for (const target of targets) target.faultRate = random.pick([0, 0.1, 0.4]);
    for (let count = random.int(3); count > 0; count -= 1) {
      const target = random.pick(targets);
      this.#clock.after(random.int(FAULTS_FOR_MS), () => {
        target.outageUntilMs = Math.min(FAULTS_FOR_MS, this.#clock.steadyMs + random.int(400_000));
      });
    }
    this.#clock.after(FAULTS_FOR_MS, () => {
      for (const target of targets) target.faultRate = 0;
    });
    for (let count = random.int(5); count > 0; count -= 1) {
      // Somewhere, or shortly after something was sent: that is where the interesting moments are.
      const atMs = random.int(FAULTS_FOR_MS);
      this.#clock.after(atMs, () => this.#crashSoon());
    }
  }

  #crashSoon(): void {
    const calls = this.#world.called.size;
    let looks = 0;
    const look = (): void => {
      looks += 1;
      if (this.#world.called.size === calls && looks < 400 && this.#clock.steadyMs < FAULTS_FOR_MS)
        this.#clock.after(this.#random.int(2_000), look);
      else this.#clock.after(this.#random.int(60), () => this.#crash());
    };
    look();
  }

  #boot(): void {
    this.#world.trace('boot');
    this.#process = new SimProcess(this.#world, '', (clock) => {
      const log = new FaultyLog(this.#log, clock, this.#random);
      const lost = (_partition: number, error: Error): void => this.#world.violate('ownership-lost', error.stack ?? error.message);
      return { log, journal: log, lost, calls: () => undefined, crash: () => log.crash() };
    });
  }

  #crash(): void {
    if (this.#process === undefined) return;
    this.#crashes += 1;
    this.#world.trace('CRASH');
    this.#process.crash();
    this.#process = undefined;
    const log = this.#log;
    if (this.#forgetsLedger)
      for (let partition = 0; partition < log.partitions; partition += 1) log.put(partition, [{ key: 'L', text: undefined }]);
    this.#clock.after(this.#random.pick([0, 50, 5_000, 60_000]), () => this.#boot());
  }

  #jump(): void {
    const byMs = this.#random.between(-120_000, 120_000);
    this.#world.trace(`clock jumps by ${byMs} ms`);
    this.#clock.wallOffsetMs += byMs;
  }

  /** As senders do: again and again until it is acknowledged. */
  #send(event: Event): void {
    const again = this.#random.between(500, 5_000);
    let heard = false;
    this.#process?.pipeline.append([event]).then(
      () => {
        heard = true;
        this.#acked.add(event.id);
      },
      () => undefined,
    );
    this.#clock.after(again, () => {
      if (!heard) this.#send(event);
    });
  }

  #person(): void {
    const calm = this.#clock.steadyMs > FAULTS_FOR_MS;
    if (this.#process !== undefined && (calm || this.#random.chance(0.3))) {
      for (const event of commandsOfPerson(this.#world, () => `cmd${this.#commands++}`)) this.#send(event);
    }
    if (
      this.#clock.steadyMs < 4 * FAULTS_FOR_MS ||
      (this.#process?.clock.armed ?? 0) > 0 ||
      this.#process === undefined ||
      this.#process.pipeline.unfinished() > 0
    )
      this.#clock.after(90_000, () => this.#person());
  }

  #checkNow(): void {
    if (this.#trace.length > MOST_TRACE)
      this.#world.violate('nothing-polls-hot', `${this.#trace.length} lines of trace for ${this.#events} events`);
    for (const partition of this.#process?.pipeline.partitions() ?? []) {
      if (partition.conservation !== 0)
        this.#world.violate(
          'conservation',
          `${partition.conservation}: ${JSON.stringify(partition.ledger)} unfinished ${partition.unfinished}`,
        );
    }
  }

  #checkEnd(): void {
    const log = this.#log;
    const { violate } = this.#world;
    const logged = new Set<string>();
    for (let partition = 0; partition < log.partitions; partition += 1) {
      const records = log.records(partition);
      const entries = log.entries(partition);
      const ledger = JSON.parse(entries.get('L') ?? '{"next":0,"received":0,"outcomes":{}}') as Ledger;
      if (ledger.received !== records.length || ledger.next !== records.length)
        violate('nothing-lost', `${records.length} records, ledger ${JSON.stringify(ledger)}`);
      const ended = Object.values(ledger.outcomes).reduce((sum, count) => sum + count, 0);
      if (ended !== ledger.received) violate('eventual-finish', `partition ${partition}: ${ledger.received} received, ${ended} ended`);
      for (const record of records) {
        const { id } = JSON.parse(record.value.toString('utf8')) as Event;
        logged.add(id);
        if (!entries.has(`m/${id}`)) violate('one-outcome-each', `${id} has no marker`);
      }
      for (const key of entries.keys()) if (/^[aidn]\//.test(key)) violate('journal-left-over', key);
    }
    for (const id of this.#acked) if (!logged.has(id)) violate('nothing-lost', `${id} was acknowledged and is not in the log`);
    for (const partition of this.#process?.pipeline.partitions() ?? [])
      if (partition.leftovers !== 0) violate('memory-left-over', `${partition.leftovers} things remembered after the end`);
    for (const { name, gate } of this.#process?.destinations ?? []) {
      if (gate.waiting !== 0 || gate.inside !== 0)
        violate('memory-left-over', `gate ${name}: ${gate.waiting} waiting, ${gate.inside} inside`);
    }
  }
}

/** One seed, from the first event to silence. */
export function simulateProcess(seed: number, faults: SimFaults = {}): Promise<SimResult> {
  return new ProcessSimulation(seed, faults).run();
}
