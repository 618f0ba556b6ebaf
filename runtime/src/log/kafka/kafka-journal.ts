import { RouterError } from '../../errors.js';
import type { Json } from '../../event/event.js';
import type { Journal, JournalEntry } from '../../journal/journal.js';
import { factKey, type LateFact, saysMore } from '../../journal/late-facts.js';
import { acceptedKey } from '../../journal/records.js';
import type { Flusher } from './flusher.js';
import { JournalFold } from './journal-fold.js';
import { type Item, type Marks, recordsOf, takeItems } from './journal-items.js';
import { type Epoch, encodeRecord, entriesToText, type JournalRecord, MAX_TEXT_CHARACTERS } from './journal-record.js';
import { JournalWatch } from './journal-watch.js';
import type { AreaOptions, LiveArea, LiveAreas } from './live-area.js';

export interface KafkaJournalPorts {
  readonly topic: string;
  /** Of the topic. */
  readonly partitions: number;
  readonly flusher: Pick<Flusher, 'send'>;
  readonly areas: LiveAreas;
  /** Reads every record of the partition from `from` (undefined: its first) to the end it has now, which it resolves with. */
  read(partition: number, from: number | undefined, take: (offset: number, record: JournalRecord | undefined) => void): Promise<number>;
  /** A further checkpoint of an owned partition is whole: a restore may begin at this offset. */
  checkpointed(partition: number, begin: number): void;
  /** Steps that an earlier owner settled after it had been replaced. */
  late(partition: number, facts: readonly LateFact[]): void;
  /** A later owner writes: this process owns the partition no more. */
  fenced(partition: number, by: Epoch): void;
}

export interface TakenOver {
  readonly readTo: number;
  readonly begin: number;
}

/** A checkpoint is written again when this much has been put since the last one, and four times as much as it held. */
const CHECKPOINT_MIN_CHARACTERS = 16_000_000;
const CHECKPOINT_FACTOR = 4;
const CHECKPOINT_CHUNK_COUNT = 500;

/** Written for people and read by the view alone: the owner never asks for it, so it is not live state. */
const isLive = (key: string): boolean => !key.startsWith('h/');

/** Markers, duplicates and nonces are live for the dedupe window only. */
function sinceMs({ key, value }: JournalEntry): number | undefined {
  return /^[mxk]\//.test(key) ? ((value as { t?: number } | undefined)?.t ?? 0) : undefined;
}

const LIVE: AreaOptions = { keeps: isLive, sinceMs };
/** Entries forgotten in one go. */
const FORGET_COUNT = 2_000;

/** One owned partition. */
class Owned {
  readonly epoch: Epoch;
  readonly area: LiveArea;
  readonly watch: JournalWatch;
  /** Where the last whole checkpoint begins. */
  begin = 0;
  /** Asked for and not sent yet. */
  items: Item[] = [];
  isSending = false;
  sinceCheckpointCharacters = 0;
  checkpointCharacters = 0;
  isCheckpointing = false;
  /** A put was refused, and may be there or not: nothing may follow it under the same epoch, or it would count without the one before. */
  failure: Error | undefined;

  constructor(epoch: Epoch, area: LiveArea, watch: JournalWatch) {
    this.epoch = epoch;
    this.area = area;
    this.watch = watch;
  }
}

/**
 * The journal on Kafka: an append-only topic with as many partitions as `events`, written by the owner of each partition under its epoch, and its live state in
 * a scratch store of this machine.
 *
 * Delivery guarantees: a put is one record, or a run of parts that counts only when whole, so it is atomic; it resolves when all in-sync replicas have it. Reads
 * see every put that was asked for. A rejected put ends ownership: every later one is rejected too, until the partition is taken over anew. See journal-fold.ts for what late writers can do (nothing) and docs/decisions/0030.
 */
export class KafkaJournal implements Journal {
  readonly #ports: KafkaJournalPorts;
  readonly #owned = new Map<number, Owned>();
  /** Of the last epoch that this process wrote under, by partition: what comes late of an attempt that failed must not count as the next one's. */
  readonly #counters = new Map<number, number>();
  #isClosed = false;

  constructor(ports: KafkaJournalPorts) {
    this.#ports = ports;
  }

  /**
   * Takes a partition over: reads its state, writes it down under an epoch of its own, and resolves when that is durable. Until then nothing has been done.
   * Resolves with the offset from which `observe` must be given the records, and the one at which the checkpoint begins: a hint for the next owner, once it is sure
   * that the partition is still this process's.
   * `from`: where the last checkpoint begins, if known. `isOurs` is asked when all is read: an owner that has been replaced must not write an epoch above its
   * successor's. Rejects when it says no, and when the records hold no whole state although there are some (they were cut off behind `from`).
   */
  async takeOver(partition: number, generation: number, from: number | undefined, isOurs: () => boolean): Promise<TakenOver> {
    const { areas } = this.#ports;
    const late = new Map<string, LateFact>();
    const begin = (): JournalFold<LiveArea> =>
      new JournalFold({
        open: () => areas.area(LIVE),
        late: (fact) => void (saysMore(fact, late.get(factKey(fact))?.settled) && late.set(factKey(fact), fact)),
      });
    let fold = begin();
    const take = (offset: number, record: JournalRecord | undefined): void => {
      if (record !== undefined) fold.apply(offset, record);
    };
    let end = await this.#ports.read(partition, from, take);
    if (from !== undefined && (fold.current === undefined || fold.isCutOff)) {
      // The hint was wrong (another topic by the same name, a checkpoint that came too late to count): read all.
      fold = begin();
      end = await this.#ports.read(partition, undefined, take);
    }
    if (fold.current === undefined && fold.isCutOff)
      throw new RouterError(
        'LOG_DAMAGED',
        `The journal of partition ${partition} has records but no whole checkpoint: its beginning is gone. Restore the topic, or move to a new prefix.`,
      );
    if (fold.current !== undefined && fold.current.partitions !== this.#ports.partitions)
      throw new RouterError(
        'LOG_FORMAT',
        `The topics had ${fold.current.partitions} partitions when the journal was written and have ${this.#ports.partitions} now: keys have moved away from their state. Move to a new prefix, see docs/operations.md.`,
      );
    if (!isOurs()) throw new RouterError('NOT_DURABLE', `Partition ${partition} may be somebody else's by now.`);
    const epoch = { counter: Math.max(fold.highest.counter, this.#counters.get(partition) ?? 0) + 1, generation };
    this.#counters.set(partition, epoch.counter);
    const watch = new JournalWatch(epoch, {
      late: (facts) => this.#ports.late(partition, facts),
      fenced: (by) => this.#ports.fenced(partition, by),
    });
    const owned = new Owned(epoch, fold.current?.area ?? areas.area(LIVE), watch);
    settleLate(owned.area, [...late.values()]);
    await this.#checkpoint(partition, owned);
    this.#owned.set(partition, owned);
    return { readTo: end, begin: owned.begin };
  }

  /** A record of the topic as it was read back, in offset order. */
  observe(partition: number, value: Buffer): void {
    this.#owned.get(partition)?.watch.apply(value);
  }

  /** Owned partitions, with the offset before which their restore needs nothing. */
  begins(): readonly { readonly partition: number; readonly begin: number }[] {
    return [...this.#owned].map(([partition, { begin }]) => ({ partition, begin }));
  }

  /** Forgets a partition that is somebody else's by now. Puts that were asked for fail. */
  release(partition: number): void {
    const owned = this.#owned.get(partition);
    if (owned === undefined) return;
    this.#owned.delete(partition);
    for (const { reject } of owned.items.splice(0)) reject(new RouterError('NOT_DURABLE', `Partition ${partition} is not owned any more.`));
    owned.area.drop();
  }

  /** Forgets dedupe markers older than the window. They stay in the topic until it is cut off, for people's questions. */
  forget(beforeMs: number): void {
    for (const { area } of this.#owned.values()) area.forget(beforeMs, FORGET_COUNT);
  }

  put(partition: number, entries: readonly JournalEntry[]): Promise<void> {
    const owned = this.#owned.get(partition);
    if (owned === undefined)
      return Promise.reject(
        this.#isClosed
          ? new RouterError('STOPPING', 'The journal is closed.')
          : new RouterError('NOT_DURABLE', `Partition ${partition} is not owned.`),
      );
    if (owned.failure !== undefined) return Promise.reject(owned.failure);
    // Before it is durable: a checkpoint that is being written meanwhile must not put an older value behind this one.
    owned.area.apply(entries);
    const text = entriesToText(entries);
    owned.sinceCheckpointCharacters += text.length;
    const durable = this.#append(partition, owned, { kind: 'put', text });
    if (
      owned.sinceCheckpointCharacters > Math.max(CHECKPOINT_MIN_CHARACTERS, CHECKPOINT_FACTOR * owned.checkpointCharacters) &&
      !owned.isCheckpointing
    )
      // A failure shows itself in the puts that the owner waits for.
      this.#checkpoint(partition, owned).catch(() => undefined);
    return durable.then(() => undefined);
  }

  async get(partition: number, key: string): Promise<Json | undefined> {
    return this.#owned.get(partition)?.area.get(key);
  }

  async *range(
    partition: number,
    prefix: string,
    options: { after?: string; limit?: number } = {},
  ): AsyncIterable<{ key: string; value: Json }> {
    yield* this.#owned.get(partition)?.area.range(prefix, options) ?? [];
  }

  /** Every partition has been released before. */
  close(): void {
    this.#isClosed = true;
  }

  /** Kafka checks its own records. */
  onDamaged(): void {}

  #append(partition: number, owned: Owned, item: Marks | { kind: 'put'; text: string }): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      owned.items.push({ ...item, resolve, reject });
      this.#send(partition, owned);
    });
  }

  /** One record a partition is on its way at a time; all that is asked for meanwhile goes into the next. */
  #send(partition: number, owned: Owned): void {
    if (owned.isSending || owned.items.length === 0) return;
    owned.isSending = true;
    const { flusher, topic } = this.#ports;
    let taken: Item[] = [];
    let records: JournalRecord[] = [];
    const next = (): void => {
      const build = (): { key: null; value: Buffer } => {
        if (records.length === 0) {
          taken = takeItems(owned.items);
          records = recordsOf(owned.epoch, taken);
        }
        return { key: null, value: encodeRecord(records.shift() as JournalRecord) };
      };
      flusher.send({ topic, partition, build }).then(
        (offset) => {
          if (records.length > 0) return next();
          for (const { resolve } of taken) resolve(offset);
          owned.isSending = false;
          this.#send(partition, owned);
        },
        (error: Error) => {
          owned.failure = error;
          for (const { reject } of [...taken, ...owned.items.splice(0)]) reject(error);
        },
      );
    };
    next();
  }

  async #checkpoint(partition: number, owned: Owned): Promise<void> {
    owned.isCheckpointing = true;
    try {
      owned.sinceCheckpointCharacters = 0;
      const begin = await this.#append(partition, owned, { kind: 'begin', partitions: this.#ports.partitions });
      let characters = 0;
      for (const chunk of chunks(owned.area)) {
        const text = entriesToText(chunk);
        characters += text.length;
        await this.#append(partition, owned, { kind: 'put', text });
      }
      await this.#append(partition, owned, { kind: 'complete', begin });
      owned.checkpointCharacters = characters;
      owned.begin = begin;
      if (this.#owned.get(partition) === owned) this.#ports.checkpointed(partition, begin);
    } finally {
      owned.isCheckpointing = false;
    }
  }
}

function* chunks(area: LiveArea): Generator<JournalEntry[]> {
  let after: string | undefined;
  for (;;) {
    const chunk: JournalEntry[] = [];
    let characters = 0;
    for (const entry of area.range('', { ...(after === undefined ? {} : { after }), limit: CHECKPOINT_CHUNK_COUNT })) {
      chunk.push(entry);
      after = entry.key;
      characters += JSON.stringify(entry.value).length + entry.key.length;
      if (characters > MAX_TEXT_CHARACTERS / 2) break;
    }
    if (chunk.length === 0) return;
    yield chunk;
  }
}

/** What earlier owners did and told after they had been replaced: a fact for a step that is not settled. The view shows it where both did it. */
function settleLate(area: LiveArea, late: readonly LateFact[]): void {
  for (const fact of late) {
    const key = factKey(fact);
    if (fact.settled.state === 'unknown') continue;
    if (area.get(acceptedKey(fact.eventId)) !== undefined && area.get(key) === undefined) area.apply([{ key, value: fact.settled }]);
  }
}
