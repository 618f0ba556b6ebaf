import type { Event } from '#runtime/event/event.js';
import type { Journal } from '#runtime/journal/journal.js';
import type { Log } from '#runtime/log/log.js';
import { Pipeline } from '#runtime/pipeline.js';
import type { Action } from '#runtime/workflow/action.js';
import type { CallWatch } from './sim-actions.js';
import { simAction, simDestination } from './sim-actions.js';
import type { SimInput } from './sim-routes.js';
import type { SimWorld } from './sim-world.js';
import { ProcessClock } from './virtual-clock.js';

/** Log and journal as one process has them. */
export interface SimLog {
  readonly log: Log;
  readonly journal: Journal;
  /** A put was refused. */
  lost(partition: number, error: Error): void;
  /** A call begins. */
  calls(input: SimInput): void;
  crash(): void;
}

/** One life of the router, from boot to crash or stop. All it knows is in log and journal. */
export class SimProcess {
  readonly clock: ProcessClock;
  readonly log: Log;
  readonly pipeline: Pipeline;
  readonly destinations: ReturnType<typeof simDestination>[];
  /** Steps whose calls are under way. */
  readonly underWay: () => readonly string[];
  readonly #log: SimLog;

  /** `name` begins its lines in the trace. */
  constructor(world: SimWorld, name: string, open: (clock: ProcessClock) => SimLog) {
    this.clock = new ProcessClock(world.clock);
    this.#log = open(this.clock);
    const { log, journal } = this.#log;
    this.log = log;
    const { faults } = world;
    faults.breakJournal?.(journal);
    faults.breakLog?.(log);
    const watch = callWatch(world, (input) => this.#log.calls(input));
    this.underWay = watch.underWay;
    const actions = new Map<string, Action>();
    for (const target of world.targets) {
      const action = simAction(target, this.clock, world.settleMs[target.kind.name] ?? 0, watch);
      actions.set(target.kind.name, faults.breakAction?.(action) ?? action);
    }
    this.destinations = world.targets.map((target) =>
      simDestination(target, this.clock, world.budgets[target.kind.name], world.concurrency, world.timeoutMs),
    );
    const trace = (line: string): void => world.trace(`${name}${line}`);
    this.pipeline = new Pipeline(
      {
        clock: this.clock,
        random: world.random,
        log,
        journal,
        decode: async (_source, payload) => JSON.parse(payload.body.toString('utf8')) as Event[],
        unreadable: (_partition, detail) => world.violate('unreadable', String(detail)),
        routes: () => world.table,
        action: (action) => actions.get(action),
        destination: (wanted) => this.destinations.find((destination) => destination.name === wanted),
        mayStart: () => true,
        shutdown: new AbortController().signal,
        report: (step) => trace(`${step.eventId} ${step.step} ${step.result} ${step.reason ?? ''}`),
        lost: (partition, error) => {
          trace(`partition ${partition} is lost: ${error.message}`);
          if (faults.keepsGoing !== true) this.#log.lost(partition, error);
        },
        ended: ({ eventId, outcome, reason }) => trace(`${eventId} ended ${outcome} ${reason}`),
        received: (event) => trace(`${event.id} received`),
      },
      world.rules,
    );
    this.pipeline.start().catch((error: Error) => world.violate('start', error.stack ?? error.message));
  }

  crash(): void {
    this.clock.dead = true;
    this.#log.crash();
  }
}

/** No two runs of one key call at the same time. */
function callWatch(world: SimWorld, begins: (input: SimInput) => void): CallWatch {
  const calling = new Map<string, SimInput[]>();
  return {
    begins(input, key) {
      world.stepKey(input.id, key);
      begins(input);
      const others = calling.get(input.key) ?? [];
      const other = others.find((candidate) => candidate.event !== input.event);
      if (other !== undefined) world.violate('one-run-a-key', `${input.id} is called while ${other.id} is`);
      calling.set(input.key, [...others, input]);
    },
    ends(input) {
      calling.set(
        input.key,
        (calling.get(input.key) ?? []).filter((candidate) => candidate !== input),
      );
    },
    underWay: () => [...calling.values()].flat().map(({ id }) => id),
  };
}
