import { cut } from '../../event/cut.js';
import { type DeadLetter, type RawPosition, type ReplayMark, readDeadLetter, readMark, writeMark } from './dead-letter.js';
import type { Flusher } from './flusher.js';
import type { FetchedRecord } from './internals.js';
import type { PartitionReader } from './read-partition.js';

/** A dead letter without its bytes. */
export interface LetterRow {
  readonly id: string;
  readonly raw: RawPosition;
  readonly reason: string;
  readonly detail: string;
  /** Of its value. */
  readonly bytes: number;
  readonly isCut: boolean;
  /** When it was put into dlq, ms since the epoch. */
  readonly buriedMs: number;
  /** undefined: it stands. */
  readonly replayed: ReplayMark | undefined;
}

interface Known extends LetterRow {
  readonly partition: number;
  readonly offset: number;
}

export interface DeadLettersPorts {
  readonly topic: string;
  readonly partitions: number;
  readonly reader: Pick<PartitionReader, 'read'>;
  readonly flusher: Pick<Flusher, 'send'>;
}

/** Letters kept in memory, about 600 B each; older ones are forgotten here, not in the topic. */
const MAX_KEPT = 20_000;
const MAX_DETAIL_UNITS = 300;

/**
 * What lies in dlq. Read when it is asked for, each time from where the last time ended; a process that is never asked reads nothing.
 *
 * Delivery guarantees: a letter is replayed at least once and known as replayed when its mark is durable; who replays it must give the same event ids each time.
 */
export class DeadLetters {
  readonly #ports: DeadLettersPorts;
  readonly #next = new Map<number, number>();
  #known = new Map<string, Known>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: DeadLettersPorts) {
    this.#ports = ports;
  }

  /** By the time of their records, oldest first. */
  async rows(): Promise<readonly LetterRow[]> {
    await this.#inTurn(() => this.#refresh());
    return [...this.#known.values()].sort((a, b) => comparePositions(a.raw, b.raw));
  }

  /** With its bytes; undefined: not known, or gone with the retention. */
  async read(id: string): Promise<DeadLetter | undefined> {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    const { partition, offset } = known;
    return this.#inTurn(async () => {
      let found: DeadLetter | undefined;
      const take = (record: FetchedRecord): void => {
        if (record.offset === offset) found = readDeadLetter(record);
      };
      await this.#ports.reader.read({ topic: this.#ports.topic, partition }, offset, take, offset + 1);
      return found;
    });
  }

  /** Durable when it resolves. */
  async mark(id: string, mark: ReplayMark): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined) throw new Error(`no dead letter ${id}`);
    await this.#ports.flusher.send({ topic: this.#ports.topic, partition: known.partition, build: () => writeMark(id, mark) });
    this.#known.set(id, { ...known, replayed: mark });
  }

  async #refresh(): Promise<void> {
    const { reader, topic, partitions } = this.#ports;
    for (let partition = 0; partition < partitions; partition += 1) {
      const from = this.#next.get(partition) ?? ((first: number, end: number) => Math.max(first, end - MAX_KEPT));
      this.#next.set(partition, await reader.read({ topic, partition }, from, (record) => this.#take(partition, record)));
    }
    if (this.#known.size <= MAX_KEPT) return;
    const newest = [...this.#known].sort(([, a], [, b]) => b.buriedMs - a.buriedMs).slice(0, MAX_KEPT);
    this.#known = new Map(newest);
  }

  #take(partition: number, record: FetchedRecord): void {
    const mark = readMark(record);
    if (mark !== undefined) {
      const { id, ...replayed } = mark;
      const known = this.#known.get(id);
      if (known !== undefined) this.#known.set(id, { ...known, replayed });
      return;
    }
    const letter = readDeadLetter(record);
    if (letter === undefined) return;
    const { id, raw, reason, detail, value, isCut } = letter;
    const { offset, timestampMs: buriedMs } = record;
    // Written again after a crash, perhaps behind its mark: still the same letter.
    const replayed = this.#known.get(id)?.replayed;
    const row = { id, raw, reason, detail: cut(detail, MAX_DETAIL_UNITS), bytes: value.length, isCut, buriedMs };
    this.#known.set(id, { ...row, partition, offset, replayed });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

/** Oldest first. */
export function comparePositions(a: RawPosition, b: RawPosition): number {
  return a.timestampMs - b.timestampMs || a.partition - b.partition || a.offset - b.offset;
}
