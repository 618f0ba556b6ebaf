import { z } from 'zod';
import type { Event, Json } from '#runtime/event/event.js';
import type { Journal, JournalEntry } from '#runtime/journal/journal.js';
import type { History, Marker } from '#runtime/journal/records.js';
import type { CompiledRoute, CompiledStep, ListName, Scope } from '#runtime/plan.js';
import type { Action, Ongoing, Settlement } from '#runtime/workflow/action.js';
import { Gate } from '#runtime/workflow/gate.js';
import { Partition } from '#runtime/workflow/partition.js';
import type { OpenDestination, StepReport } from '#runtime/workflow/runner.js';
import { Prng } from '#test/simulation/prng.js';
import { drainMicrotasks } from '#test/simulation/virtual-clock.js';
import { FakeClock } from '#test/workflow/fake-clock.js';

const never = <T>(): Promise<T> => new Promise(() => undefined);

/** A journal whose process dies after a number of puts: nothing of it becomes durable or returns any more, so that no timer of the dead goes on. */
class DyingJournal implements Journal {
  readonly #disk: Map<string, string>;
  readonly #written: () => Promise<void>;
  #putsLeft: number;
  #isDead = false;

  constructor(disk: Map<string, string>, putsLeft: number, written: () => Promise<void>) {
    this.#disk = disk;
    this.#putsLeft = putsLeft;
    this.#written = written;
  }

  kill(): void {
    this.#isDead = true;
  }

  put(_partition: number, entries: readonly JournalEntry[]): Promise<void> {
    if (this.#putsLeft <= 0) this.kill();
    if (this.#isDead) return never();
    this.#putsLeft -= 1;
    for (const { key, value } of entries) {
      if (value === undefined) this.#disk.delete(key);
      else this.#disk.set(key, JSON.stringify(value));
    }
    return this.#written();
  }

  async get(_partition: number, key: string): Promise<Json | undefined> {
    if (this.#isDead) return never();
    const text = this.#disk.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }

  async *range(_partition: number, prefix: string): AsyncIterable<{ key: string; value: Json }> {
    if (this.#isDead) await never();
    for (const key of [...this.#disk.keys()].filter((name) => name.startsWith(prefix)).sort())
      yield { key, value: JSON.parse(this.#disk.get(key) as string) as Json };
  }

  onDamaged(): void {}
}

export type StepOptions = Partial<Omit<CompiledStep, 'id' | 'when' | 'input'>> & {
  when?: CompiledStep['when'];
  input?: CompiledStep['input'];
};

/** A step that calls `probed` with its own name and the event's id. */
export function step(id: string, options: StepOptions = {}): CompiledStep {
  return {
    id,
    use: 'probed',
    destination: 'target',
    retry: { backoffMs: 1_000, maxBackoffMs: 60_000, maxAgeMs: 3_600_000 },
    onError: 'stop',
    always: false,
    when: () => ({ ok: true, value: true }),
    input: (scope: Scope) => ({ ok: true, value: `${scope.event.id}.${id}` }),
    ...options,
  };
}

export function route(lists: Partial<Record<ListName, readonly CompiledStep[]>>, options: Partial<CompiledRoute> = {}): CompiledRoute {
  const name = options.name ?? 'r';
  return { name, type: 't', mode: 'live', critical: false, continue: false, hash: `hash-${name}`, text: name, lists, ...options };
}

/** What a call does: undefined = answers. Throws what the test wants; the effect is counted before, if `after`. */
export type Script = (input: string, signal: AbortSignal) => Promise<Json | Ongoing> | Json | Ongoing;

/** One partition on a fake clock, a journal in memory and a target that the test scripts. `restart` forgets everything but the journal. */
export class Bench {
  readonly clock = new FakeClock();
  readonly disk = new Map<string, string>();
  readonly calls: string[] = [];
  readonly probes: string[] = [];
  /** Memos with which work that is under way was looked at. */
  readonly looks: Json[] = [];
  readonly reports: StepReport[] = [];
  readonly appended: Event[] = [];
  routes: readonly CompiledRoute[];
  script: Script = (input) => `${input}!`;
  probe: (input: string) => Json | undefined = () => undefined;
  look: (memo: Json) => Json | Ongoing = (memo) => memo;
  settlements: Record<string, Settlement> = {
    probed: { by: 'probe', settleMs: 3_000 },
    same: { by: 'resend' },
    person: { by: 'person', why: 'Nothing can tell.' },
  };
  gateRules = { concurrency: 10, breakerFailures: 5, breakerCooldownMs: 30_000 };
  perSecond: number | undefined;
  /** What the budget counts by; undefined: the whole target. Asked with the input and the client. */
  budgetKey: ((input: string, client: unknown) => string) | undefined;
  digestChannel: ((input: string) => string) | undefined;
  places = 100;
  /** False: the partition may be somebody else's by now. */
  mayStart = true;
  /** Resolves when a put is acknowledged. */
  written: () => Promise<void> = async () => undefined;
  partition: Partition;
  #offset = 0;
  #journal: DyingJournal | undefined;

  constructor(...routes: CompiledRoute[]) {
    this.routes = routes;
    this.partition = this.#open(Number.POSITIVE_INFINITY);
  }

  /** A new process: `putsLeft` puts until it dies. Delivers again what was not accepted. */
  async restart(putsLeft = Number.POSITIVE_INFINITY): Promise<number> {
    this.partition = this.#open(putsLeft);
    const next = await this.partition.restore();
    await drainMicrotasks();
    return next;
  }

  event(id: string, fields: Partial<Event> = {}): Event {
    const time = new Date(this.clock.nowMs()).toISOString();
    return { specversion: '1.0', id, type: 't', source: 's', ingestsource: 's', time, recordedtime: time, partitionkey: 'k', ...fields };
  }

  async take(...events: Event[]): Promise<void> {
    void this.partition.accept(events.map((event) => ({ event, offset: this.#offset++ })));
    await drainMicrotasks();
  }

  read<T>(key: string): T | undefined {
    const text = this.disk.get(key);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  outcome(id: string): string | undefined {
    return this.read<Marker>(`m/${id}`)?.o;
  }

  /** "step:state:reason" of a finished run's first branch. */
  steps(id: string): string[] {
    return (this.read<History>(`h/${id}`)?.branches ?? []).flatMap((branch) =>
      branch.steps.map(({ id: name, state, reason }) => (reason === undefined ? `${name}:${state}` : `${name}:${state}:${reason}`)),
    );
  }

  #open(putsLeft: number): Partition {
    const { clock } = this;
    this.#journal?.kill();
    const journal = new DyingJournal(this.disk, putsLeft, () => this.written());
    this.#journal = journal;
    const target: OpenDestination = {
      name: 'target',
      kind: 'target',
      client: this,
      gate: new Gate(clock, { ...this.gateRules, ...(this.perSecond === undefined ? {} : { perSecond: this.perSecond }) }),
      timeoutMs: 10_000,
      perChannel: this.budgetKey !== undefined,
    };
    return new Partition(
      0,
      {
        clock,
        random: new Prng(1),
        journal,
        records: async function* () {},
        routes: () => ({
          hash: 'table',
          match: (event) => this.routes.filter((candidate) => candidate.type === event.type),
          explain: () => [],
          compilePinned: (text) => this.routes.find((candidate) => candidate.text === text) ?? this.routes[0] ?? route({}),
        }),
        append: async (event) => void this.appended.push(event),
        commit: () => undefined,
        lost: (error) => {
          throw error;
        },
        ended: () => undefined,
        received: () => undefined,
        action: (name) => (name in this.settlements ? this.#action(name) : undefined),
        destination: (name) =>
          name === 'target' ? target : name === 'other' ? { ...target, name, gate: new Gate(clock, this.gateRules) } : undefined,
        mayStart: () => this.mayStart,
        shutdown: new AbortController().signal,
        report: (report) => void this.reports.push(report),
      },
      { running: this.places, reopenWithinMs: 1_800_000, expireAfterMs: 43_200_000, dedupeWindowMs: 3_600_000 },
    );
  }

  #action(name: string): Action {
    return {
      name,
      kind: 'target',
      summary: 'scripted',
      delivery: 'scripted',
      input: z.json(),
      output: z.json(),
      settlement: () => this.settlements[name] ?? { by: 'resend' },
      ...(this.budgetKey === undefined ? {} : { budgetKey: (input: Json, client: unknown) => this.budgetKey?.(String(input), client) }),
      ...(this.digestChannel === undefined ? {} : { digestChannel: (input: Json) => this.digestChannel?.(String(input)) ?? '' }),
      run: async (input, { signal }) => {
        this.calls.push(String(input));
        return this.script(String(input), signal);
      },
      probe: async (input) => {
        this.probes.push(String(input));
        return this.probe(String(input));
      },
      follow: async (memo) => {
        this.looks.push(memo);
        return this.look(memo);
      },
    };
  }
}
