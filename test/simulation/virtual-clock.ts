import type { Clock } from '#runtime/clock.js';
import type { Prng } from './prng.js';

export interface Timer {
  atMs: number;
  /** Random: timers of one instant fire in a seeded order. */
  tie: number;
  readonly fire: () => void;
  readonly owner: ProcessClock | undefined;
  cancelled: boolean;
}

/**
 * Virtual time: nothing passes until `step` is called. Delays are measured on a steady time line (`steadyMs`); the wall clock of `nowMs` may be made to
 * jump, as real ones do. Between two timers all microtasks run, so that each timer meets a settled program.
 */
export class VirtualClock implements Clock {
  readonly #random: Prng;
  readonly #heap: Timer[] = [];
  steadyMs = 0;
  wallOffsetMs: number;
  /** Timers that are armed. */
  armed = 0;

  constructor(random: Prng, startMs: number) {
    this.#random = random;
    this.wallOffsetMs = startMs;
  }

  nowMs(): number {
    return this.steadyMs + this.wallOffsetMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.schedule(delayMs, fire, undefined);
  }

  schedule(delayMs: number, fire: () => void, owner: ProcessClock | undefined): () => void {
    const timer: Timer = { atMs: this.steadyMs + Math.max(0, delayMs), tie: this.#random.fraction(), fire, owner, cancelled: false };
    this.#push(timer);
    this.armed += 1;
    if (owner !== undefined) owner.armed += 1;
    return () => this.#drop(timer);
  }

  /** Fires the next timer and lets everything it set off run. False: no timer is armed. */
  async step(): Promise<boolean> {
    for (let timer = this.#pop(); timer !== undefined; timer = this.#pop()) {
      if (timer.cancelled) continue;
      if (timer.owner?.hold(timer) === true) continue;
      this.#drop(timer);
      if (timer.owner?.dead === true) continue;
      this.steadyMs = Math.max(this.steadyMs, timer.atMs);
      timer.fire();
      await drainMicrotasks();
      return true;
    }
    return false;
  }

  /** Timers that came due while their process was stopped fire now, in a seeded order. */
  release(held: readonly Timer[]): void {
    for (const timer of held) {
      timer.atMs = this.steadyMs;
      timer.tie = this.#random.fraction();
      this.#push(timer);
    }
  }

  #drop(timer: Timer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    this.armed -= 1;
    if (timer.owner !== undefined) timer.owner.armed -= 1;
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(timer);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !before(timer, above)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let least = 2 * at + 1;
      const right = heap[least + 1];
      let child = heap[least];
      if (child === undefined) break;
      if (right !== undefined && before(right, child)) {
        least += 1;
        child = right;
      }
      if (!before(child, last)) break;
      heap[at] = child;
      at = least;
    }
    heap[at] = last;
    return first;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie);
}

/** A macrotask: all microtasks queued so far, and those they queue, have run when it resolves. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The clock of one simulated process: when it dies, its timers never fire; while it is stopped they are held back. */
export class ProcessClock implements Clock {
  readonly #world: VirtualClock;
  dead = false;
  armed = 0;
  #held: Timer[] | undefined;

  constructor(world: VirtualClock) {
    this.#world = world;
  }

  get isStopped(): boolean {
    return this.#held !== undefined;
  }

  /** SIGSTOP: it hears nothing, and does nothing. */
  stop(): void {
    this.#held ??= [];
  }

  /** SIGCONT: all that came due meanwhile happens now. */
  goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#world.release(held);
  }

  /** For the world's clock: true when the timer is kept until the process goes on. */
  hold(timer: Timer): boolean {
    if (this.dead || this.#held === undefined) return false;
    this.#held.push(timer);
    return true;
  }

  nowMs(): number {
    return this.#world.nowMs();
  }

  after(delayMs: number, fire: () => void): () => void {
    return this.#world.schedule(delayMs, fire, this);
  }

  /** Resolves after a delay of the world's, unless this process died meanwhile: a dead process hears nothing. */
  hear(delayMs: number, tell: () => void): void {
    this.#world.schedule(delayMs, tell, this);
  }
}
