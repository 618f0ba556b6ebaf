import type { Event } from '#runtime/event/event.js';
import type { Journal } from '#runtime/journal/journal.js';
import type { MemoryCluster } from '#runtime/log/memory-cluster.js';
import { Pipeline } from '#runtime/pipeline.js';
import type { RouteTable } from '#runtime/plan.js';
import type { Action } from '#runtime/workflow/action.js';
import { FaultyLog } from './faulty-log.js';
import type { Prng } from './prng.js';
import type { CallWatch } from './sim-actions.js';
import { simAction, simDestination } from './sim-actions.js';
import type { SimInput } from './sim-routes.js';
import type { SimTarget } from './target.js';
import type { VirtualClock } from './virtual-clock.js';
import { ProcessClock } from './virtual-clock.js';

/** What all processes of one simulation share: log and journal, the targets and the rules drawn for this seed. */
export interface SimWorld {
  readonly clock: VirtualClock;
  readonly random: Prng;
  readonly log: MemoryCluster;
  readonly targets: readonly SimTarget[];
  readonly table: RouteTable;
  readonly settleMs: Readonly<Record<string, number>>;
  readonly budgets: Readonly<Record<string, number | undefined>>;
  readonly concurrency: number;
  readonly places: number;
  /** Wraps what a test wants broken. */
  readonly breakJournal: ((journal: Journal) => void) | undefined;
  readonly breakAction: ((action: Action) => Action) | undefined;
  violate(law: string, detail: string): void;
  trace(line: string): void;
  /** An id's step key, checked to be the same in every process. */
  stepKey(id: string, key: string): void;
}

export const RULES = {
  reopenWithinMs: 600_000,
  expireAfterMs: 7_200_000,
  dedupeWindowMs: 3_600_000,
  batch: 16,
  batchBytes: 65_536,
  queue: 64,
  queueBytes: 262_144,
  unfinished: 40,
} as const;

/** One life of the router, from boot to crash. All it knows is in log and journal. */
export class SimProcess {
  readonly clock: ProcessClock;
  readonly pipeline: Pipeline;
  readonly destinations: ReturnType<typeof simDestination>[];
  readonly #log: FaultyLog;

  constructor(world: SimWorld) {
    this.clock = new ProcessClock(world.clock);
    this.#log = new FaultyLog(world.log, this.clock, world.random);
    world.breakJournal?.(this.#log);
    const watch = callWatch(world);
    const actions = new Map<string, Action>();
    for (const target of world.targets) {
      const action = simAction(target, this.clock, world.settleMs[target.kind.name] ?? 0, watch);
      actions.set(target.kind.name, world.breakAction?.(action) ?? action);
    }
    this.destinations = world.targets.map((target) =>
      simDestination(target, this.clock, world.budgets[target.kind.name], world.concurrency),
    );
    const lost = (error: Error): void => world.violate('ownership-lost', error.stack ?? error.message);
    this.pipeline = new Pipeline(
      {
        clock: this.clock,
        random: world.random,
        log: this.#log,
        journal: this.#log,
        decode: async (_source, payload) => JSON.parse(payload.body.toString('utf8')) as Event[],
        unreadable: (_partition, detail) => world.violate('unreadable', String(detail)),
        routes: () => world.table,
        action: (name) => actions.get(name),
        destination: (name) => this.destinations.find((destination) => destination.name === name),
        mayStart: () => true,
        shutdown: new AbortController().signal,
        report: (step) => world.trace(`${step.eventId} ${step.step} ${step.result} ${step.reason ?? ''}`),
        lost: (_partition, error) => lost(error),
        ended: ({ eventId, outcome, reason }) => world.trace(`${eventId} ended ${outcome} ${reason}`),
        received: (event) => world.trace(`${event.id} received`),
      },
      { running: world.places, ...RULES },
    );
    this.pipeline.start().catch(lost);
  }

  crash(): void {
    this.clock.dead = true;
    this.#log.crash();
  }
}

/** No two runs of one key call at the same time. */
function callWatch(world: SimWorld): CallWatch {
  const calling = new Map<string, SimInput[]>();
  return {
    begins(input, key) {
      world.stepKey(input.id, key);
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
  };
}
