import type { Journal } from '#runtime/journal/journal.js';
import type { Log } from '#runtime/log/log.js';
import type { RouteTable } from '#runtime/plan.js';
import type { Action } from '#runtime/workflow/action.js';
import type { OwnerRules } from '#runtime/workflow/owner.js';
import type { Prng } from './prng.js';
import { compileTable, drawRoutes } from './sim-routes.js';
import type { TargetKind } from './target.js';
import { SimTarget } from './target.js';
import type { VirtualClock } from './virtual-clock.js';

export interface Violation {
  readonly law: string;
  readonly detail: string;
}

export interface SimResult {
  readonly seed: number;
  readonly violations: readonly Violation[];
  readonly trace: readonly string[];
  readonly events: number;
  readonly crashes: number;
  /** Processes that were stopped beyond their session and went on. */
  readonly zombies: number;
  /** Steps that happened twice at a probed target because of a zombie. */
  readonly doubled: number;
  /** Steps that the journal lists as done by two owners. */
  readonly listed: number;
}

/** What a test breaks on purpose, to see it caught. */
export interface SimFaults {
  breakLog?(log: Log): void;
  breakJournal?(journal: Journal): void;
  breakAction?(action: Action): Action;
  /** A refused put is not minded: the partition is not given up. */
  readonly keepsGoing?: boolean;
  /** Routers are stopped again and again, with calls under way: for a test that looks for something rare. */
  readonly manyZombies?: boolean;
  /** Each crash takes the ledgers along. */
  readonly forgetLedger?: boolean;
}

/** What all processes of one simulation share: the targets and the rules drawn for this seed. */
export interface SimWorld {
  readonly clock: VirtualClock;
  readonly random: Prng;
  readonly partitions: number;
  /** What the journal holds of a partition: JSON text by key. */
  entries(partition: number): ReadonlyMap<string, string>;
  readonly targets: readonly SimTarget[];
  readonly types: readonly string[];
  readonly table: RouteTable;
  readonly rules: OwnerRules;
  readonly timeoutMs: number;
  readonly settleMs: Readonly<Record<string, number>>;
  readonly budgets: Readonly<Record<string, number | undefined>>;
  readonly concurrency: number;
  readonly faults: SimFaults;
  violate(law: string, detail: string): void;
  trace(line: string): void;
  /** An id's step key, checked to be the same in every process. */
  stepKey(id: string, key: string): void;
  /** Steps that were ever called. */
  readonly called: ReadonlyMap<string, string>;
}

export interface WorldOptions {
  readonly partitions: number;
  entries(partition: number): ReadonlyMap<string, string>;
  readonly rules: Omit<OwnerRules, 'running'>;
  readonly timeoutMs: number;
  /** The wall clock will jump. */
  readonly jumps: boolean;
  /** How long a target with a short memory for keys remembers one. */
  readonly shortMemoryMs: number;
  readonly faults: SimFaults;
  violate(law: string, detail: string): void;
  trace(line: string): void;
  /** Told of every effect of a step beyond its first. */
  judge(kind: TargetKind, id: string, times: number): void;
}

export function drawWorld(random: Prng, clock: VirtualClock, options: WorldOptions): SimWorld {
  const { jumps, shortMemoryMs, violate, trace, judge } = options;
  // With a clock that jumps nobody can know how long ago a call was: targets are then immediate.
  const kinds: TargetKind[] = [
    { name: 'probed', by: 'probe', lagMs: 0, keepForMs: 0, slowestMs: jumps ? 0 : 1_900 },
    { name: 'lagging', by: 'probe', lagMs: jumps ? 0 : 20_000, keepForMs: 0, slowestMs: jumps ? 0 : 2_500 },
    {
      name: 'idempotent',
      by: 'resend',
      lagMs: 0,
      keepForMs: jumps || random.chance(0.5) ? Number.POSITIVE_INFINITY : shortMemoryMs,
      slowestMs: jumps ? 0 : 10_000,
    },
    {
      name: 'followed',
      by: 'resend',
      lagMs: 0,
      keepForMs: jumps || random.chance(0.3) ? Number.POSITIVE_INFINITY : shortMemoryMs,
      slowestMs: jumps ? 0 : 10_000,
      worksMs: random.pick([0, 15_000, 300_000]),
    },
    { name: 'personal', by: 'person', lagMs: 0, keepForMs: 0, slowestMs: 2_500 },
  ];
  const types = ['t0', 't1', 't2'].slice(0, random.between(1, 3));
  const called = new Map<string, string>();
  return {
    clock,
    random,
    partitions: options.partitions,
    entries: (partition) => options.entries(partition),
    targets: kinds.map((kind) => new SimTarget(kind, clock, random, (id, times) => judge(kind, id, times), trace)),
    types,
    table: compileTable(drawRoutes(random, types)),
    settleMs: { probed: 3_000, lagging: 25_000 },
    budgets: { probed: random.chance(0.3) ? 1 : undefined, lagging: random.chance(0.2) ? 0.2 : undefined },
    concurrency: random.between(1, 4),
    rules: { running: random.between(1, 5), ...options.rules },
    timeoutMs: options.timeoutMs,
    faults: options.faults,
    violate,
    trace,
    stepKey(id, key) {
      if ((called.get(id) ?? key) !== key) violate('one-key-a-step', id);
      called.set(id, key);
    },
    called,
  };
}
