import type { Assignment, LogRecord } from './log.js';

export interface DeliveryPorts {
  /** First offset that is not yet durable. */
  end(partition: number): number;
  /** In order from `from`, at least one of those before `end`. */
  read(partition: number, from: number): readonly LogRecord[];
  /** Runs `fire` in a turn of its own. */
  soon(fire: () => void): void;
  /** `read` threw: nothing more is delivered of this partition. */
  failed(error: unknown): void;
}

/** Hands the records of assigned partitions to their owner, in order, while it does not pause. Every call of `deliver` is in a turn of its own. */
export class Delivery {
  readonly #ports: DeliveryPorts;
  /** Next offset to deliver. */
  readonly #cursors = new Map<number, number>();
  readonly #paused = new Set<number>();
  readonly #pumping = new Set<number>();
  readonly #assignment: Assignment;

  constructor(assignment: Assignment, paused: Iterable<number>, ports: DeliveryPorts) {
    this.#assignment = assignment;
    this.#paused = new Set(paused);
    this.#ports = ports;
  }

  begin(partition: number, from: number): void {
    this.#cursors.set(partition, from);
    this.wake(partition);
  }

  end(partition: number): void {
    this.#cursors.delete(partition);
  }

  pause(partition: number): void {
    this.#paused.add(partition);
  }

  resume(partition: number): void {
    this.#paused.delete(partition);
    this.wake(partition);
  }

  /** There may be something to deliver. */
  wake(partition: number): void {
    if (this.#pumping.has(partition) || !this.#isDue(partition)) return;
    this.#pumping.add(partition);
    this.#ports.soon(() => {
      this.#pumping.delete(partition);
      if (!this.#isDue(partition)) return;
      this.#deliver(partition, this.#cursors.get(partition) ?? 0);
      this.wake(partition);
    });
  }

  #isDue(partition: number): boolean {
    const cursor = this.#cursors.get(partition);
    return cursor !== undefined && !this.#paused.has(partition) && cursor < this.#ports.end(partition);
  }

  #deliver(partition: number, from: number): void {
    let records: readonly LogRecord[];
    try {
      records = this.#ports.read(partition, from);
    } catch (error) {
      this.end(partition);
      this.#ports.failed(error);
      return;
    }
    const last = records.at(-1);
    this.#cursors.set(partition, last === undefined ? this.#ports.end(partition) : last.offset + 1);
    if (last !== undefined) this.#assignment.deliver(partition, records);
  }
}
