import type { Json } from '#runtime/event/event.js';
import { ActionError } from '#runtime/workflow/action.js';
import type { Prng } from './prng.js';
import type { SimInput } from './sim-routes.js';
import type { ProcessClock, VirtualClock } from './virtual-clock.js';

export interface TargetKind {
  readonly name: string;
  readonly by: 'probe' | 'resend' | 'person';
  /** How long after an effect a probe may still miss it. */
  readonly lagMs: number;
  /** How long a key given with a call is remembered. */
  readonly keepForMs: number;
  /** An effect comes at most this long after its call. */
  readonly slowestMs: number;
  /** How long it works on what it was given, answering at once; 0: it answers when it is done. */
  readonly worksMs?: number;
}

interface Effect {
  readonly atMs: number;
  readonly output: Json;
}

/** What happened to one call, drawn from the seed. */
const FAULTS = [
  'refused',
  'rejected',
  'rate-limited',
  'hangs-before',
  'hangs-after',
  'answer-lost',
  'error-before',
  'error-after',
  'slow',
] as const;

/** Another team's system: it outlives our crashes, remembers what was done to it, and counts. */
export class SimTarget {
  readonly kind: TargetKind;
  readonly #world: VirtualClock;
  readonly #random: Prng;
  readonly #effects = new Map<string, Effect[]>();
  readonly #byKey = new Map<string, Effect>();
  readonly #judge: (id: string, times: number) => void;
  readonly #trace: (line: string) => void;
  /** In [0, 1]: how often a call goes wrong. */
  faultRate = 0;
  /** Steady time until which every call is refused. */
  outageUntilMs = 0;

  /** `judge` is told of every effect of a step beyond its first. */
  constructor(
    kind: TargetKind,
    world: VirtualClock,
    random: Prng,
    judge: (id: string, times: number) => void,
    trace: (line: string) => void,
  ) {
    this.kind = kind;
    this.#world = world;
    this.#random = random;
    this.#judge = judge;
    this.#trace = trace;
  }

  /** What a person who looks sees, without lag. */
  effectOf(id: string): Effect | undefined {
    return this.#effects.get(id)?.[0];
  }

  /**
   * One call. The process connects first: while it is stopped nothing is sent, and nothing after the call was given up. A process that dies once it has sent
   * hears no answer; the effect happens all the same.
   */
  async call(input: SimInput, key: string, caller: ProcessClock, signal: AbortSignal): Promise<Json> {
    await new Promise<void>((resolve) => caller.hear(this.#random.int(4), resolve));
    if (signal.aborted) throw new ActionError('known', 'not-sent', 'simulated: given up before it was sent');
    const fault = this.#fault();
    this.#trace(`${this.kind.name} call ${input.id} ${fault ?? 'fine'}`);
    return new Promise((resolve, reject) => {
      const answerMs = this.#random.int(80);
      const fail = (outcome: 'known' | 'unknown', options: ConstructorParameters<typeof ActionError>[3] = {}): void =>
        caller.hear(answerMs, () => reject(new ActionError(outcome, String(fault), `simulated ${fault}`, options)));
      switch (fault) {
        case 'refused':
          return fail('known');
        case 'rejected':
          return fail('known', { retryable: false, status: 400 });
        case 'rate-limited':
          return fail('known', { status: 429, retryAfterMs: this.#random.between(100, 20_000) });
        case 'error-before':
          return fail('unknown', { status: 500 });
        case 'hangs-before':
          return;
        default:
      }
      const effectMs = fault === 'slow' ? this.#random.int(this.kind.slowestMs + 1) : Math.min(this.kind.slowestMs, this.#random.int(40));
      this.#world.after(effectMs, () => {
        const output = this.#happen(input, key);
        if (fault === 'hangs-after') return;
        if (fault === 'answer-lost') return fail('unknown');
        if (fault === 'error-after') return fail('unknown', { status: 502 });
        caller.hear(answerMs, () => resolve(output));
      });
    });
  }

  probe(input: SimInput, caller: ProcessClock): Promise<Json | undefined> {
    const fault = this.#fault();
    const seenMs = this.#world.steadyMs - this.kind.lagMs;
    const effect = this.#effects.get(input.id)?.find((candidate) => candidate.atMs <= seenMs);
    this.#trace(`${this.kind.name} probe ${input.id} ${fault ?? (effect === undefined ? 'absent' : 'there')}`);
    return new Promise((resolve, reject) => {
      if (fault === 'hangs-before' || fault === 'hangs-after') return;
      caller.hear(this.#random.int(50), () => {
        if (fault === undefined || fault === 'slow') resolve(effect?.output);
        else
          reject(
            new ActionError(
              'known',
              fault,
              `simulated ${fault}`,
              fault === 'rate-limited' ? { status: 429, retryAfterMs: 5_000 } : { retryable: fault !== 'rejected' },
            ),
          );
      });
    });
  }

  /** How work stands: undefined while it is under way. A tenth of it ends badly. */
  look(id: string, caller: ProcessClock): Promise<Json | undefined> {
    const fault = this.#fault();
    const effect = this.#effects.get(id)?.[0];
    const isOver = effect !== undefined && this.#world.steadyMs - effect.atMs >= (this.kind.worksMs ?? 0);
    const isBad = effect !== undefined && effect.atMs % 10 < 1;
    this.#trace(`${this.kind.name} look ${id} ${fault ?? (isOver ? 'over' : 'under way')}`);
    return new Promise((resolve, reject) => {
      if (fault === 'hangs-before' || fault === 'hangs-after') return;
      caller.hear(this.#random.int(50), () => {
        if (fault !== undefined && fault !== 'slow') reject(new ActionError('known', fault, `simulated ${fault}`));
        else if (isOver && isBad) reject(new ActionError('known', 'task-failed', 'simulated end', { retryable: false }));
        else resolve(isOver ? effect.output : undefined);
      });
    });
  }

  #fault(): (typeof FAULTS)[number] | undefined {
    if (this.#world.steadyMs < this.outageUntilMs) return this.#random.chance(0.6) ? 'refused' : 'hangs-before';
    return this.#random.chance(this.faultRate) ? this.#random.pick(FAULTS) : undefined;
  }

  #happen(input: SimInput, key: string): Json {
    const nowMs = this.#world.steadyMs;
    if (this.kind.by === 'resend') {
      const earlier = this.#byKey.get(key);
      if (earlier !== undefined && nowMs - earlier.atMs <= this.kind.keepForMs) return earlier.output;
    }
    const list = this.#effects.get(input.id) ?? [];
    this.#effects.set(input.id, list);
    const effect: Effect = { atMs: nowMs, output: { made: `${input.id}#${list.length}` } };
    list.push(effect);
    this.#byKey.set(key, effect);
    this.#trace(`${this.kind.name} EFFECT ${input.id}`);
    if (list.length > 1) this.#judge(input.id, list.length);
    return effect.output;
  }
}
