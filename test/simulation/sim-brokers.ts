import type { Prng } from './prng.js';
import { protocolError } from './protocol-error.js';
import { SimGroup } from './sim-group.js';
import type { ProcessClock, VirtualClock } from './virtual-clock.js';

export interface StoredMessage {
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer;
}

const BROKERS = 2;
/** How long a request to a broker that does not answer is waited for. */
const REQUEST_TIMEOUT_MS = 15_000;

/**
 * Brokers with two topics, `sim.events` and `sim.journal`, and one consumer group. What is here is durable. Requests take their time, find their broker down,
 * or lose their answer; a process that is stopped hears nothing, but what it had sent before is done all the same.
 */
export class SimBrokers {
  readonly partitions: number;
  readonly group: SimGroup;
  readonly #clock: VirtualClock;
  readonly #random: Prng;
  readonly #topics: ReadonlyMap<string, StoredMessage[][]>;
  /** Steady time until which a broker is down, by its id. */
  readonly #downUntilMs: number[] = Array.from({ length: BROKERS }, () => 0);
  readonly #waiting = new Set<() => void>();
  /** In [0, 1]: how often a request or its answer is lost. */
  lossRate = 0;
  /** `by`: the process that sent it. */
  onAppend: (topic: string, partition: number, message: StoredMessage, by: ProcessClock) => void = () => undefined;

  /** A process reads on from here: what is before has been given to it. */
  onRead: (topic: string, partition: number, offset: number, by: ProcessClock) => void = () => undefined;

  constructor(partitions: number, clock: VirtualClock, random: Prng) {
    this.partitions = partitions;
    this.#clock = clock;
    this.#random = random;
    this.group = new SimGroup(clock);
    this.#topics = new Map(['sim.events', 'sim.journal'].map((topic) => [topic, Array.from({ length: partitions }, () => [])]));
  }

  leaderOf(partition: number): number {
    return partition % BROKERS;
  }

  messages(topic: string, partition: number): readonly StoredMessage[] {
    return this.#of(topic, partition);
  }

  down(broker: number, forMs: number): void {
    this.#downUntilMs[broker] = Math.max(this.#downUntilMs[broker] ?? 0, this.#clock.steadyMs + forMs);
  }

  allDown(forMs: number): void {
    for (let broker = 0; broker < BROKERS; broker += 1) this.down(broker, forMs);
  }

  isUp(broker: number): boolean {
    return (this.#downUntilMs[broker] ?? 0) <= this.#clock.steadyMs;
  }

  /** Returns the offset of the first. */
  append(topic: string, partition: number, messages: readonly { key: Buffer | null; value: Buffer }[], by: ProcessClock): number {
    const stored = this.#of(topic, partition);
    const base = stored.length;
    for (const { key, value } of messages) {
      const message = { offset: String(stored.length), timestamp: String(this.#clock.nowMs()), key, value };
      stored.push(message);
      this.onAppend(topic, partition, message, by);
    }
    for (const look of [...this.#waiting]) look();
    return base;
  }

  /** Resolves in the process that asked. `work` is done at the broker, when the request arrives. */
  request<T>(broker: number, caller: ProcessClock, work: () => T | Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error, delayMs = this.#random.int(4)): void => caller.hear(delayMs, () => reject(error));
      const lost = (): void => fail(new Error('simulated: the connection is lost'), this.#random.int(REQUEST_TIMEOUT_MS));
      this.#clock.after(this.#random.int(4), () => {
        if (!this.isUp(broker)) return this.#random.chance(0.7) ? fail(new Error('simulated: connection refused')) : lost();
        if (this.#random.chance(this.lossRate)) return lost();
        const answer = async (): Promise<T> => work();
        answer().then(
          (value) => (this.#random.chance(this.lossRate) ? lost() : caller.hear(this.#random.int(4), () => resolve(value))),
          (error: Error) => fail(error),
        );
      });
    });
  }

  /** A long poll: resolves when there is something behind one of the positions, or when it has waited long enough. */
  async poll(positions: readonly { topic: string; partition: number; offset: number }[], waitMs: number): Promise<void> {
    const isDue = (): boolean => positions.some(({ topic, partition, offset }) => this.#of(topic, partition).length > offset);
    if (isDue()) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#waiting.delete(look);
        resolve();
      };
      const look = (): void => {
        if (isDue()) end();
      };
      const cancel = this.#clock.after(waitMs, end);
      this.#waiting.add(look);
    });
  }

  #of(topic: string, partition: number): StoredMessage[] {
    const found = this.#topics.get(topic)?.[partition];
    if (found === undefined) throw protocolError('UNKNOWN_TOPIC_OR_PARTITION');
    return found;
  }
}
