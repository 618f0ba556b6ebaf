import type { LogRecord, Position } from './log.js';
import { partitionOfKey } from './partition-of-key.js';

/** What the cluster tells a member of its group. */
export interface Member {
  /** The partition is its own. Resolves when its owner has restored it. */
  given(partition: number): Promise<void>;
  /** Another member's turn. Resolves when its owner has stopped. */
  taken(partition: number): Promise<void>;
  /** There are new records. */
  appended(partition: number): void;
  /** Resolves when the member is out of the group: nobody waits for its answer any longer. */
  readonly gone: Promise<void>;
}

/** A journal entry as JSON text, so that nobody changes a value by reference; undefined removes the key. */
export interface TextEntry {
  readonly key: string;
  readonly text: string | undefined;
}

interface Partition {
  readonly records: LogRecord[];
  /** Offset of `records[0]`. */
  first: number;
  readonly entries: Map<string, string>;
  owner: Member | undefined;
  /** Whose turn it is. */
  next: Member | undefined;
  moving: Promise<void> | undefined;
}

/**
 * Log and journal in memory, and the group of processes that share them: the partitions are spread evenly over the members, and move as little as possible
 * when members come and go. What is here is what is durable. Each process has a client on it (MemoryLog).
 */
export class MemoryCluster {
  readonly partitions: number;
  readonly #partitions: Partition[];
  readonly #members = new Set<Member>();
  /** Called with every put, in the order in which they take effect. */
  onPut: (partition: number, entries: readonly TextEntry[]) => void = () => undefined;

  constructor(partitions = 1) {
    this.partitions = partitions;
    this.#partitions = Array.from({ length: partitions }, () => ({
      records: [],
      first: 0,
      entries: new Map(),
      owner: undefined,
      next: undefined,
      moving: undefined,
    }));
  }

  partitionOf(key: string): number {
    return partitionOfKey(key, this.partitions);
  }

  first(partition: number): number {
    return this.#of(partition).first;
  }

  end(partition: number): number {
    const { first, records } = this.#of(partition);
    return first + records.length;
  }

  records(partition: number): readonly LogRecord[] {
    return this.#of(partition).records;
  }

  /** The journal: JSON text by key. */
  entries(partition: number): ReadonlyMap<string, string> {
    return this.#of(partition).entries;
  }

  append(records: readonly { key: string; value: Buffer }[]): Position[] {
    const positions = records.map(({ key, value }) => {
      const partition = this.partitionOf(key);
      const position = { partition, offset: this.end(partition) };
      this.#of(partition).records.push({ ...position, key, value: Buffer.from(value) });
      return position;
    });
    for (const { partition } of positions) this.#of(partition).owner?.appended(partition);
    return positions;
  }

  put(partition: number, entries: readonly TextEntry[]): void {
    const map = this.#of(partition).entries;
    for (const { key, text } of entries) {
      if (text === undefined) map.delete(key);
      else map.set(key, text);
    }
    this.onPut(partition, entries);
  }

  trim(partition: number, before: number): void {
    const held = this.#of(partition);
    const count = Math.max(0, Math.min(before - held.first, held.records.length));
    held.records.splice(0, count);
    held.first += count;
  }

  owns(member: Member, partition: number): boolean {
    return this.#of(partition).owner === member;
  }

  /** Resolves when the member has what is its share. */
  async join(member: Member): Promise<void> {
    this.#members.add(member);
    await this.#spread();
  }

  /** The member is out: because it says so (`isTold`: it is asked to stop first), or because it has not been heard of for too long. */
  async leave(member: Member, isTold: boolean): Promise<void> {
    this.#members.delete(member);
    if (!isTold) for (const held of this.#partitions) if (held.owner === member) held.owner = undefined;
    await this.#spread();
  }

  async #spread(): Promise<void> {
    const loads = new Map([...this.#members].map((member) => [member, [] as Partition[]]));
    const free: Partition[] = [];
    for (const held of this.#partitions) ((held.next && loads.get(held.next)) ?? free).push(held);
    const byLoad = (): [Member, Partition[]][] => [...loads].sort(([, a], [, b]) => a.length - b.length);
    for (const held of free) byLoad()[0]?.[1].push(held);
    for (;;) {
      const sorted = byLoad();
      const least = sorted[0]?.[1] ?? [];
      const most = sorted.at(-1)?.[1] ?? [];
      const held = most.at(-1);
      if (held === undefined || most.length - least.length < 2) break;
      most.pop();
      least.push(held);
    }
    for (const held of this.#partitions) held.next = undefined;
    for (const [member, share] of loads) for (const held of share) held.next = member;
    await Promise.all(this.#partitions.map((held, partition) => this.#move(partition, held)));
  }

  /** One change of a partition at a time; who is asked and is gone is not waited for. */
  #move(partition: number, held: Partition): Promise<void> {
    const move = async (): Promise<void> => {
      while (held.owner !== held.next) {
        const former = held.owner;
        if (former !== undefined) await Promise.race([former.taken(partition), former.gone]);
        held.owner = held.next;
        const owner = held.owner;
        if (owner !== undefined) await Promise.race([owner.given(partition), owner.gone]);
      }
    };
    held.moving ??= move().finally(() => {
      held.moving = undefined;
    });
    return held.moving;
  }

  #of(partition: number): Partition {
    const held = this.#partitions[partition];
    if (held === undefined) throw new RangeError(`There is no partition ${partition}; there are ${this.partitions}.`);
    return held;
  }
}
