import type { Clock } from '../clock.js';

/** Things that wait for an instant: a binary heap and one timer, so that a hundred thousand waits cost a few bytes each and nothing polls. */
export class DueQueue<T> {
  readonly #clock: Clock;
  readonly #fire: (item: T) => void;
  readonly #heap: { dueMs: number; order: number; item: T }[] = [];
  #order = 0;
  #cancel: (() => void) | undefined;
  #armedForMs = Number.POSITIVE_INFINITY;
  #stopped = false;

  constructor(clock: Clock, fire: (item: T) => void) {
    this.#clock = clock;
    this.#fire = fire;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Equal instants fire in the order they were added. There is no removal: `fire` decides whether the item still wants it. */
  add(dueMs: number, item: T): void {
    if (this.#stopped) return;
    const heap = this.#heap;
    heap.push({ dueMs, order: this.#order++, item });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
    this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
    this.#heap.length = 0;
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs >= this.#armedForMs) return;
    this.#cancel?.();
    this.#armedForMs = first.dueMs;
    this.#cancel = this.#clock.after(Math.max(0, first.dueMs - this.#clock.nowMs()), () => this.#run());
  }

  #run(): void {
    this.#cancel = undefined;
    this.#armedForMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.nowMs();
    for (let first = this.#heap[0]; first !== undefined && first.dueMs <= nowMs; first = this.#heap[0]) {
      this.#pop();
      this.#fire(first.item);
    }
    this.#arm();
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      let least = at;
      if (left < heap.length && this.#before(left, least)) least = left;
      if (right < heap.length && this.#before(right, least)) least = right;
      if (least === at) return;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return false;
    return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a];
    const right = this.#heap[b];
    if (left === undefined || right === undefined) return;
    this.#heap[a] = right;
    this.#heap[b] = left;
  }
}
